"""What a run cost, read from its journal's file alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoevol.agents.gateway.books.bills import cut_off_in, finished_calls, minutes_of, spent_in
from autoevol.agents.gateway.books.journal import Finished, Journal
from autoevol.agents.gateway.books.ledger import Need, Sum
from autoevol.agents.gateway.errors import StorageError
from autoevol.agents.gateway.outcomes import Answer, Usage
from autoevol.agents.gateway.requests import Decoding, Request, Turn

NEED = Need("evolver", "apply", 100, 50, 0.5, "m")


def _request(number: int) -> Request:
    turns = (Turn("user", f"seed {number}"),)
    return Request("default", "m", turns, Decoding(50), 0, "evolver", f"apply/{number}", "apply")


async def _broken_off(folder: Path) -> None:
    """Two finished calls, one failed attempt, and one that was out when the process died."""
    with Journal(folder) as journal:
        for number in range(2):
            key = f"{number:064x}"
            attempt = await journal.open_attempt(key, "default", NEED)
            answer = Answer(key, "text", usage=Usage(10, 20, 4), cost=0.125, seconds=1.5)
            used = Sum(1, 10, 20, 4, 0, 0.125)
            await journal.finish(Finished(key, _request(number), answer), attempt, used)
        failed = await journal.open_attempt(f"{2:064x}", "default", NEED)
        await journal.close_attempt(failed, "server_error", Sum(calls=1))
        await journal.open_attempt(f"{3:064x}", "default", NEED)


async def test_finished_calls_are_counted_once(tmp_path: Path) -> None:
    """By role, stage and model; failures and what was cut off are no finished calls."""
    await _broken_off(tmp_path)

    (entry,) = finished_calls(tmp_path)

    assert ("evolver", "apply", "m") == (entry.role, entry.stage, entry.model)
    assert Sum(2, 20, 40, 8, 0, 0.25, 0, 3.0) == entry.sum


async def test_what_was_spent_counts_every_attempt(tmp_path: Path) -> None:
    """An open one at what was set aside for it, and that part is told by itself."""
    await _broken_off(tmp_path)

    spent, left = spent_in(tmp_path), cut_off_in(tmp_path)

    assert (4, 20 + 40 + 150, 0.75) == (spent.calls, spent.tokens, spent.cost)
    assert (1, 150, 0.5) == (left.calls, left.tokens, left.cost)
    assert 0 <= minutes_of(tmp_path) < 5


def test_an_empty_or_damaged_place_is_an_error_of_ours(tmp_path: Path) -> None:
    """Whoever asks can go on without."""
    with pytest.raises(StorageError, match="no journal"):
        spent_in(tmp_path)
    (tmp_path / "journal.sqlite").write_bytes(b"not a journal" * 100)
    with pytest.raises(StorageError):
        finished_calls(tmp_path)


async def test_an_unused_journal_has_cost_nothing(tmp_path: Path) -> None:
    """No rows, no sums of nothing."""
    with Journal(tmp_path):
        pass

    assert ([], Sum(), Sum()) == (finished_calls(tmp_path), spent_in(tmp_path), cut_off_in(tmp_path))
