"""Damage of every kind: it is said, and whatever is whole is used."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.books.compact import DAMAGED_NAME, compact
from autoevol.agents.gateway.books.export import export_calls
from autoevol.agents.gateway.books.journal import JOURNAL_NAME, Finished, Journal, Recorded, read_calls
from autoevol.agents.gateway.books.ledger import Need, Sum
from autoevol.agents.gateway.books.salvage import verify
from autoevol.agents.gateway.errors import StorageError
from autoevol.agents.gateway.outcomes import Answer, Usage
from autoevol.agents.gateway.requests import Decoding, Request, Turn, request_key

CALLS = 120
PAGE = 4096


def _request(number: int) -> Request:
    turns = (Turn("system", "You are asked a number, and say it in many words. " * 4), Turn("user", f"{number}. " * 40))
    return Request("default", "m", turns, Decoding(9), 0, "judge", f"test/p{number:03}", "test")


def _answer(number: int) -> Answer:
    # Every tenth is longer than a page, so that its row goes on in others.
    text = f"answer {number} " + (" ".join(str(n * n * number) for n in range(2500)) if number % 10 == 0 else "")
    return Answer(request_key(_request(number)), text, usage=Usage(3, 4), cost=1.0, model="m-1", seconds=2.0)


def _write(folder: Path) -> None:
    async def write() -> None:
        with Journal(folder) as journal:
            for number in range(CALLS):
                key = request_key(_request(number))
                attempt = await journal.open_attempt(key, "default", Need("judge", "test", 3, 9, 2.0, "m"))
                await journal.finish(Finished(key, _request(number), _answer(number)), attempt, Sum(1, 3, 4, usd=1.0))

    anyio.run(write)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of 120 calls."""
    folder = tmp_path_factory.mktemp("written")
    _write(folder)
    return folder


@pytest.fixture
def run(tmp_path: Path, written: Path) -> Path:
    """A copy of it."""
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(written / JOURNAL_NAME, folder)
    return folder


def _found(folder: Path) -> list[Recorded | None]:
    with Journal(folder, read_only=True) as journal:
        return [journal.lookup(request_key(_request(number))) for number in range(CALLS)]


def _overwrite(folder: Path, place: int, content: bytes) -> None:
    with (folder / JOURNAL_NAME).open("r+b") as file:
        file.seek(place)
        file.write(content)


def _cut_in_half(folder: Path) -> None:
    path = folder / JOURNAL_NAME
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 // PAGE * PAGE)


