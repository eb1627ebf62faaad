"""The one writer: locks of other programs, slow and distant disks, a log that grows, and who goes away."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from autoevol.agents.gateway.books import writer
from autoevol.agents.gateway.books.drives import network_drive
from autoevol.agents.gateway.books.journal import JOURNAL_NAME, Finished, Journal, read_calls
from autoevol.agents.gateway.books.ledger import Need, Sum
from autoevol.agents.gateway.errors import StorageError
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.requests import Decoding, Request, Turn, request_key

MANY = 400


def _finished(number: int, text: str = "answer") -> Finished:
    request = Request("default", "m", (Turn("user", f"question {number}"),), Decoding(9), place=f"p{number:04}")
    key = request_key(request)
    return Finished(key, request, Answer(key, f"{text} {number}"))


async def _call(journal: Journal, number: int, text: str = "answer") -> None:
    finished = _finished(number, text)
    attempt = await journal.open_attempt(finished.key, "default", Need("judge", "test", 1, 1, 0.0, "m"))
    await journal.finish(finished, attempt, Sum(1, 1, 1))


async def _all(journal: Journal, text: str = "answer") -> None:
    async with anyio.create_task_group() as group:
        for number in range(MANY):
            group.start_soon(_call, journal, number, text)


def _mounts(folder: Path, kind: str) -> Path:
    """A list of mounts in which this folder is on a drive of this kind."""
    lines = [
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
        rf"35 22 0:31 / {str(folder).replace(' ', chr(92) + '040')} rw shared:9 master:1 - {kind} host:/home rw",
        "torn line",
    ]
    path = folder.parent / f"mounts-{kind}"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


async def test_another_program_that_holds_the_file_holds_up_nobody_else(tmp_path: Path) -> None:
    """What must be written waits for it in a thread; the event loop goes on meanwhile."""
    with Journal(tmp_path) as journal, closing(sqlite3.connect(tmp_path / JOURNAL_NAME)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with anyio.create_task_group() as group:
            group.start_soon(_all, journal)
            for _ in range(100):
                await anyio.lowlevel.checkpoint()
            assert None is journal.lookup(_finished(1).key)
            other.execute("ROLLBACK")
        assert MANY == len(list(read_calls(tmp_path)))
        assert MANY == journal.entries()[0].sum.calls


@pytest.mark.parametrize("power_safe", [False, True])
async def test_the_log_does_not_grow_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, power_safe: bool
) -> None:
    """It is folded into the file while calls are made; nothing is lost or doubled."""
    monkeypatch.setattr(writer, "_FOLD_BYTES", 300_000)
    monkeypatch.setattr(writer, "_FOLD_EVERY", 1)
    log = tmp_path / f"{JOURNAL_NAME}-wal"
    with Journal(tmp_path, power_safe=power_safe) as journal:
        for turn in range(8):
            async with anyio.create_task_group() as group:
                for number in range(100):
                    group.start_soon(_call, journal, 100 * turn + number, "".join(map(str, range(turn, 3000))))
        assert 800 == len(list(read_calls(tmp_path)))
        assert log.stat().st_size < 6_000_000
        assert (tmp_path / JOURNAL_NAME).stat().st_size > 1_000_000
        assert 800 == journal.entries()[0].sum.calls
    assert not log.exists()


async def test_a_disk_that_was_slow_once_is_left_to_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is written all the same."""
    monkeypatch.setattr(writer, "_SLOW_S", 0.0)
    with Journal(tmp_path) as journal:
        await _all(journal)
        await _all(journal)  # the same again changes nothing
        assert MANY == len(list(read_calls(tmp_path)))
        assert 2 * MANY == journal.entries()[0].sum.calls


async def test_on_a_network_drive_there_is_no_shared_log(tmp_path: Path) -> None:
    """A rollback journal instead; the file can be read meanwhile, and may move from one kind of drive to the other."""
    folder = tmp_path / "run with space"
    folder.mkdir()
    Journal(folder).close()
    with Journal(folder, mounts=_mounts(folder, "nfs4")) as journal:
        await _all(journal)
        assert MANY == len(list(read_calls(folder)))
        assert not (folder / f"{JOURNAL_NAME}-wal").exists()
        found = journal.lookup(_finished(7).key)
        assert _finished(7).outcome == (found and found.outcome)
    with Journal(folder) as journal:
        await _call(journal, MANY)
        assert (folder / f"{JOURNAL_NAME}-wal").exists()

    assert MANY + 1 == len(list(read_calls(folder)))


