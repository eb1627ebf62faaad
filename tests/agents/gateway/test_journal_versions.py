"""Journals of version 1, as runs of older versions left them: the beginning of a real one is kept beside this file."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from autoevol.agents.gateway.books.journal import JOURNAL_NAME, CallRecord, Journal, read_calls
from autoevol.agents.gateway.books.journal_file import open_for_reading
from autoevol.agents.gateway.books.ledger import Sum
from autoevol.agents.gateway.errors import StorageError


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that version 1 recorded."""
    folder = tmp_path_factory.mktemp("recorded")
    packed = Path(__file__).with_name("journal-of-version-1.sqlite.gz")
    (folder / JOURNAL_NAME).write_bytes(gzip.decompress(packed.read_bytes()))
    return folder


def _version(folder: Path) -> int:
    with closing(sqlite3.connect(folder / JOURNAL_NAME)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _plain(call: CallRecord) -> CallRecord:
    """Without what version 1 did not say."""
    return replace(call, served_model="", fingerprint="", replica="")


def test_an_old_journal_is_read_as_it_is(recorded: Path) -> None:
    """Outcomes, calls and sums; the model of an attempt is that of the call which it finished. Nothing is written."""
    before = (recorded / JOURNAL_NAME).read_bytes()
    calls = list(read_calls(recorded))
    with Journal(recorded, read_only=True) as journal:
        found = [journal.lookup(call.key) for call in calls]
        entries = journal.entries()
        nothing = journal.lookup("0" * 64)

    assert 40 == len(calls) == len(list(filter(None, found)))
    assert {"analyst", "evolver", "refiner", "responder"} == {call.role for call in calls}
    assert Counter(call.model for call in calls) == Counter(
        {model: sum(e.sum.calls for e in entries if e.model == model) for model in {e.model for e in entries}}
    )
    assert sum(call.output_tokens for call in calls) == sum((e.sum for e in entries), Sum()).output_tokens
    assert None is nothing
    assert before == (recorded / JOURNAL_NAME).read_bytes()


def test_an_old_journal_is_brought_up_to_date_when_a_run_goes_on(tmp_path: Path, recorded: Path) -> None:
    """Everything is found as before, and what served the calls is told now."""
    shutil.copy(recorded / JOURNAL_NAME, tmp_path)
    before = list(read_calls(tmp_path))
    with Journal(tmp_path, read_only=True) as journal:
        found, entries, minutes = [journal.lookup(call.key) for call in before], journal.entries(), journal.minutes()
    with Journal(tmp_path) as journal:
        assert found == [journal.lookup(call.key) for call in before]
        assert entries == journal.entries()
        assert minutes <= journal.minutes()
    after = list(read_calls(tmp_path))

    assert 1 == _version(recorded)
    assert 2 == _version(tmp_path)
    assert before == [_plain(call) for call in after]
    assert {"qwen2.5-coder-1.5b", "smollm2-135m"} == {call.served_model for call in after}
    with closing(open_for_reading(tmp_path / JOURNAL_NAME)) as connection:
        stored = connection.execute("SELECT COUNT(*), COUNT(DISTINCT digest) FROM prompts").fetchone()
        used, kept = connection.execute(
            "SELECT SUM(LENGTH(request)), (SELECT SUM(LENGTH(text)) FROM prompts) FROM calls"
        ).fetchone()
    assert stored[0] == stored[1] < 2 * 40
    assert used + kept < 20_000  # version 1 needed 29 KB for the same


def test_a_damaged_old_journal_stays_as_it_is(tmp_path: Path, recorded: Path) -> None:
    """It is not half brought up to date, and the sentence says what to do."""
    shutil.copy(recorded / JOURNAL_NAME, tmp_path)
    with closing(sqlite3.connect(tmp_path / JOURNAL_NAME)) as connection:
        connection.execute("UPDATE calls SET outcome = X'00' WHERE rowid = 20")
        connection.commit()

    with pytest.raises(StorageError, match=r"damaged.*autoevol journal compact .* --salvage"):
        Journal(tmp_path)
    assert 1 == _version(tmp_path)
    assert 40 == len(list(read_calls(tmp_path)))


@pytest.mark.parametrize(
    ("table", "said"), [("calls", "damaged: tables are missing"), ("meta", "damaged: tables are missing")]
)
def test_missing_tables_are_said(tmp_path: Path, table: str, said: str) -> None:
    """To writers and to readers."""
    Journal(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / JOURNAL_NAME)) as connection:
        connection.execute(f"DROP TABLE {table}")

    with pytest.raises(StorageError, match=said):
        Journal(tmp_path)
    with pytest.raises(StorageError, match=said):
        list(read_calls(tmp_path))


def test_a_journal_that_was_never_begun_is_said(tmp_path: Path) -> None:
    """An empty file is what a death in the first moment leaves: readers hear of it, and a run begins it."""
    (tmp_path / JOURNAL_NAME).touch()

    with pytest.raises(StorageError, match="never begun"):
        list(read_calls(tmp_path))
    Journal(tmp_path).close()
    assert [] == list(read_calls(tmp_path))


def test_another_program_s_data_base_is_not_touched(tmp_path: Path) -> None:
    """Whatever it is called."""
    with closing(sqlite3.connect(tmp_path / JOURNAL_NAME)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")

    with pytest.raises(StorageError, match="something else"):
        Journal(tmp_path)
