"""How far each instruction lies from its nearest one, and which of them repeat each other, over any number of rows.

Vectors stand in a file, not in memory, and are met block by block; kept in memory are four numbers a row. Distances
are squared and Euclidean, of vectors of length 1, as the authors' flat index gives them (Magpie, section 3.2).
Unlike there, a row is never its own neighbour: two rows of the same words are at distance 0 from each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ....agents.gateway.errors import StorageError

__all__ = ["VECTORS", "Neighbours", "VectorFile", "neighbours_of"]

VECTORS = "vectors.f32"
"""Name of the file of vectors in the folder of a part."""
_BLOCK = 1024
Floats = npt.NDArray[np.float32]


class VectorFile:
    """Vectors of one length in a file. What is written again stands where it stood; nothing is cut off.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        """Length of a vector; 0 before the first."""
        self.count = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> VectorFile:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("r+b" if self.path.exists() else "w+b")
        except OSError as error:
            raise _unwritten(self.path, error) from error
        return self

    def add(self, vector: tuple[float, ...]) -> int | None:
        """Keep a vector, scaled to length 1; its number, or None where its length is 0 or another than those before.

        Raises:
            StorageError: the disk is full.
        """
        values = np.asarray(vector, np.float32)
        norm = float(np.linalg.norm(values))
        self.size = self.size or len(values)
        if len(values) != self.size or not norm or not np.isfinite(norm) or self._file is None:
            return None
        try:
            self._file.write((values / norm).astype("<f4").tobytes())
        except OSError as error:
            raise _unwritten(self.path, error) from error
        self.count += 1
        return self.count - 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """By number of the vector.

    Args:
        distance: squared distance to the nearest other one; infinite where there is no other.
        nearest: number of that one; the smallest of several.
        repeats: how many others are nearer than the bound.
        first: the smallest number among those and itself.
    """

    distance: Floats
    nearest: npt.NDArray[np.int64]
    repeats: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]


def neighbours_of(path: Path, size: int, count: int, bound: float) -> Neighbours:
    """Compare all vectors of a file with all others.

    Args:
        path: of the file.
        size, count: length of a vector, and how many there are.
        bound: squared distance under which two repeat each other.

    Returns:
        arrays of shape (count,).
    """
    found = Neighbours(
        np.full(count, np.inf, np.float32), np.full(count, -1), np.zeros(count, np.int64), np.arange(count)
    )
    if count < 2:
        return found
    vectors: Any = np.memmap(path, np.dtype("<f4"), "r", shape=(count, size))
    for start in range(0, count, _BLOCK):
        rows = np.array(vectors[start : start + _BLOCK])
        for other in range(0, count, _BLOCK):
            _meet(found, rows, np.array(vectors[other : other + _BLOCK]), start, other, bound)
    return found


def _meet(found: Neighbours, rows: Floats, others: Floats, start: int, other: int, bound: float) -> None:
    """Take one block of others into account for one block of rows."""
    distance = np.maximum(2 - 2 * (rows @ others.T), 0).astype(np.float32)
    if start == other:
        np.fill_diagonal(distance, np.inf)
    place = slice(start, start + len(rows))
    at = distance.argmin(axis=1)
    least = distance[np.arange(len(rows)), at]
    nearer = least < found.distance[place]
    found.nearest[place] = np.where(nearer, at + other, found.nearest[place])
    found.distance[place] = np.minimum(found.distance[place], least)
    near = distance < bound
    found.repeats[place] += near.sum(axis=1)
    first = np.where(near.any(axis=1), near.argmax(axis=1) + other, found.first[place])
    found.first[place] = np.minimum(found.first[place], first)


def _unwritten(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be written: {error.strerror or type(error).__name__}.",
        fix="Make room or give write permission, then `autoevol resume`.",
    )
