"""The calls of a journal as JSON Lines, one object a call, without holding them in memory."""

from __future__ import annotations

import json
import math
import sqlite3
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from ..outcomes import NoAnswer, Outcome
from .journal_file import JOURNAL_NAME, SQLITE_ERRORS, open_for_reading, sqlite_trouble, version_of
from .migration import OLD_CALL_COLUMNS, old_finished
from .packing import PackingError
from .rows import CALL_COLUMNS, call_row, key_out, outcome_in
from .texts import read_request, stored_text

__all__ = ["export_calls"]

_CRC, _REQUEST = CALL_COLUMNS.index("crc"), CALL_COLUMNS.index("request")


def export_calls(path: Path, *, prompts: bool = False) -> Iterator[bytes | None]:
    """Lines of valid UTF-8, ordered by stage, place and key; None for each record that is damaged.

    A run may be at work: what it adds meanwhile is not told. Half of a surrogate pair, which UTF-8 does not have,
    becomes a question mark; a number that JSON does not have becomes null.

    Args:
        path: `journal.sqlite`, or the folder of the run.
        prompts: tell what was asked too: `turns`, `decoding`, `form`.

    Raises:
        StorageError: there is no journal, it was never begun, or it is damaged so that it cannot be read on.
    """
    path = path / JOURNAL_NAME if path.is_dir() else path
    with closing(open_for_reading(path)) as connection:
        try:
            tell = _old_teller(connection) if version_of(connection, path) == 1 else _teller(connection)
            # Numbers alone are sorted and kept: 8 bytes a call. A long reading would hold up the log of a run at work.
            numbers = array("q", (row[0] for row in connection.execute(
                "SELECT rowid FROM calls ORDER BY stage, place, key")))  # fmt: skip
            for number in numbers:
                try:
                    yield _line(_object(*tell(number), prompts=prompts))
                except PackingError:
                    yield None
        except SQLITE_ERRORS as error:
            raise sqlite_trouble(error, path) from error


_Teller = Callable[[int], "tuple[tuple[Any, ...], Outcome, dict[str, Any]]"]


def _teller(connection: sqlite3.Connection) -> _Teller:
    """Gives the row of a call, its outcome and what was asked."""
    query = f"SELECT {','.join(CALL_COLUMNS)} FROM calls WHERE id=?"  # noqa: S608

    @lru_cache(512)
    def text_of(number: int) -> str | None:
        row = connection.execute("SELECT text, crc FROM prompts WHERE id=?", (number,)).fetchone()
        try:
            return None if row is None else stored_text(number, *row)
        except PackingError:
            return None

    def tell(number: int) -> tuple[tuple[Any, ...], Outcome, dict[str, Any]]:
        row = connection.execute(query, (number,)).fetchone()
        return row, outcome_in(row), read_request(row[_REQUEST], text_of)

    return tell


def _old_teller(connection: sqlite3.Connection) -> _Teller:
    query = f"SELECT {','.join(OLD_CALL_COLUMNS)} FROM calls WHERE rowid=?"  # noqa: S608

    def tell(number: int) -> tuple[tuple[Any, ...], Outcome, dict[str, Any]]:
        finished = old_finished(connection.execute(query, (number,)).fetchone())
        asked = finished.request
        turns = [[turn.speaker, turn.text] for turn in asked.turns]
        told = {"decoding": asdict(asked.decoding), "form": asked.form, "sample": asked.sample, "turns": turns}
        return call_row(finished, b""), finished.outcome, told

    return tell


def _object(row: tuple[Any, ...], outcome: Outcome, asked: dict[str, Any], *, prompts: bool) -> dict[str, Any]:
    named = dict(zip(CALL_COLUMNS[:_CRC], row[:_CRC], strict=True))
    named |= {"key": key_out(named["key"]), "estimated": bool(named["estimated"]), "sample": asked["sample"]}
    if isinstance(outcome, NoAnswer):
        named |= {"detail": outcome.detail}
    else:
        named |= {"text": outcome.text}
        for name in ("reasoning", "adapted", "vector"):
            if value := getattr(outcome, name):
                named[name] = value
        if outcome.scores:
            named["scores"] = [[score.token, score.logprob] for score in outcome.scores]
        if outcome.likely:
            named["likely"] = [[place.token, place.others] for place in outcome.likely]
    return (
        {**named, "turns": asked["turns"], "decoding": asked["decoding"], "form": asked["form"]} if prompts else named
    )


def _line(value: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in cast("list[Any]", value)]
    return value
