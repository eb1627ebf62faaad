"""The journal: real files, real deaths, full and read-only disks."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.books.journal import JOURNAL_NAME, Finished, Journal, read_calls
from autoevol.agents.gateway.books.journal_file import lay_tables
from autoevol.agents.gateway.books.ledger import Need, Sum
from autoevol.agents.gateway.books.packing import PackingError, unpack_old_outcome, unpack_outcome
from autoevol.agents.gateway.books.rows import CALL_COLUMNS, call_row, outcome_in
from autoevol.agents.gateway.books.texts import Texts, read_request, stored_text
from autoevol.agents.gateway.errors import StorageError
from autoevol.agents.gateway.outcomes import Answer, NoAnswer, Outcome, TokenScore, Usage
from autoevol.agents.gateway.requests import Decoding, Request, Turn, request_key

NEED = Need("judge", "test", 40, 60, 0.5)


def _request(number: int, place: str = "") -> Request:
    text = f"question {number}"
    return Request("default", "m", (Turn("user", text),), Decoding(9), 0, "judge", place or f"p{number:03}", "test")


def _finished(number: int, place: str = "") -> Finished:
    request = _request(number, place)
    key = request_key(request)
    return Finished(key, request, Answer(key, f"answer {number}", usage=Usage(3, 4), cost=0.25, seconds=1.5))


async def test_what_is_finished_is_found_again(tmp_path: Path) -> None:
    """In the same session and in the next."""
    finished = [_finished(number) for number in range(20)]
    with Journal(tmp_path) as journal:
        async with anyio.create_task_group() as group:
            for each in finished:
                group.start_soon(journal.finish, each)
        found = [journal.lookup(each.key) for each in finished]
    with Journal(tmp_path) as journal:
        again = [journal.lookup(each.key) for each in finished]
        nothing = journal.lookup("0" * 64)

    assert [each.outcome for each in finished] == [each.outcome for each in found if each]
    assert found == again
    assert None is nothing


names = st.text(max_size=20)
answers = st.builds(
    Answer,
    key=st.just("k"), text=st.text(st.characters()), finish=st.sampled_from(["stop", "length"]), reasoning=st.text(),
    usage=st.builds(Usage, st.integers(0, 2**40), st.integers(0, 2**40)), cost=st.none() | st.floats(0, 1e9),
    model=names, fingerprint=names, replica=names, fallback=names, seconds=st.floats(0, 1e6),
    adapted=st.just(()) | st.tuples(st.text(st.characters())), vector=st.lists(st.floats(allow_nan=False)).map(tuple),
    scores=st.just(()) | st.tuples(st.builds(TokenScore, st.text(), st.none() | st.floats(-50, 0))),
)  # fmt: skip
refusals = st.builds(
    NoAnswer, key=st.just("k"), reason=st.sampled_from(["empty", "bad_request"]), detail=st.text(st.characters()),
    cost=st.none(), usage=st.builds(Usage, st.integers(0, 9), estimated=st.booleans()),
)  # fmt: skip


@given(answers | refusals, st.text(st.characters(), max_size=120))
def test_an_outcome_is_kept_as_it_is(outcome: Outcome, name: str) -> None:
    """Every character and every digit, half of a surrogate pair too; names are kept as far as UTF-8 has them."""
    request = Request("default", "m", (Turn("user", name), Turn("assistant", name * 3)), Decoding(9, stop=(name,)))
    stored = sqlite3.connect(":memory:", isolation_level=None)
    lay_tables(stored)
    texts: list[tuple[object, ...]] = []
    packed = Texts(stored).pack(request, texts)
    stored.executemany("INSERT INTO prompts (id, digest, text, crc) VALUES (?,?,?,?)", texts)
    columns = ",".join(CALL_COLUMNS)
    row = call_row(Finished("k", request, outcome, mark=name), packed)
    stored.execute(f"INSERT INTO calls ({columns}) VALUES ({','.join('?' * len(row))})", row)
    found = stored.execute(f"SELECT {columns} FROM calls").fetchone()
    asked = read_request(
        packed, lambda number: stored_text(number, *stored.execute(
            "SELECT text, crc FROM prompts WHERE id=?", (number,)).fetchone())
    )  # fmt: skip

    assert outcome == outcome_in(found)
    assert [["user", name], ["assistant", name * 3]] == asked["turns"]
    assert [name] == asked["decoding"]["stop"]


@given(answers | refusals, st.integers(0, 10_000), st.integers(0, 7))
def test_a_flipped_bit_is_noticed(outcome: Outcome, place: int, bit: int) -> None:
    """In the answer and in what was asked; never another exception."""
    row = list(call_row(Finished("k", _request(1), outcome), b'[9,0,[["user","x"]]]'))
    which = CALL_COLUMNS.index("outcome" if place % 3 else "request")
    content = bytearray(row[which])
    content[place % len(content)] ^= 1 << bit
    row[which] = bytes(content)

    with pytest.raises(PackingError):
        outcome_in(row)


@settings(max_examples=30)
@given(st.binary(max_size=60))
def test_bytes_that_are_no_outcome_are_said(packed: bytes) -> None:
    """Of the present version and of the first: one kind of exception, or a text."""
    with suppress(PackingError):
        unpack_outcome(packed, Answer("k", ""))
    with suppress(PackingError):
        unpack_outcome(packed, NoAnswer("k", "empty"))
    with pytest.raises(PackingError):
        unpack_old_outcome(packed)


async def test_open_attempts_stay_counted(tmp_path: Path) -> None:
    """A closed one counts for what it used, an open one for what was set aside."""
    with Journal(tmp_path) as journal:
        number = await journal.open_attempt("a", "default", NEED)
        await journal.open_attempt("b", "default", NEED)
        await journal.close_attempt(number, "server_error", Sum(calls=1))
        third = await journal.open_attempt("c", "default", NEED)
        await journal.finish(_finished(1), third, Sum(1, 3, 4, 0, 0, 0.25))
    with Journal(tmp_path) as journal:
        entries = journal.entries()

    assert [("judge", "test", Sum(3, 43, 64, 0, 0, 0.75))] == [(each.role, each.stage, each.sum) for each in entries]


async def test_an_unknown_price_stays_unknown(tmp_path: Path) -> None:
    """In the sums after a restart too."""
    with Journal(tmp_path) as journal:
        number = await journal.open_attempt("a", "default", Need("judge", "test", 1, 1, None))
        await journal.close_attempt(number, "answer", Sum(1, 1, 1, unpriced=1))
    with Journal(tmp_path) as journal:
        assert [1] == [entry.sum.unpriced for entry in journal.entries()]


async def test_many_records_share_a_commit(tmp_path: Path) -> None:
    """All that is ordered in a turn of the event loop goes into one transaction; all who wait go on after it."""
    with Journal(tmp_path) as journal:
        await journal.finish(_finished(1000))
        commits: list[str] = []
        connection = journal._writer._connection  # type: ignore[union-attr]  # pyright: ignore[reportPrivateUsage, reportOptionalMemberAccess]
        connection.set_trace_callback(lambda line: commits.append(line) if line == "COMMIT" else None)
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(journal.finish, _finished(number))
        assert 101 == len(list(read_calls(tmp_path)))

    assert 1 == len(commits[:-1])  # the last one is that of closing


async def test_a_reader_sees_what_is_committed_while_it_is_written(tmp_path: Path) -> None:
    """In the order of places, whatever the order of writing."""
    with Journal(tmp_path) as journal:
        for number in (3, 1, 2):
            await journal.finish(_finished(number))
        calls = list(read_calls(tmp_path / JOURNAL_NAME))
        await journal.finish(_finished(4))

    assert ["p001", "p002", "p003"] == [call.place for call in calls]
    assert ("judge", "test", "m", "answer", 3, 4, 0.25, 1.5) == (
        calls[0].role, calls[0].stage, calls[0].model, calls[0].kind, calls[0].input_tokens, calls[0].output_tokens,
        calls[0].cost, calls[0].seconds,
    )  # fmt: skip


async def test_half_of_a_surrogate_pair_is_no_end_of_the_journal(tmp_path: Path) -> None:
    """Names may come from data."""
    with Journal(tmp_path) as journal:
        await journal.finish(_finished(1, "seed-\ud800"))
        await journal.open_attempt("a", "default", Need("r\ud800", "s\udfff", 1, 1, 0.0))
        await journal.rebook(_finished(1).key, _request(1, "\ud800"))
        await journal.finish(_finished(2))

    assert 2 == len(list(read_calls(tmp_path)))


async def test_minutes_add_up_over_sessions(tmp_path: Path) -> None:
    """They never go back."""
    with Journal(tmp_path) as journal:
        await journal.finish(_finished(1))
        first = journal.minutes()
    connection = sqlite3.connect(tmp_path / JOURNAL_NAME)
    connection.execute("UPDATE meta SET value = value + 600 WHERE name = 'elapsed_s'")
    connection.commit()
    connection.close()
    with Journal(tmp_path) as journal:
        second = journal.minutes()

    assert 0 < first < 1
    assert 10 <= second < 11


# ---------------------------------------------------------------- other processes


def _child(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


WRITER = """
    import sys, anyio
    from pathlib import Path
    from autoevol.agents.gateway.books.journal import Finished, Journal
    from autoevol.agents.gateway.outcomes import Answer
    from autoevol.agents.gateway.requests import Decoding, Request, Turn, request_key

    async def write(journal, number):
        request = Request("default", "m", (Turn("user", f"question {number}"),), Decoding(9), place=f"p{number:05}")
        key = request_key(request)
        await journal.finish(Finished(key, request, Answer(key, "x" * int(sys.argv[2]))))
        print(key, flush=True)

    async def main():
        with Journal(Path(sys.argv[1])) as journal:
            print("open", flush=True)
            for start in range(0, 100000, 7):
                async with anyio.create_task_group() as group:
                    for number in range(start, start + 7):
                        group.start_soon(write, journal, number)

    anyio.run(main)
