"""Vectors of rows, as one matrix: from the role embedder, through the gateway as all calls, or of hashed words.

The matrix stands in the order of the ids, whatever the order of the rows is, and its numbers are multiples of 2⁻¹¹. So
every sum in a product of two of its vectors is exact in 32 bits, and the same on any machine, with any number of
threads and in any order: what is chosen by cosines does not hang on how they were added up. It costs a cosine about
0.0002 (one standard deviation; 0.001 at most among 10⁶ pairs). Lengths are not quite 1 after it, by up to 0.0005: where
a cosine is compared with a bound or reported, the product is divided by both (`lengths.py`). Small matrices are in
memory; a larger one is a file in the part's folder, of which the system keeps what fits, until the part is done.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from anyio import to_thread
from pydantic import JsonValue

from ...agents.embedder import EmbedAllTask, EmbeddedAll
from ...agents.gateway.errors import StorageError, UsageError
from ...agents.team import Journey
from ..record.curating.vectors import EmbedSettings
from ..record.run import Run
from .choice import Why
from .hashed import WIDTH, hashed_vectors
from .rows import CurateRow, Rows

__all__ = ["SIDES", "VECTORS", "RowVectors", "by_side", "on_grid", "remove_vectors", "vectors_of"]

VECTORS = "vectors.f32"
"""Name of the file of a large matrix, in the folder of a part."""
Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]
SIDES: Mapping[str, str] = {"instruction": "", "both": ", of both texts", "response": ", of responses"}
"""What coverage is measured by, the first that there is."""
_GRID = 2048.0
_IN_MEMORY = 64 * 2**20
_TOGETHER = 64
_BLOCK = 4096
_NO_VECTOR = "no-vector"


@dataclass(frozen=True, slots=True)
class RowVectors:
    """The vectors of the rows that have one.

    Args:
        matrix: (m, d), float32, of about length 1, in the order of the ids; may be a memory map.
        index: (m,), the row of each.
        missing: row → why it has none.
        label: where they are from.
        lines: for the story.
    """

    matrix: Floats
    index: Whole
    missing: Mapping[int, Why]
    label: str
    lines: tuple[str, ...] = ()

    @property
    def figures(self) -> dict[str, JsonValue]:
        """For curation.json."""
        return {"vectors": self.label, "numbers": int(self.matrix.shape[1]), "without": len(self.missing)}

    def rows(self, places: Sequence[int]) -> list[int]:
        """Places in the matrix as rows."""
        return [int(self.index[place]) for place in places]


async def vectors_of(
    run: Run, part: EmbedSettings, place: str, rows: Rows, wanted: Container[int] | None = None
) -> RowVectors:  # fmt: skip
    """The vector of every row that is wanted, as the settings say.

    Args:
        run: the run.
        part: which text of a row, and who makes vectors.
        place: folder of the part, and stage of its calls.
        rows: what there is.
        wanted: those that are still to be looked at; None for all. Others cost nothing, and are nowhere in the result.

    Raises:
        SessionStopped: budget, key, quota or outage.
        UsageError: no row is wanted, or none has a vector.
        StorageError: the file of vectors cannot be written.
    """
    some = _Some(rows, wanted)
    named: list[tuple[str, int]] = []
    foreign = 0
    for row in some:
        named.append((row.seed.id, row.index))
        foreign += row.seed.instruction.language != "en"
    if not named:
        raise UsageError(
            "No row is left whose vector could be looked at.", fix="Loosen what rows must meet before that."
        )
    order = [index for _, index in sorted(named)]
    places = {index: at for at, index in enumerate(order)}
    store = _Store(run.folder.path / place / VECTORS, places)
    lines: tuple[str, ...] = ()
    if part.asks_embedder:
        seat = run.settings.roles.embedder
        label = seat.model if seat.model == seat.endpoint else f"{seat.model} at {seat.endpoint}"
        if foreign and run.settings.endpoints[seat.endpoint].packaged is not None:
            lines = (
                f"{foreign:,} rows are not in English, which is all that {seat.model} reads: name another embedder",
            )
        await _embedded(run, part, place, some, len(order), store)
    else:
        label = f"hashed words (TF-IDF, {WIDTH} numbers; no model)"
        await to_thread.run_sync(partial(_hashed, part, some, store))
    return store.closed(np.array(order, np.int64), label, lines)


def by_side(found: RowVectors, side: str) -> RowVectors:
    """The same, with the texts that they are of in the label, where these are not instructions."""
    return replace(found, label=f"{found.label}{SIDES[side]}")


def on_grid(vector: npt.ArrayLike) -> Floats | None:
    """A vector of about length 1 in multiples of 2⁻¹¹; None where it has no length or a number that is none."""
    values = np.asarray(vector, np.float64)
    length = float(np.linalg.norm(values))
    if not length or not np.isfinite(length):
        return None
    return (np.rint(values / length * _GRID) / _GRID).astype(np.float32)


class _Some:
    """The rows that are wanted, to be read again and again."""

    def __init__(self, rows: Rows, wanted: Container[int] | None) -> None:
        self._rows = rows
        self._wanted = wanted

    def __iter__(self) -> Iterator[CurateRow]:
        wanted = self._wanted
        return iter(self._rows) if wanted is None else (row for row in self._rows if row.index in wanted)


class _Store:
    """Takes vectors in any order.

    Args:
        path: of the file, where there has to be one.
        places: place in the matrix by row.
    """

    def __init__(self, path: Path, places: Mapping[int, int]) -> None:
        self._path = path
        self._places = places
        self._matrix: Any = None
        self._here = np.zeros(len(places), np.bool_)
        self._missing: dict[int, Why] = {}

    def take(self, index: int, vector: npt.ArrayLike, fault: str = "") -> None:
        """Keep the vector of a row, or why it has none."""
        values = None if fault else on_grid(vector)
        if values is None:
            self._missing[index] = Why(_NO_VECTOR, fault or "its vector has no length")
            return
        if self._matrix is None:
            self._matrix = self._made(len(values))
        if len(values) != self._matrix.shape[1]:
            words = f"its vector has {len(values)} numbers, and those before it {self._matrix.shape[1]}"
            self._missing[index] = Why(_NO_VECTOR, words)
            return
        self._matrix[self._places[index]] = values
        self._here[self._places[index]] = True

    def closed(self, order: Whole, label: str, lines: tuple[str, ...]) -> RowVectors:
        """The matrix, without the rows that have none.

        Args:
            order: row by place.
            label: where the vectors are from.
            lines: what else there is to tell.
        """
        if self._matrix is None:
            first = next(iter(self._missing.values()), Why(_NO_VECTOR, "there are no rows"))
            raise UsageError(f"No row has a vector: {first.detail}.", fix="Look at the endpoint of the role embedder.")
        here = np.flatnonzero(self._here)
        for begin in range(0, len(here), _BLOCK):
            some = here[begin : begin + _BLOCK]
            if some[0] != begin or some[-1] - some[0] != len(some) - 1:
                self._matrix[begin : begin + len(some)] = self._matrix[some]
        lines = (*lines, *((f"{len(self._missing):,} rows have no vector",) if self._missing else ()))
        return RowVectors(self._matrix[: len(here)], order[here], self._missing, label, lines)

    def _made(self, width: int) -> Any:
        shape = (len(self._places), width)
        if 4 * shape[0] * width <= _IN_MEMORY:
            return np.zeros(shape, np.float32)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("wb") as file:
                _allocate(file.fileno(), 4 * shape[0] * width)
            return np.memmap(self._path, np.dtype("<f4"), "r+", shape=shape)
        except OSError as error:
            remove_vectors(self._path.parent)
            raise StorageError(
                f"{self._path} cannot be written: {error.strerror or type(error).__name__}.",
                fix="Make room or give write permission, then `autoevol resume`.",
            ) from error


def _allocate(file: int, size: int) -> None:
    """Take the room of a file now: a disk that is found full while a memory map is written kills the process."""
    os.truncate(file, size)
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file, 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # a file system that cannot say
            raise


def remove_vectors(folder: Path) -> None:
    """Take the file of a large matrix away, when a part is done with it."""
    with suppress(OSError):  # in use still, on systems that then refuse: the next run of the part writes it anew
        (folder / VECTORS).unlink(missing_ok=True)


async def _embedded(
    run: Run, part: EmbedSettings, place: str, rows: Iterable[CurateRow], count: int, store: _Store
) -> None:  # fmt: skip
    tick = run.phase(None, place, count)
    waiting: dict[str, list[int]] = {}

    def tasks() -> Iterator[EmbedAllTask]:
        for number, some in enumerate(_batches(_with_text(part, rows, store)), 1):
            name = f"{place}/vectors/{number:05}"
            waiting[name] = [row.index for row, _ in some]
            texts = tuple((f"{place}/{row.seed.id}/vector", text) for row, text in some)
            yield EmbedAllTask(id=name, stage=place, texts=texts)

    async def deliver(journey: Journey) -> None:
        run.heard(journey)
        task, reply = journey[0], journey[-1]
        assert isinstance(reply, EmbeddedAll)  # noqa: S101  the cast answers its tasks so
        for index, vector, fault in zip(waiting.pop(task.id), reply.vectors, reply.faults, strict=True):
            store.take(index, vector, fault)
            tick()

    await run.team.work(tasks(), lambda _: None, deliver)


def _batches(rows: Iterable[tuple[CurateRow, str]]) -> Iterator[list[tuple[CurateRow, str]]]:
    left = iter(rows)
    while some := list(islice(left, _TOGETHER)):
        yield some


def _hashed(part: EmbedSettings, rows: Iterable[CurateRow], store: _Store) -> None:
    vectors = hashed_vectors(lambda: (row.text(part.of) for row in rows))
    for row, vector in zip(rows, vectors, strict=True):
        store.take(row.index, () if vector is None else vector, "" if vector is not None else "it has no word")


def _with_text(part: EmbedSettings, rows: Iterable[CurateRow], store: _Store) -> Iterator[tuple[CurateRow, str]]:
    """Rows whose text is none are not asked about: endpoints refuse them."""
    for row in rows:
        text = row.text(part.of)
        if text.strip():
            yield row, text
        else:
            store.take(row.index, (), "it has no text")