def _spoil_the_root(folder: Path) -> None:
    with closing(sqlite3.connect(folder / JOURNAL_NAME)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name='calls'").fetchone()
    _overwrite(folder, (page - 1) * PAGE, b"\xaa" * PAGE)


KINDS: dict[str, tuple[Callable[[Path], None], int]] = {
    "header": (lambda folder: _overwrite(folder, 0, b"\0" * 100), CALLS),
    "list of tables": (lambda folder: _overwrite(folder, 100, b"\0" * (PAGE - 100)), CALLS),
    "root of a table": (_spoil_the_root, CALLS),
    "cut in half": (_cut_in_half, 30),
    "pages in the middle": (lambda folder: _overwrite(folder, 20 * PAGE, b"\x55" * 3 * PAGE), 60),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_mended_and_the_run_goes_on(run: Path, written: Path, kind: str) -> None:
    """What was lost is asked for again; all else is as it was, and the damaged file is kept."""
    spoil, least = KINDS[kind]
    before = _found(written)
    spoil(run)
    spoiled = (run / JOURNAL_NAME).read_bytes()

    with pytest.raises(StorageError, match=r"damaged.*autoevol journal compact .*run --salvage"):
        Journal(run)
    verdict = verify(run / JOURNAL_NAME)
    with pytest.raises(StorageError, match="damaged"):
        compact(run)
    done = compact(run, salvage=True)
    after = _found(run)

    assert verdict.damaged
    assert least <= verdict.calls.whole == done.calls == sum(each is not None for each in after)
    assert all(new is None or new == old for new, old in zip(after, before, strict=True))
    assert spoiled == (run / DAMAGED_NAME).read_bytes()
    assert not verify(run / JOURNAL_NAME).damaged
    with Journal(run) as journal:
        assert done.calls <= sum(entry.sum.calls for entry in journal.entries()) <= CALLS
        anyio.run(journal.finish, Finished(request_key(_request(500)), _request(500), _answer(500)))


def test_a_record_that_was_changed_is_found(run: Path) -> None:
    """SQLite finds nothing wrong with the file; the checksum of the record does."""
    with closing(sqlite3.connect(run / JOURNAL_NAME)) as connection:
        connection.execute("UPDATE calls SET cost = 0.5 WHERE place = 'test/p007'")
        connection.execute("UPDATE attempts SET cost = 0 WHERE id = 9")
        connection.execute("UPDATE prompts SET text = CAST(text || X'00' AS BLOB) WHERE id = 4")
        connection.commit()
    verdict = verify(run / JOURNAL_NAME)

    assert ("119 of 120", "119 of 120") == (str(verdict.calls), str(verdict.attempts))
    assert verdict.prompts.known - 1 == verdict.prompts.whole
    assert 1 == verdict.without_prompt
    assert () == verdict.troubles
    with Journal(run) as journal:
        with pytest.raises(StorageError, match="damaged"):
            journal.lookup(request_key(_request(7)))
        assert journal.lookup(request_key(_request(8)))
    assert [None] == [line for line in export_calls(run) if line is None]

    compact(run, salvage=True)
    lines = [json.loads(line) for line in export_calls(run, prompts=True) if line]

    assert 119 == len(lines)
    assert 1 == sum(turn[1] is None for line in lines for turn in line["turns"])
    with Journal(run) as journal:
        assert (120, 120.0) == (journal.entries()[0].sum.calls, journal.entries()[0].sum.usd)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_overwritten_nothing_false_comes_back(tmp_path: Path, written: Path, data: st.DataObject) -> None:
    """Any bytes at any place: what is kept is what was written, and the rest is missing."""
    size = (written / JOURNAL_NAME).stat().st_size
    folder = tmp_path / "any"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(written / JOURNAL_NAME, folder)
    for _ in range(data.draw(st.integers(1, 4))):
        _overwrite(folder, data.draw(st.integers(0, size - 1)), data.draw(st.binary(min_size=1, max_size=5000)))
    said = ""
    try:
        compact(folder, salvage=True)
    except StorageError as error:
        said = error.problem

    if said:
        assert any(words in said for words in ("newer AutoEvol", "something else", "never begun"))
    else:
        assert all(new is None or new == old for new, old in zip(_found(folder), _found(written), strict=True))


DIES = """
    import os, signal, sys
    from pathlib import Path
    from autoevol.agents.gateway.books import compact as module
    name, folder, salvage = sys.argv[1:4]
    before = getattr(module, name)
    def last(*arguments, **named):
        if name != "_move_calls":
            before(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(module, name, last)
    module.compact(Path(folder), salvage=bool(salvage))
"""


@pytest.mark.parametrize("moment", ["_fold", "_move_texts", "_move_calls", "_write", "_sync"])
def test_a_death_while_compacting_leaves_the_old_file(run: Path, written: Path, moment: str) -> None:
    """SIGKILL at five moments; the next try does not stumble over what is left."""
    child = subprocess.run([sys.executable, "-c", textwrap.dedent(DIES), moment, str(run), ""], check=False)

    assert -signal.SIGKILL == child.returncode
    assert _found(written) == _found(run)
    assert CALLS == compact(run).calls
    assert _found(written) == _found(run)
    assert not list(run.glob("*.part"))


def _die_with_a_log(folder: Path) -> None:
    """A journal whose last records are only in its log, because its process was killed."""
    code = """
        import os, sys, anyio, signal
        sys.path.insert(0, sys.argv[2])
        from pathlib import Path
        import test_journal_damage as here
        from autoevol.agents.gateway.books.journal import Finished, Journal
        async def write():
            with Journal(Path(sys.argv[1])) as journal:
                for number in range(here.CALLS, here.CALLS + 20):
                    request = here._request(number)
                    await journal.finish(Finished(here.request_key(request), request, here._answer(number)))
                os.kill(os.getpid(), signal.SIGKILL)
        anyio.run(write)
    """
    arguments = [sys.executable, "-c", textwrap.dedent(code), str(folder), str(Path(__file__).parent)]
    assert -signal.SIGKILL == subprocess.run(arguments, check=False).returncode
    assert (folder / f"{JOURNAL_NAME}-wal").stat().st_size


@pytest.mark.parametrize("moment", ["", "_keep"])
def test_what_is_only_in_the_log_is_saved_too(run: Path, moment: str) -> None:
    """Also where a death came between putting the damaged file aside and putting the new one in its place."""
    _die_with_a_log(run)
    (run / f"{JOURNAL_NAME}-shm").unlink()
    _overwrite(run, PAGE, b"\x77" * 2 * PAGE)
    whole = verify(run / JOURNAL_NAME).calls.whole
    if moment:
        subprocess.run([sys.executable, "-c", textwrap.dedent(DIES), moment, str(run), "yes"], check=False)
        assert [DAMAGED_NAME, f"{DAMAGED_NAME}-wal"] == sorted(path.name for path in run.glob("*damaged*"))
    done = compact(run, salvage=True)

    assert CALLS <= whole == done.calls
    assert not verify(run / JOURNAL_NAME).damaged
    assert [DAMAGED_NAME, f"{DAMAGED_NAME}-wal"] == sorted(path.name for path in run.glob("*damaged*"))


def test_a_torn_end_of_the_log_is_left_out(run: Path) -> None:
    """A write that power or disk cut short was confirmed to nobody."""
    _die_with_a_log(run)
    log = run / f"{JOURNAL_NAME}-wal"
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 1000)
    with Journal(run) as journal:
        found = [journal.lookup(request_key(_request(number))) for number in range(CALLS + 20)]

    assert CALLS + 19 <= sum(each is not None for each in found) <= CALLS + 20
    assert all(found[:CALLS])


def test_a_full_disk_while_compacting_leaves_the_old_file(run: Path, written: Path) -> None:
    """One sentence, and nothing half made."""
    code = """
        import resource, sys
        from pathlib import Path
        from autoevol.agents.gateway.books.compact import compact
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, -1))
        compact(Path(sys.argv[1]))
    """
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(run)], capture_output=True, text=True, check=False
    )

    assert 1 == child.returncode
    assert "the disk is full" in child.stderr
    assert [JOURNAL_NAME, "journal.lock"] == sorted(path.name for path in run.iterdir() if "-" not in path.name)[::-1]
    assert _found(written) == _found(run)


def test_a_run_at_work_is_not_compacted(run: Path) -> None:
    """It is said who holds it; looking is allowed."""
    with Journal(run):
        with pytest.raises(StorageError, match="in use by process"):
            compact(run)
        assert not verify(run / JOURNAL_NAME).damaged
        assert CALLS == len(list(export_calls(run)))


def test_compacting_keeps_everything_and_each_text_once(run: Path, written: Path) -> None:
    """Answers, bookings, sums, times and what was asked."""
    with closing(sqlite3.connect(run / JOURNAL_NAME)) as connection:
        connection.execute("UPDATE meta SET value = 600")
        connection.commit()
    asked = list(export_calls(run, prompts=True))
    calls = list(read_calls(run))
    compact(run)
    compact(run)

    assert asked == list(export_calls(run, prompts=True))
    assert calls == list(read_calls(run))
    assert _found(written) == _found(run)
    with Journal(run, read_only=True) as journal:
        assert 10 <= journal.minutes() < 11
        assert (CALLS, float(CALLS)) == (journal.entries()[0].sum.calls, journal.entries()[0].sum.usd)
    assert [JOURNAL_NAME, "journal.lock"] == sorted(path.name for path in run.iterdir() if "-" not in path.name)[::-1]