"""


@pytest.fixture
def writer(tmp_path: Path) -> Generator[subprocess.Popen[str]]:
    """A process that writes records without end and prints the key of each after its commit."""
    child = _child(WRITER, str(tmp_path), "100")
    yield child
    child.kill()
    child.communicate()


@pytest.mark.parametrize("lines", [1, 5, 40, 333])
async def test_what_was_said_to_be_durable_survives_a_kill(
    tmp_path: Path, writer: subprocess.Popen[str], lines: int
) -> None:
    """SIGKILL at some moment: every key that was printed is there, whole, and the journal opens at once."""
    assert writer.stdout is not None
    said = [writer.stdout.readline().strip() for _ in range(lines + 1)][1:]
    writer.send_signal(signal.SIGKILL)
    said += [line.strip() for line in writer.communicate()[0].splitlines() if len(line.strip()) == 64]

    with Journal(tmp_path) as journal:
        kept = [journal.lookup(key) for key in said]
        await journal.finish(_finished(1))

    assert len(said) >= lines
    assert all(kept)


async def test_a_run_in_use_is_refused_and_free_after_a_kill(tmp_path: Path, writer: subprocess.Popen[str]) -> None:
    """The sentence names the process; a dead process holds nothing; readers are let in."""
    assert writer.stdout is not None
    writer.stdout.readline()
    with pytest.raises(StorageError, match=f"in use by process {writer.pid}"):
        Journal(tmp_path)
    list(read_calls(tmp_path))
    writer.kill()
    writer.communicate()

    Journal(tmp_path).close()
    Journal(tmp_path).close()


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    """Where the file cannot grow: one sentence; every record that was confirmed is there afterwards."""
    code = WRITER.replace(
        "anyio.run(main)",
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (400000, -1))\n    anyio.run(main)",
    )
    child = _child(code, str(tmp_path), "3000")
    out, problem = child.communicate(timeout=50)

    assert child.returncode == 1
    assert "StorageError" in problem
    assert "disk is full" in problem
    keys = [line for line in out.split() if len(line) == 64]
    with Journal(tmp_path) as journal:
        assert all(journal.lookup(key) for key in keys)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


READ_ONLY = """
    import os, sys
    from pathlib import Path
    from autoevol.agents.gateway.errors import StorageError
    from autoevol.agents.gateway.books.journal import Journal, read_calls
    if os.getuid() == 0:
        os.setgid(65534); os.setuid(65534)
    print(len(list(read_calls(Path(sys.argv[1])))))
    try:
        Journal(Path(sys.argv[1]))
    except StorageError as error:
        print(error)
