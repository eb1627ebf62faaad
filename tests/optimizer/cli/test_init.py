"""The settings file that `autoevol init` writes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.endpoints import Endpoint
from autoevol.optimizer.cli.init import TEMPLATE
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.schema import every_name
from autoevol.optimizer.record.settings import Settings

from .conftest import Cli

# What a person does not choose: the command does, a secret is drawn, and these roles have no work yet.
UNSAID = re.compile(r"recipe|make|secret|roles\.(reflector|student).*|roles\.\w+\.(endpoint|model|top_p|extra)")


def _sections() -> list[tuple[str, str]]:
    """Every line of the template that is a setting, commented out or not, with the table that it stands in."""
    table = ""
    found: list[tuple[str, str]] = []
    for line in TEMPLATE.read_text(encoding="utf-8").splitlines():
        bare = line.removeprefix("# ")
        if re.match(r"\[\[?[\w.\"-]+\]", bare):
            table = bare.partition("#")[0].strip()
        elif re.match(r"[a-zA-Z_-]+ = ", bare):
            found.append((table, bare))
    return found


def test_the_file_loads_without_change(cli: Cli, tmp_path: Path) -> None:
    """Fresh from `init`."""
    said = cli("init")

    assert 0 == said.code
    assert "qwen2.5-coder-1.5b" == resolve(tmp_path / "run.toml", {}).endpoints["default"].local


def test_a_file_that_is_there_is_never_overwritten(cli: Cli, tmp_path: Path) -> None:
    """Whatever it holds."""
    (tmp_path / "mine.toml").write_text("x", encoding="utf-8")

    said = cli("init", "mine.toml")

    assert 2 == said.code
    assert "exists already" in said.err
    assert "x" == (tmp_path / "mine.toml").read_text(encoding="utf-8")


def test_other_places_that_do_not_work_are_said_in_words(cli: Cli, tmp_path: Path) -> None:
    """Another ending, a folder that is not there, a folder in its place."""
    (tmp_path / "dir.toml").mkdir()

    assert 2 == cli("init", "run.yaml").code
    assert 1 == cli("init", "nowhere/run.toml").code
    assert 2 == cli("init", "dir.toml").code


def test_every_line_that_is_commented_out_is_a_setting() -> None:
    """Whoever takes away the `#` gets no error about the name or the value."""
    for table, line in _sections():
        tree: dict[str, Any] = tomllib.loads(f"{table}\n{line}")
        endpoints: dict[str, Any] = tree.setdefault("endpoints", {})
        endpoints.setdefault("default", {})
        endpoints.setdefault("small", {})  # which the fallback of the template names
        for name, endpoint in endpoints.items():
            if not {"local", "base_url", "script", "packaged"} & set(endpoint):
                endpoint["local"] = name
        for name, price in endpoints["default"].get("prices", {}).items():
            endpoints["default"]["prices"][name] = {"input": 1, "output": 1} | price

        assert resolve(None, {"model": "m", **tree}), line


def test_the_template_names_every_setting() -> None:
    """Everything can be said in one file, so the file shows everything."""
    said = {f"{table.strip('[]')}.{line.split(' = ')[0]}".lstrip(".") for table, line in _sections()}
    leaves = [name for name in every_name(Settings) if not any(o.startswith(f"{name}.") for o in every_name(Settings))]

    assert [] == [name for name in leaves if name != "endpoints" and name not in said and not UNSAID.fullmatch(name)]


def test_the_template_shows_every_setting_of_an_endpoint() -> None:
    """Its prices, headers, models and replicas have tables of their own; abilities are found out, not said."""
    shown = {line.split(" = ")[0] for table, line in _sections() if table == "[endpoints.default]"}

    assert set(Endpoint.model_fields) - {"prices", "headers", "models", "replicas", "abilities"} == shown


@pytest.mark.parametrize("name", ["temperature", "top_p", "max_tokens", "endpoint", "model"])
def test_the_template_shows_each_setting_of_a_role_once_at_least(name: str) -> None:
    """The roles are alike; what is shown for one holds for all."""
    assert ("[roles.evolver]", name) in {(table, line.split(" = ")[0]) for table, line in _sections()}


def test_what_is_commented_out_is_the_default_of_the_recommended_profile() -> None:
    """The comment says so, so it is so."""
    default = resolve(None, {"endpoints": {"default": {"local": "a"}}})
    for table, line in _sections():
        if table in {"[search]", "[roles.analyst]", "[roles.refiner]", "[roles.judge]", "[roles.responder]"}:
            tree = tomllib.loads(f"{table}\n{line}")
            assert default == resolve(None, {"endpoints": {"default": {"local": "a"}}, **tree}), line
