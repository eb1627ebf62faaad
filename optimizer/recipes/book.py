"""What a recipe keeps its rows in: data and dropped ones, in order, with counts that add up (design, law 3)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from ...agents.messages import Call, Instruction
from ..curate.rows import Told
from ..dataset.conversations import turns_of
from ..dataset.fields import TEXT_FIELDS
from ..dataset.language import language_of
from ..dataset.plain import json_form
from ..dataset.rows import DataRow, DroppedRow, data_object, dropped_object
from ..dataset.seed import Seed
from ..dataset.source import SeedSource
from ..record.run import Run

__all__ = ["Book", "Made", "cost_of", "count_of", "instruction_of", "keys_of", "labels_of", "models_of",
           "prices_of", "rows_of", "with_said"]  # fmt: skip

_LONGEST_LABEL = 100  # characters
_NO_LABELS = {"id", "provenance", "reasoning", "test", "entry_point"}


@dataclass(frozen=True, slots=True)
class Made:
    """Counts of a recipe: taken in + created = out + dropped by reason.

    Args:
        taken: rows that were read.
        created: rows that the recipe made beside them.
        out: rows of data.
        dropped: rows that are none, by reason.
        lines: what else there is to tell, a line each.
    """

    taken: int
    created: int
    out: int
    dropped: dict[str, int]
    lines: tuple[str, ...] = ()

    @property
    def story(self) -> str:
        """In one line."""
        made = f", {self.created:,} made" if self.created else ""
        return f"{self.taken:,} rows in{made}, {self.out:,} out, {sum(self.dropped.values()):,} dropped."


class Book:
    """Opens `dataset.jsonl` and `dropped.jsonl` in the folder of a part of a run; write in the order of the work.

    Args:
        run: the run.
        place: the part, such as `1-magpie`: its folder, and the stage that its calls are booked on.
    """

    def __init__(self, run: Run, place: str) -> None:
        self._data = run.folder.rows(f"{place}/dataset.jsonl")
        self._rest = run.folder.rows(f"{place}/dropped.jsonl")
        self._stack = ExitStack()
        self._dropped: Counter[str] = Counter()
        self._out = 0
        self.taken = 0
        """Rows that were read; the recipe counts them."""
        self.lines: list[str] = []
        """What there is to tell at the end."""

    def __enter__(self) -> Book:
        self._stack.enter_context(self._data)
        self._stack.enter_context(self._rest)
        return self

    def keep(self, row: DataRow) -> None:
        """A row of data.

        Raises:
            StorageError: it cannot be written.
        """
        self.keep_object(data_object(row))

    def keep_object(self, row: Mapping[str, Any]) -> None:
        """A row of data as `dataset.jsonl` has it.

        Raises:
            StorageError: it cannot be written.
        """
        self._data.write(row)
        self._out += 1

    def drop(self, row: DroppedRow) -> None:
        """A row that is none, with its reason.

        Raises:
            StorageError: it cannot be written.
        """
        self._rest.write(dropped_object(row))
        self._dropped[row.reason] += 1

    @property
    def made(self) -> Made:
        """The counts so far; what came out and was not taken in was created."""
        ended = self._out + self._dropped.total()
        return Made(self.taken, max(0, ended - self.taken), self._out, dict(sorted(self._dropped.items())),
                    tuple(self.lines))  # fmt: skip

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


def count_of(rows: Iterable[object]) -> int:
    """How many rows there are; reads them through where they do not know it."""
    return len(rows) if isinstance(rows, Sized) else sum(1 for _ in rows)


def keys_of(calls: Iterable[Call]) -> tuple[str, ...]:
    """Keys of calls in the journal."""
    return tuple(call.key for call in calls)


def cost_of(calls: Iterable[Call]) -> float | None:
    """USD over calls; None where a price is unknown."""
    costs = [call.cost for call in calls]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def prices_of(calls: Iterable[Call]) -> dict[str, float | None]:
    """USD of each call, by its key; None where the price is unknown."""
    return {call.key: call.cost for call in calls}


def models_of(calls: Iterable[Call]) -> tuple[str, ...]:
    """Names of the models that took part, each once."""
    return tuple(dict.fromkeys(call.model for call in calls if call.model))


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL file of ours, one at a time."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def with_said(rows: Iterable[Seed]) -> Iterator[tuple[Seed, Mapping[str, Any]]]:
    """Each row with all that was said of it: by the part before, or by the file that it was read from.

    What a file says of its own making (`provenance`) is left out: its calls are in no journal of this run.
    """
    if isinstance(rows, Told):
        yield from rows.told()
    elif isinstance(rows, SeedSource):
        for row, seed in rows.reading().with_rows():
            said = json_form(row.fields or {})
            yield seed, {name: value for name, value in said.items() if name != "provenance"}
    else:
        yield from ((seed, dict[str, Any]()) for seed in rows)


def labels_of(seed: Seed, said: Mapping[str, Any]) -> dict[str, str]:
    """What a row says of its kind (topic, category, source, ...), which holds for what is made of it, too.

    These are its short texts that are neither instruction nor answer. Figures are left out: they measure a text that
    is no more.
    """
    came = said.get("provenance")
    given: object = cast("Mapping[str, Any]", came).get("given") if isinstance(came, Mapping) else None
    known = {**(cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {}), **said}
    texts = ("", seed.id, seed.instruction.text, seed.bare, seed.response)
    return {
        name: value
        for name, value in known.items()
        if isinstance(value, str) and len(value) <= _LONGEST_LABEL and value not in texts
        and name not in TEXT_FIELDS and name not in _NO_LABELS
    }  # fmt: skip


def instruction_of(row: Mapping[str, Any]) -> Instruction:
    """The instruction of a finished row, with what stands before it."""
    before = tuple(turns_of(row["context"], "context")) if row["context"] else ()
    return Instruction(row["instruction"], row["system"], before, language_of(row["instruction"]))