"""


@pytest.fixture
def public_folder() -> Generator[Path]:
    """A folder that another user may look into."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def test_a_read_only_folder_is_said_and_can_be_read(public_folder: Path) -> None:
    """Opening to write gives one sentence; a report can still be made."""

    async def write() -> None:
        with Journal(public_folder) as journal:
            await journal.finish(_finished(1))

    anyio.run(write)
    public_folder.chmod(0o555)
    out, problem = _child(READ_ONLY, str(public_folder)).communicate(timeout=50)

    assert "" == problem
    assert "1" == out.splitlines()[0]
    assert "read-only" in out.splitlines()[1]


# ---------------------------------------------------------------- files that are wrong


@pytest.mark.parametrize("content", [b"this is no journal " * 99, b"SQLite format 3\x00" + b"\x01" * 5000])
def test_a_file_that_is_no_journal_is_said(tmp_path: Path, content: bytes) -> None:
    """To writers and to readers."""
    (tmp_path / JOURNAL_NAME).write_bytes(content)

    with pytest.raises(StorageError, match="damaged"):
        Journal(tmp_path)
    with pytest.raises(StorageError, match="damaged"):
        list(read_calls(tmp_path))
    (tmp_path / JOURNAL_NAME).unlink()
    Journal(tmp_path).close()


