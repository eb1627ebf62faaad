"""`autoevol journal`: what it prints, writes and refuses."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from autoevol.agents.gateway.books.journal import JOURNAL_NAME, Finished, Journal
from autoevol.agents.gateway.outcomes import Answer, NoAnswer
from autoevol.agents.gateway.requests import Decoding, Request, Turn, request_key

from .conftest import Cli

TEXT = 'Smörgås \ud800 "quoted"\n\u2028 end'


def _request(number: int) -> Request:
    turns = (Turn("system", "You count balls in boxes, one after the other, and say how many."), Turn("user", TEXT))
    return Request("default", "m", turns, Decoding(9, stop=("END",)), number, "judge", f"test/p{number}", "test")


async def _write(folder: Path) -> None:
    with Journal(folder) as journal:
        for number in (3, 1, 0, 2):
            key = request_key(_request(number))
            answer = Answer(key, f"{number} {TEXT}", model="m-1", cost=None, vector=(1.5, float("inf")))
            await journal.finish(Finished(key, _request(number), answer))
        key = request_key(_request(4))
        await journal.finish(Finished(key, _request(4), NoAnswer(key, "content_filter", "no")))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of five calls, with an answer that no strict UTF-8 has."""
    folder = tmp_path / "runs" / "2026-11-21-small"
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text("{}", encoding="utf-8")
    anyio.run(_write, folder)
    return folder


def _spoil(run: Path) -> None:
    with closing(sqlite3.connect(run / JOURNAL_NAME)) as connection:
        connection.execute("UPDATE calls SET outcome = X'0000' WHERE place = 'test/p2'")
        connection.commit()


def _remove(run: Path) -> None:
    (run / JOURNAL_NAME).unlink()


def _empty(run: Path) -> None:
    (run / JOURNAL_NAME).write_bytes(b"")


def test_export_tells_each_call_on_a_line(cli: Cli, run: Path, tmp_path: Path) -> None:
    """Valid UTF-8 and valid JSON, in the order of places; into a file or to stdout."""
    out = tmp_path / "calls.jsonl"
    said = cli("journal", "export", "small", "--out", out)
    rows = [json.loads(line) for line in out.read_bytes().decode("utf-8").split("\n")[:-1]]
    again = cli("journal", "export", run)

    assert (0, "", "") == (said.code, said.out, said.err)
    assert [f"test/p{number}" for number in range(5)] == [row["place"] for row in rows]
    assert [0, 1, 2, 3, 4] == [row["sample"] for row in rows]
    assert TEXT.replace("\ud800", "?") == rows[1]["text"].removeprefix("1 ")
    assert ("m-1", None, [1.5, None]) == (rows[1]["served_model"], rows[1]["cost"], rows[1]["vector"])
    assert ("content_filter", "no") == (rows[4]["kind"], rows[4]["detail"])
    assert "turns" not in rows[0]
    assert out.read_text(encoding="utf-8") == again.out


def test_export_tells_what_was_asked_where_that_is_wished(cli: Cli, run: Path) -> None:
    """Turns, form, and how the answer was drawn."""
    rows = [json.loads(line) for line in cli("journal", "export", run, "--with-prompts").out.split("\n")[:-1]]

    assert ["system", "user"] == [speaker for speaker, _ in rows[0]["turns"]]
    assert TEXT.replace("\ud800", "?") == rows[0]["turns"][1][1]
    assert ("chat", 9, ["END"]) == (rows[0]["form"], rows[0]["decoding"]["max_tokens"], rows[0]["decoding"]["stop"])


def test_export_overwrites_nothing(cli: Cli, run: Path, tmp_path: Path) -> None:
    """A file that is there stays; a folder that is not there is said."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    said = cli("journal", "export", run, "--out", "mine.txt")

    assert (2, "autoevol: mine.txt exists already. Choose another --out.\n") == (said.code, said.err)
    assert "mine" == (tmp_path / "mine.txt").read_text(encoding="utf-8")
    assert "No such file" in cli("journal", "export", run, "--out", "no/where.jsonl").err


async def test_export_works_while_a_run_writes(cli: Cli, run: Path) -> None:
    """It tells what is committed."""
    with Journal(run) as journal:
        await journal.finish(Finished("k", _request(9), Answer("k", "new")))
        assert 6 == cli("journal", "export", run).out.count("\n")


def test_verify_says_how_many_are_whole(cli: Cli, run: Path) -> None:
    """Exit code 0 where all are, 1 where one is not, with the command that mends it."""
    whole = cli("journal", "verify", run)
    _spoil(run)
    hurt = cli("journal", "verify", run)
    exported = cli("journal", "export", run)

    assert 0 == whole.code
    assert "5 of 5 calls, 2 of 2 prompts and 0 of 0 attempts are whole" in whole.out
    assert 1 == hurt.code
    assert "4 of 5 calls" in hurt.out
    assert f"`autoevol journal compact {run} --salvage` keeps what is whole" in hurt.out
    assert (1, 4) == (exported.code, exported.out.count("\n"))
    assert "Damaged records left out: 1;" in exported.err


def test_compact_saves_what_is_whole(cli: Cli, run: Path) -> None:
    """A damaged journal only where it is told to, and then the damaged file stays."""
    _spoil(run)
    refused = cli("journal", "compact", run)
    done = cli("journal", "compact", run, "--salvage")

    assert 1 == refused.code
    assert "is damaged: 4 of 5 calls are whole." in refused.err
    assert "--salvage" in refused.err
    assert 0 == done.code
    assert "Calls kept: 4 " in done.out
    assert "Calls lost: 1; `autoevol resume` makes them again." in done.out
    assert f"The damaged file is kept as {run / JOURNAL_NAME}.damaged." in done.out
    assert 0 == cli("journal", "verify", run).code


@pytest.mark.parametrize("name", ["export", "verify", "compact"])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [(_remove, "There is no journal"), (_empty, "was never begun"), (shutil.rmtree, "and no run of this name")],
)
def test_what_is_not_there_is_said(cli: Cli, run: Path, name: str, spoil: Callable[[Path], object], words: str) -> None:
    """One sentence, and no file is made."""
    spoil(run)
    said = cli("journal", name, run)

    assert said.code in {1, 2}
    assert words in said.err
    assert 1 == said.err.count("\n")


async def test_a_run_at_work_is_not_compacted(cli: Cli, run: Path) -> None:
    """The sentence that everybody gets who wants to write there."""
    with Journal(run):
        assert "is in use by process" in cli("journal", "compact", run).err
        assert 0 == cli("journal", "verify", run).code
