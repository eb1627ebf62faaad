"""Near-duplicates among many rows: time, memory, what is found; and the same by datasketch, where it is installed.

The rows are sentences of a made-up vocabulary with the word frequencies of a language (Zipf). A fifth are twins that
are known: the same but for case, one word in twenty changed, or another text with nearly the same embedding.
"""

from __future__ import annotations

import argparse
import importlib
import random
import resource
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autoevol.optimizer.curate.duplicates.cosine import cosine_twins
from autoevol.optimizer.curate.duplicates.dedup import same_rows, sign_of
from autoevol.optimizer.curate.duplicates.minhash import bands_of, minhash_twins
from autoevol.optimizer.curate.duplicates.shingles import Packed, Shingles, jaccard
from autoevol.optimizer.curate.duplicates.twins import Twin
from benchmarks.gateway.tables import Table, say

_JACCARD, _COSINE, _PERMUTATIONS = 0.7, 0.95, 128
_MINHASH = (_JACCARD, _PERMUTATIONS, 0, "benchmark")
_HEAD: Table = [("stage", "time", "left out", "known twins not found")]
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Made:
    """Texts, a vector of each, and for each twin that was made the row that it is a twin of, by kind."""

    texts: list[str]
    vectors: _Floats
    twins: dict[str, dict[int, int]]


def main(arguments: Sequence[str]) -> None:
    """Print what each stage took and found.

    Raises:
        AssertionError: datasketch leaves out other rows, or for other twins.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curate dedup")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--numbers", type=int, default=384, help="in an embedding")
    told = parser.parse_args(arguments)
    made, table = _made(told.rows, told.numbers), _HEAD[:]
    before, start = _memory(), time.perf_counter()
    every = list(range(told.rows))
    order, exact = _timed(table, "exact", every, lambda rows: same_rows([sign_of([t]) for t in made.texts], rows))
    packing = time.perf_counter()
    packed, left = _packed(made.texts), order
    table.append(("shingles", f"{time.perf_counter() - packing:.1f} s", "", ""))
    order, near = _timed(table, "minhash", order, lambda rows: minhash_twins(packed, rows, *_MINHASH))
    order, alike = _timed(table, "embedding", order, lambda rows: cosine_twins(made.vectors, rows, _COSINE))
    took, memory = time.perf_counter() - start, _memory()
    for name, found in (("exact", exact), ("minhash", near), ("embedding", alike)):
        missed = sum(row not in found for row in made.twins[name])
        place = next(number for number, line in enumerate(table) if line[0] == name)
        table[place] = (*table[place][:3], f"{missed:,} of {len(made.twins[name]):,}")
    table.append(("in all", f"{took:.1f} s", f"{told.rows - len(order):,}", ""))
    table += _datasketch(packed, left, {row: twin.of for row, twin in near.items()})
    size = sum(map(len, made.texts)) // told.rows
    rows = f"{told.rows:,} rows of {size:,} characters"
    say(f"{rows}; at most {memory:,.0f} MiB, {before:,.0f} of them texts and vectors", table, 1)


def _made(count: int, numbers: int) -> _Made:
    draw, some = random.Random(7), np.random.default_rng(7)
    words = [f"{first}{second}{third}" for first in ("ka", "lo", "mi", "tu", "re") for second in "bdfgklmnprst"
             for third in ("an", "el", "is", "or", "um", "eth", "ing", "ous", "ra", "sen")]  # fmt: skip
    words += [f"{one}{other}" for one in words[:200] for other in words[:100]]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    plain = count * 4 // 5
    texts = [" ".join(draw.choices(words, weights, k=draw.randint(15, 80))).capitalize() + "." for _ in range(plain)]
    vectors = some.normal(size=(count, numbers)).astype(np.float32)
    twins: dict[str, dict[int, int]] = {"exact": {}, "minhash": {}, "embedding": {}}
    for row in range(plain, count):
        kind, of = ("exact", "minhash", "embedding")[row % 3], draw.randrange(plain)
        twins[kind][row] = of
        if kind == "embedding":
            texts.append(" ".join(draw.choices(words, weights, k=40)))
            vectors[row] = vectors[of] + 0.15 * vectors[row]
        else:
            texts.append(texts[of].upper() if kind == "exact" else _changed(texts[of], words, draw))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return _Made(texts, vectors, twins)


def _changed(text: str, words: Sequence[str], draw: random.Random) -> str:
    parts = text.split()
    for _ in range(max(1, len(parts) // 20)):
        parts[draw.randrange(len(parts))] = draw.choice(words)
    return " ".join(parts)


def _packed(texts: Sequence[str]) -> Packed:
    shingles = Shingles("words", 2)
    for text in texts:
        shingles.add(text)
    return shingles.packed()


def _timed(
    table: Table, name: str, order: list[int], find: Callable[[list[int]], Iterable[Twin]]
) -> tuple[list[int], dict[int, Twin]]:
    start = time.perf_counter()
    found = {twin.row: twin for twin in find(order)}
    table.append((name, f"{time.perf_counter() - start:.1f} s", f"{len(found):,}", ""))
    return [row for row in order if row not in found], found


def _memory() -> float:
    """The most that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _datasketch(packed: Packed, order: Sequence[int], ours: Mapping[int, int]) -> Table:
    """The same rule with datasketch's signatures and tables, and the same bands."""
    try:
        library: Any = importlib.import_module("datasketch")
    except ImportError:
        return [("datasketch", "not installed", "", "")]
    start = time.perf_counter()
    table = library.MinHashLSH(num_perm=_PERMUTATIONS, params=bands_of(_JACCARD, _PERMUTATIONS))
    found: dict[int, int] = {}
    for row in order:
        sign = library.MinHash(num_perm=_PERMUTATIONS)
        sign.update_batch([int(code).to_bytes(4, "little") for code in packed.of(row)])
        near: list[tuple[float, int]] = [
            (jaccard(packed.of(row), packed.of(other)), -other) for other in table.query(sign)
        ]
        similarity, of = max(near, default=(0.0, 0))
        if similarity >= _JACCARD:
            found[row] = -of
        else:
            table.insert(row, sign)
    took = time.perf_counter() - start
    if found != ours:
        raise AssertionError(f"datasketch differs in {sorted(found.items() ^ ours.items())[:5]}")
    return [("minhash by datasketch, the same rows for the same twins", f"{took:.1f} s", f"{len(found):,}", "")]