async def test_a_page_overwritten_is_said(tmp_path: Path) -> None:
    """A journal that opens is not yet whole."""
    with Journal(tmp_path) as journal:
        for number in range(200):
            await journal.finish(_finished(number))
    path = tmp_path / JOURNAL_NAME
    content = bytearray(path.read_bytes())
    content[8192:20480] = os.urandom(12288)
    path.write_bytes(content)

    with pytest.raises(StorageError, match="damaged"):
        Journal(tmp_path)


async def test_a_journal_of_the_future_is_not_touched(tmp_path: Path) -> None:
    """It is said, and left as it is."""
    Journal(tmp_path).close()
    connection = sqlite3.connect(tmp_path / JOURNAL_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StorageError, match="newer AutoEvol"):
        Journal(tmp_path)
    with pytest.raises(StorageError, match="newer AutoEvol"):
        list(read_calls(tmp_path))


def test_no_journal_is_said(tmp_path: Path) -> None:
    """A reader makes none."""
    with pytest.raises(StorageError, match="no journal"):
        list(read_calls(tmp_path))
    with pytest.raises(StorageError, match="no journal"):
        Journal(tmp_path, read_only=True)

    assert [] == list(tmp_path.iterdir())


async def test_a_folder_removed_is_said(tmp_path: Path) -> None:
    """A file that is open could still be written, for nobody."""
    with Journal(tmp_path) as journal:
        await journal.finish(_finished(1))
        shutil.rmtree(tmp_path)
        for number in (2, 3):
            with pytest.raises(StorageError, match="cannot be used"):
                await journal.finish(_finished(number))


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    """Not a traceback."""
    (tmp_path / "run").write_text("x")

    with pytest.raises(StorageError, match="cannot be used"):
        Journal(tmp_path / "run")


@pytest.mark.parametrize(("expected", "power_safe"), [(1, False), (2, True)])
def test_surviving_a_loss_of_power_is_a_setting(tmp_path: Path, expected: int, power_safe: bool) -> None:
    """`synchronous` is NORMAL (1) or FULL (2); the log is a write-ahead log in both."""
    with Journal(tmp_path, power_safe=power_safe) as journal:
        writer = journal._writer._connection  # type: ignore[union-attr]  # pyright: ignore[reportPrivateUsage, reportOptionalMemberAccess]
        assert (expected,) == writer.execute("PRAGMA synchronous").fetchone()
        assert ("wal",) == writer.execute("PRAGMA journal_mode").fetchone()
