"""What every test stands on: a clean environment, and the embedded model where there is one."""

from __future__ import annotations

import gc
import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from autoevol.agents.gateway.engine.model_files import cached_path, is_here

# In a fresh clone the first draw of text builds tables for seconds; that says nothing about a test.
settings.register_profile("autoevol", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("autoevol")

_MODEL = "smollm2-135m"
_CACHE = cached_path(_MODEL).parent.parent


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay to the end: no collection of garbage need look at them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key, address, switch or state of the person reaches a test; the models that they have fetched do."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HF_ENDPOINT", "AUTOEVOL_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AUTOEVOL_CACHE", str(_CACHE))
    # Beside the folder of the test, whose files some tests count.
    monkeypatch.setenv("AUTOEVOL_STATE", str(tmp_path.with_name(f"{tmp_path.name}-state")))


@pytest.fixture
def smollm2() -> str:
    """The name of the small embedded model. Where it is missing the test is skipped at home, and fails in CI."""
    if importlib.util.find_spec("xllamacpp") is None:
        _missing("the extra 'local' is not installed: pip install 'autoevol[local]'")
    if not is_here(_MODEL):
        _missing(f"the embedded model {_MODEL} is not here: autoevol models pull {_MODEL}")
    return _MODEL


def _missing(what: str) -> None:
    required = os.environ.get("CI", "").lower() in {"1", "true"} or os.environ.get("AUTOEVOL_REQUIRE_MODELS") == "1"
    (pytest.fail if required else pytest.skip)(what)
