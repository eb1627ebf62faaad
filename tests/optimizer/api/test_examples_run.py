"""The programs of examples/ and every block of docs/python.md, run against the simulated provider."""

from __future__ import annotations

import asyncio
import re
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from autoevol.agents.gateway.simulated.provider.running import serve
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings

ROOT = Path(__file__).parents[3]
METHOD = ROOT / "prompts" / "method-maths.en.md"


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A provider that is none, in a thread of its own: programs that block must not hold it up.

    It announces an ample limit; without, each run would look for one, from four calls a second on.
    """
    ample = ProviderSettings(rpm=60_000, headers="openai")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serve(ample)) as running:
        yield running.base_url


def example(name: str) -> dict[str, Any]:
    """What an example defines, without running it."""
    return runpy.run_path(str(ROOT / "examples" / f"{name}.py"))


def test_a_method_is_optimized(base_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                               capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """The whole program, on fewer items."""
    monkeypatch.chdir(tmp_path)
    example("optimize_a_method")["main"](base_url, "sim", dev=4, test=2)

    said = capsys.readouterr().out
    assert "step 1, batch: 6 items" in said
    assert "Better than the start on unseen seeds: not shown." in said
    assert "  1. " in said


def test_rows_are_made_and_exported(base_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                    capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """The whole program, on fewer seeds."""
    monkeypatch.chdir(tmp_path)
    example("make_and_export")["main"](base_url, "sim", limit=3)

    said = capsys.readouterr().out
    assert "reflection: " in said
    assert "trl-sft.yaml" in said
    assert '{"messages": [{"role": "user"' in said


def test_two_methods_are_compared_in_a_loop(base_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """The whole program, on fewer items."""
    monkeypatch.chdir(tmp_path)
    found = asyncio.run(example("compare_in_a_loop")["main"](base_url, "sim", items=3))

    assert 3 == found.record.items
    Path("scores.json").write_text('{"general": {"gsm8k": 0.4}, "maths": {"gsm8k": 0.5}}', encoding="utf-8")
    assert {-1.0, 1.0} >= {row.agreement.tau or 1.0 for row in found.bring("scores.json").agreements}
    assert "Trained models" in (found.folder / "compare.html").read_text(encoding="utf-8")
    assert "Ranking on 3 items" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["python", "coming-from"])
def test_the_page_is_true(name: str, base_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                          capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """Every block in its order, as one program, in a folder with a few seeds and a method."""
    page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    seeds = (ROOT / "examples" / "seeds" / "chat.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("seeds.jsonl").write_text("".join(seeds[:4]), encoding="utf-8")
    shutil.copy(METHOD, "my-method.md")
    program: dict[str, Any] = {}
    for block in blocks:
        exec(block.replace("BASE_URL", base_url).replace("MODEL", "sim"), program)

    said = capsys.readouterr().out
    if name == "python":
        assert "stopped BudgetReached" in said
        assert "finished" == program["whole"].state
        assert Path("data", "trl-sft.yaml").exists()
    else:
        assert "Ranking on 4 items" in said
        assert Path("rows-of-distilabel", "train.jsonl").exists()