@pytest.mark.parametrize(
    ("kind", "found"),
    [("nfs", "nfs"), ("nfs4", "nfs4"), ("cifs", "cifs"), ("smb3", "smb3"), ("fuse.sshfs", "fuse.sshfs"), ("9p", "9p"),
     ("lustre", "lustre"), ("ext4", None), ("fuseblk", None), ("fuse.ntfs-3g", None), ("overlay", None)],
)  # fmt: skip
def test_a_network_drive_is_known_by_its_mount(tmp_path: Path, kind: str, found: str | None) -> None:
    """The nearest mount above the path counts; a list that cannot be read says nothing."""
    folder = tmp_path / "drive"
    folder.mkdir()

    assert found == network_drive(folder / "run" / JOURNAL_NAME, _mounts(folder, kind))
    assert None is network_drive(tmp_path / JOURNAL_NAME, _mounts(folder, kind))
    assert None is network_drive(folder, tmp_path / "nothing")
    assert None is network_drive(tmp_path)


async def test_who_goes_away_does_not_take_the_record_along(tmp_path: Path) -> None:
    """A call that came is kept although nobody waits for it any more, also where the journal is closed at once."""
    with Journal(tmp_path) as journal:
        async with anyio.create_task_group() as group:
            group.start_soon(_call, journal, 1)
            group.start_soon(journal.finish, _finished(2))
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
    with Journal(tmp_path) as journal:
        assert journal.lookup(_finished(2).key)
        assert 1 == journal.entries()[0].sum.calls


async def test_the_answers_of_one_call_are_recorded_together(tmp_path: Path) -> None:
    """All in one commit, with the end of their attempt."""
    with Journal(tmp_path) as journal:
        several = [_finished(number) for number in range(3)]
        attempt = await journal.open_attempt(several[0].key, "default", Need("judge", "test", 9, 9, 9.0, "m"))
        await journal.finish_many(several, attempt, Sum(1, 2, 3, usd=0.5))
        assert [each.outcome for each in several] == [
            found.outcome for each in several if (found := journal.lookup(each.key))
        ]
        assert [Sum(1, 2, 3, usd=0.5)] == [entry.sum for entry in journal.entries()]


async def test_money_is_told_by_model(tmp_path: Path) -> None:
    """And by role and stage."""
    with Journal(tmp_path) as journal:
        for model, usd in (("m-1", 1.0), ("m-2", 2.0), ("m-1", 4.0)):
            number = await journal.open_attempt(
                "k", "default", Need("judge", "test", 0, 0, 9.0, model), replica="http://a"
            )
            await journal.close_attempt(number, "server_error", Sum(1, usd=usd, seconds=1.5))
        found = {(entry.role, entry.stage, entry.model): entry.sum for entry in journal.entries()}

    assert {
        ("judge", "test", "m-1"): Sum(2, usd=5.0, seconds=3.0),
        ("judge", "test", "m-2"): Sum(1, usd=2.0, seconds=1.5),
    } == found


async def test_the_time_is_on_record_also_while_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that waits out an outage and is killed has waited."""
    monkeypatch.setattr(writer, "_HEARTBEAT_S", 0.001)
    monkeypatch.setattr(writer, "_ELAPSED_S", 0.0)

    def elapsed() -> float:
        with Journal(tmp_path, read_only=True) as reader:
            return float(reader._elapsed_before)  # pyright: ignore[reportPrivateUsage]

    with Journal(tmp_path) as journal, anyio.fail_after(20):
        await _call(journal, 1)
        first = elapsed()
        while elapsed() <= first:
            await anyio.lowlevel.checkpoint()


async def test_a_journal_that_is_read_only_or_closed_takes_nothing(tmp_path: Path) -> None:
    """It says so instead of losing it."""
    with Journal(tmp_path) as journal:
        await _call(journal, 1)
    with pytest.raises(StorageError, match="reading only, or closed"):
        await _call(journal, 2)
    with Journal(tmp_path, read_only=True) as journal:
        with pytest.raises(StorageError, match="reading only"):
            await journal.finish(_finished(2))
        assert journal.lookup(_finished(1).key)
