"""`autoevol steer`: what is brought to the inbox, and what is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.method_file import dump_method, load_method
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.session import create_run
from autoevol.optimizer.steering.inbox import Inbox
from tests.optimizer.cli.conftest import Cli


def made(folder: Path, seeds: Path, status: dict[str, Any] | None = None, **said: Any) -> Path:
    """A run that nobody is at work on, with a step in which `maths` was a candidate."""
    (folder / "answers.jsonl").write_text('{"role": "evolver", "text": "x"}\n', encoding="utf-8")
    endpoint = {"default": {"script": str(folder / "answers.jsonl")}}
    settings = resolve(None, {"model": "m", "endpoints": endpoint, "seeds": {"source": str(seeds)}, **said})
    run = create_run(settings, folder / "runs")
    place = run / "steps/000/candidates/1"
    place.mkdir(parents=True)
    (place / "method.md").write_text(dump_method(load_method("maths")), encoding="utf-8")
    (run / "steps/000/decision.json").write_text("{}", encoding="utf-8")
    if status is not None:
        (run / "status.json").write_text(json.dumps(status), encoding="utf-8")
    return run


def test_wishes_lie_in_the_inbox_until_the_run_goes_on(cli: Cli, tmp_path: Path, seeds: Path) -> None:
    """Each with what belongs to it, in the order in which it was said."""
    run = made(tmp_path, seeds)
    (tmp_path / "mine.md").write_text("1. Ask for one more step.\n2. Keep the people.", encoding="utf-8")
    for words in (["note", "mind", "the units"], ["pin", "1/c1"], ["ban", load_method("maths").id[:8]],
                  ["edit", "mine.md", "--step", 2], ["budget", "5000calls,usd=none"]):  # fmt: skip
        said = cli("steer", run.name, *words)
        assert (0, True) == (said.code, "autoevol resume" in said.out), said.err

    note, pin, ban, edit, budget = Inbox(run).waiting()
    assert "mind the units" == note.text
    assert load_method("maths").id in pin.method
    assert load_method("maths").id == ban.candidate
    assert (2, True) == (edit.step, "Keep the people." in edit.method)
    assert {"calls": 5000.0, "usd": None} == budget.caps


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["pause"], "No process is at work on the run"),
        (["stop"], "there is nothing to stop"),
        (["ban", "9/c9"], "has no candidate 9 of step 9"),
        (["ban", "ffffffff"], "has no method: 'ffffffff'"),
        (["pin", "nobody"], "There is no method 'nobody'"),
        (["edit", "missing.md"], "There is no method 'missing.md'"),
        (["branch", "--step", "7"], "has made 1 step, so nothing can begin after step 7"),
        (["branch"], "needs --step N"),
        (["note"], "needs to be told what"),
        (["pause", "now"], "takes nothing more"),
        (["note", "x", "--exit"], "--exit says nothing to `note`"),
        (["budget", "5eur"], "does not understand '5eur'"),
        (["budget", "eur=none"], "There is no cap 'eur'"),
        (["note", "x" * 5000], "at most 4000 characters"),
        (["sing"], "'sing' is not one of"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    cli: Cli, tmp_path: Path, seeds: Path, words: list[str], sentence: str
) -> None:
    """And nothing lies in the inbox."""
    run = made(tmp_path, seeds)
    said = cli("steer", run.name, *words)

    assert 2 == said.code
    assert sentence in said.err
    assert [] == Inbox(run).waiting()


@pytest.mark.parametrize(
    ("status", "settings", "words", "sentence"),
    [
        ({"state": "finished"}, {}, ["note", "x"], "is finished: there is nothing left to steer"),
        ({"state": "stopped", "search_stopped": "all steps"}, {}, ["ban", "1/c1"], "The search of the run"),
        (None, {"recipe": "evolve"}, ["note", "x"], "does not search a method"),
        (None, {"recipe": "evolve"}, ["branch", "--step", 1], "does not search a method"),
        (None, {"search": {"strategy": "best-of-n"}}, ["note", "x"], "has no analyst"),
    ],
)
def test_a_run_that_cannot_meet_a_wish_says_so(
    cli: Cli, tmp_path: Path, seeds: Path, status: dict[str, Any] | None, settings: dict[str, Any], words: list[Any],
    sentence: str,
) -> None:  # fmt: skip
    """Finished, past its search, without one, or without who would heed it."""
    run = made(tmp_path, seeds, status, **settings)
    said = cli("steer", run.name, *words)

    assert 2 == said.code
    assert sentence in said.err
