"""`autoevol watch` on runs that have ended, were killed, never began, or are broken: it says what there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.optimizer.steering.sight import EventTail, event_words, progress_words
from tests.optimizer.cli.conftest import Cli

NOW: dict[str, Any] = {
    "state": "running", "steps": 4,
    "progress": {
        "part": {"step": 1, "name": "dev 16 of 60", "done": 7, "total": 32}, "calls": 1234, "journaled": 3,
        "in_flight": 5, "calls_per_min": 120.0, "permitted": {"default": 300.0}, "tokens_out": 4567, "spent_usd": 0.25,
        "waiting_on": "default: rpm", "left": {"calls": 800, "seconds": 400, "usd": 1.5, "cap": "usd"},
    },
}  # fmt: skip
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*NOW, *NOW["progress"]]), inner),
    max_leaves=8,
)


def run_of(folder: Path, status: str | None, *events: str) -> Path:
    """A run of that status, with these lines of events."""
    run = folder / "runs" / "2026-11-21-run"
    run.mkdir(parents=True)
    (run / "settings.json").write_text(json.dumps({"settings": {"recipe": "auto-evol"}}), encoding="utf-8")
    (run / "events.jsonl").write_text("".join(events), encoding="utf-8")
    if status is not None:
        (run / "status.json").write_text(status, encoding="utf-8")
    return run


def test_a_finished_run_is_told_from_its_events_on(cli: Cli, tmp_path: Path) -> None:
    """Decisions by their points are not for people; a torn last line is none."""
    events = (
        '{"kind": "started", "at": "A", "version": "1"}\n',
        '{"kind": "decision", "at": "A", "point": "steps/000/go", "value": ""}\n',
        '{"kind": "steer", "at": "B", "wish": "note", "text": "mind\\u001b[2J", "point": "steps/001/begin"}\n',
        '{"kind": "finished", "at": "C", "story": "2 steps"}\n{"kind": "resu',
    )
    run_of(tmp_path, json.dumps({"state": "finished", "steps_done": 2}), *events)
    said = cli("watch", "run")

    assert 0 == said.code
    assert [
        "A started", "B a person: note mind [2J at steps/001/begin", "C finished: 2 steps",
        "2026-11-21-run: finished (auto-evol, profile )",
    ] == said.out.splitlines()  # fmt: skip


def test_events_as_lines_end_with_the_status(cli: Cli, tmp_path: Path) -> None:
    """Whatever reads them needs no other file."""
    run_of(tmp_path, json.dumps({"state": "finished"}), '{"kind": "started", "at": "A"}\n')
    lines = [json.loads(line) for line in cli("watch", "run", "--json").out.splitlines()]

    assert ["started", "status"] == [line["kind"] for line in lines]
    assert "finished" == lines[-1]["state"]


def test_progress_of_a_run_at_work_is_a_line_too(cli: Cli, tmp_path: Path) -> None:
    """With the figures as they stand in status.json."""
    run_of(tmp_path, json.dumps(NOW))
    now, last = [json.loads(line) for line in cli("watch", "run", "--json").out.splitlines()]

    assert ("progress", False, 1234) == (now["kind"], now["paused"], now["calls"])
    assert "status" == last["kind"]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (None, "No process has begun to work on it."),
        (json.dumps({"state": "running"}), "2026-11-21-run: killed"),
        ('{"state": "runn', "2026-11-21-run: unreadable"),
        ("[]", "2026-11-21-run: unreadable"),
    ],
)
def test_a_run_that_nobody_is_at_work_on_is_told_at_once(
    cli: Cli, tmp_path: Path, status: str | None, sentence: str
) -> None:
    """New, killed or with a broken status."""
    run_of(tmp_path, status)
    said = cli("watch", "run")

    assert 0 == said.code
    assert sentence in said.out


def test_damaged_events_are_counted_and_an_absent_run_is_refused(cli: Cli, tmp_path: Path) -> None:
    """One sentence each."""
    run_of(tmp_path, json.dumps({"state": "stopped"}), "no json\n", "[1]\n")

    assert "2 lines of events.jsonl are damaged." in cli("watch", "run").err
    absent = cli("watch", "nobody")
    assert 2 == absent.code
    assert "There is no run 'nobody'" in absent.err


def test_progress_names_part_pace_money_and_what_is_left() -> None:
    """In short phrases, and a pause first."""
    words = progress_words({**NOW, "paused": True})

    assert [
        "paused", "step 2 of 4 · dev 16 of 60 7/32", "1,234 calls", "3 from the journal", "5 in flight",
        "2 calls/s of 5 permitted", "4,567 tokens out", "$0.2500",
        "at most 800 calls, 6 min 40 s, $1.50 left; the cap in usd comes first", "waiting: default: rpm",
    ] == words  # fmt: skip


@given(st.dictionaries(st.sampled_from([*NOW, "phase", "paused", "kind", "path", "wish"]), JUNK))
def test_whatever_stands_in_a_status_or_an_event_is_words(junk: dict[str, Any]) -> None:
    """A file that somebody has edited stops nobody from watching."""
    assert all(word.isprintable() for word in (*progress_words(junk), event_words(junk)))


def test_a_tail_gives_each_whole_event_once(tmp_path: Path) -> None:
    """Also where a line comes in two pieces."""
    tail = EventTail(tmp_path / "events.jsonl")
    assert [] == tail.new()
    with tail.path.open("a", encoding="utf-8") as file:
        file.write('{"kind": "a"}\n{"ki')
    first = tail.new()
    with tail.path.open("a", encoding="utf-8") as file:
        file.write('nd": "b"}\n')

    assert [[{"kind": "a"}], [{"kind": "b"}], []] == [first, tail.new(), tail.new()]
