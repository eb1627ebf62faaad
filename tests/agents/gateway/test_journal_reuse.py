"""Answers that other runs have paid for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from autoevol.agents.gateway.books.journal import JOURNAL_NAME, Finished, Journal, read_calls
from autoevol.agents.gateway.books.reuse import adopted, open_reuse
from autoevol.agents.gateway.outcomes import Answer, NoAnswer, NoAnswerReason, Outcome, Usage
from autoevol.agents.gateway.requests import Decoding, Request, Turn, request_key


def _request(text: str, stage: str = "apply") -> Request:
    return Request("default", "m", (Turn("user", text),), Decoding(9), 0, "judge", f"{stage}/{text}", stage)


def _record(folder: Path, *outcomes: tuple[str, Outcome]) -> Path:
    async def write() -> None:
        with Journal(folder) as journal:
            for text, outcome in outcomes:
                key = request_key(_request(text))
                await journal.finish(Finished(key, _request(text), replace(outcome, key=key)))

    anyio.run(write)
    return folder


def _key(text: str) -> str:
    return request_key(_request(text))


def test_the_first_run_that_has_an_answer_gives_it(tmp_path: Path) -> None:
    """In the order in which they are named, with the name of the run that paid."""
    one = _record(tmp_path / "one", ("a", Answer("", "1")), ("b", Answer("", "1")))
    two = _record(tmp_path / "two", ("b", Answer("", "2")), ("c", Answer("", "2")))
    with open_reuse([one, two]) as reuse:
        found = [reuse.lookup(_key(text)) for text in "abcd"]

    told = [each and (getattr(each.outcome, "text", ""), each.source) for each in found]
    assert [("1", "one"), ("1", "one"), ("2", "two"), None] == told


@pytest.mark.parametrize(
    ("reason", "used"),
    [("content_filter", True), ("context_too_long", True), ("empty", True), ("unanswerable", False),
     ("unreadable_reply", False), ("bad_request", False)],
)  # fmt: skip
def test_what_came_of_an_endpoint_s_bad_day_is_asked_again(tmp_path: Path, reason: NoAnswerReason, used: bool) -> None:
    """Only what the request itself brings about is taken over."""
    _record(tmp_path, ("a", NoAnswer("", reason)))
    with open_reuse([tmp_path]) as reuse:
        assert used is (reuse.lookup(_key("a")) is not None)


async def test_what_is_reused_is_copied_for_nothing(tmp_path: Path) -> None:
    """The run that took it is whole by itself: the answer is its own, without money and time, and says who paid."""
    paid = Answer("", "text", usage=Usage(5, 6), cost=0.5, model="m-1", seconds=3.0)
    await anyio.to_thread.run_sync(_record, tmp_path / "paid", ("a", paid))
    with open_reuse([tmp_path / "paid"]) as reuse, Journal(tmp_path / "own") as journal:
        recorded = reuse.lookup(_key("a"))
        assert recorded is not None
        await journal.finish(adopted(_request("a", "steps/001"), recorded))
        found = journal.lookup(_key("a"))
        entries = journal.entries()
    (call,) = read_calls(tmp_path / "own")

    assert found is not None
    assert replace(paid, key=_key("a"), cost=0.0, seconds=0.0) == found.outcome
    assert ("steps/001", "paid", "paid") == (call.stage, call.reused_from, found.source)
    assert [] == entries


def test_a_run_that_is_gone_or_damaged_is_a_trouble_and_no_error(tmp_path: Path) -> None:
    """Its used answers were copied; the rest is called. A damaged record is not there."""
    folder = _record(tmp_path / "hurt", ("a", Answer("", "1")), ("b", Answer("", "1")))
    with closing(sqlite3.connect(folder / JOURNAL_NAME)) as connection:
        connection.execute("UPDATE calls SET outcome = X'00' || outcome WHERE place = 'apply/a'")
        connection.commit()
    with open_reuse([tmp_path / "gone", folder]) as reuse:
        assert [True, False] == [reuse.lookup(_key(text)) is None for text in "ab"]
        assert 1 == len(reuse.troubles)
        assert "gone" in reuse.troubles[0]
