"""Rows of a source as they stand there, for those who choose among them: none is left out because it is said twice.

Where seeds are read (`source.py`), a row that says the same as an earlier one is passed over and a conversation is one
seed for each turn of the user. Who chooses rows must see every one, must be able to name the twin of what it leaves
out, and must not take a conversation apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...agents.gateway.errors import UsageError
from ..record.settings import SeedSettings, Settings
from .fields import FieldMap, Pair, input_of, pairs_of, tests_of
from .plain import json_form
from .raw import RawRow, RowStream
from .seed import Seed
from .source import Reading, SeedSource, content_of, open_seeds

__all__ = ["WholeSource", "open_rows", "own_id", "source_of"]

_ID = re.compile(r"[\w.:/@+-]{1,128}")


class WholeSource(SeedSource):
    """Every row of a source: one seed each, with all that stands in the row. Made by `open_rows`.

    Ids are the rows' own (`id`) where each row has one and no two are the same, so that what is chosen does not depend
    on the order of the file; else they are counted, as those of seeds.
    """

    def __init__(self, stream: RowStream, fields: FieldMap, limit: int | None) -> None:
        super().__init__(stream, fields, limit)
        self._named = _all_named(stream)

    def reading(self) -> WholeReading:
        """A new pass."""
        return WholeReading(self._stream, self._fields, self._limit, named=self._named)

    def told(self) -> Iterator[tuple[Seed, Mapping[str, Any]]]:
        """Every row as a seed, and the whole object that it was read from, with values that JSON has: it is written
        again where the row is kept."""
        return ((seed, json_form(row.fields or {})) for row, seed in self.reading().with_rows())


class WholeReading(Reading):
    """One pass over all rows; see `WholeSource`."""

    def __init__(self, stream: RowStream, fields: FieldMap, limit: int | None, *, named: bool) -> None:
        super().__init__(stream, fields, limit)
        self._is_named = named

    def _new_pairs(self, row: RawRow) -> list[tuple[int, Pair]]:
        """The one seed of a row; of a conversation the last turn that is answered."""
        pairs = pairs_of(self._good_fields(row), self._fields)
        return [(0, next((pair for pair in reversed(pairs) if pair[1] is not None), pairs[-1]))]

    def _seeds(self, row: RawRow, pairs: list[tuple[int, Pair]]) -> Iterator[Seed]:
        self._counts["good"] += 1
        self._counts["seeds"] += 1
        fields = self._good_fields(row)
        name = own_id(fields) if self._is_named else f"seed-{self._counts['good']:06d}"
        instruction, response = pairs[0][1]
        yield Seed(
            name, row.line, instruction, response, tests_of(fields, self._fields), input_of(fields, self._fields)
        )

    def _signed(self, row: RawRow, seed: Seed) -> str:
        """All that is said of a row may change what is chosen."""
        return content_of(seed) + json.dumps(row.fields, sort_keys=True, default=str)


def own_id(row: Mapping[str, object]) -> str:
    """How a row names itself; empty where it does not, or not in a word."""
    value = row.get("id")
    text = str(value) if isinstance(value, str) or type(value) is int else ""
    return text if _ID.fullmatch(text) else ""


def _all_named(stream: RowStream) -> bool:
    known: set[str] = set()
    for row in stream.rows():
        if row.fields is None:
            continue
        name = own_id(row.fields)
        if not name or name in known:
            return False
        known.add(name)
    return True


def open_rows(settings: SeedSettings) -> WholeSource:
    """Open a source whose rows are to be chosen from. Raises as `open_seeds`."""
    return open_seeds(settings, WholeSource)


def source_of(settings: Settings) -> SeedSource:
    """The seeds of a run, or its rows where the first thing that it does is to choose among them. As `open_seeds`."""
    chooses = settings.recipe == "make" and settings.make and settings.make[0].SELECTS
    if chooses and not settings.seeds.source:
        raise UsageError("No rows were given.", fix="Name a file of rows, or a data set as hub:OWNER/NAME.")
    return open_rows(settings.seeds) if chooses else open_seeds(settings.seeds)
