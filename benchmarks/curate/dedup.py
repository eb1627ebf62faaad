"""Near-duplicates among many rows: time, memory, what is found; and the same by datasketch, where it is installed.

The rows are sentences of a made-up vocabulary with the word frequencies of a language (Zipf). A fifth are twins that are
known: the same but for case, one word in twenty changed, or another text with nearly the same embedding.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autoevol.optimizer.curate.duplicates.cosine import cosine_twins
from autoevol.optimizer.curate.duplicates.dedup import same_rows, sign_of
from autoevol.optimizer.curate.duplicates.minhash import bands_of, minhash_twins
from autoevol.optimizer.curate.duplicates.shingles import Packed, Shingles, jaccard
from autoevol.optimizer.curate.duplicates.twins import Twin

_JACCARD, _COSINE, _PERMUTATIONS = 0.7, 0.95, 128
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Made:
    """Texts, a vector of each, and for each twin that was made the row that it is a twin of, by kind."""

    texts: list[str]
    vectors: _Floats
    twins: dict[str, dict[int, int]]


def main(arguments: Sequence[str]) -> None:
    """Print what each stage took and found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curate dedup")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--numbers", type=int, default=384, help="in an embedding")
    told = parser.parse_args(arguments)
    made = _made(told.rows, told.numbers)
    before = _memory()
    print(f"{told.rows:,} rows of {sum(map(len, made.texts)) // told.rows:,} characters; {before:,.0f} MiB with all of them")
    order, whole = list(range(told.rows)), time.perf_counter()
    order, exact = _timed("exact", order, lambda rows: same_rows([sign_of([text]) for text in made.texts], rows))
    start = time.perf_counter()
    packed = _packed(made.texts)
    print(f"  shingles       {time.perf_counter() - start:6.1f} s")
    remaining = order
    order, near = _timed(
        "minhash", order, lambda rows: minhash_twins(packed, rows, _JACCARD, _PERMUTATIONS, 0, "benchmark")
    )
    order, alike = _timed("embedding", order, lambda rows: cosine_twins(made.vectors, rows, _COSINE))
    print(f"  in all         {time.perf_counter() - whole:6.1f} s, {len(order):,} stay; {_memory() - before:,.0f} MiB more")
    for name, found in (("exact", exact), ("minhash", near), ("embedding", alike)):
        known = made.twins[name]
        missed = [row for row, of in known.items() if row not in found and row in {*remaining, *exact}]
        print(f"  {name}: {len(known):,} twins were made, {len(missed):,} of them were not found")
    _against_datasketch(packed, remaining, near)


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
    name: str, order: list[int], find: Callable[[list[int]], object]
) -> tuple[list[int], dict[int, Twin]]:  # fmt: skip
    start = time.perf_counter()
    found = {twin.row: twin for twin in find(order)}  # type: ignore[attr-defined]
    took = time.perf_counter() - start
    print(f"  {name:<14} {took:6.1f} s, {len(found):,} of {len(order):,} left out")
    return [row for row in order if row not in found], found


def _memory() -> float:
    """The most that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _against_datasketch(packed: Packed, order: Sequence[int], ours: dict[int, Twin]) -> None:
    """The same rule with datasketch's signatures and tables, and the same bands."""
    try:
        from datasketch import MinHash, MinHashLSH  # noqa: PLC0415
    except ImportError:
        print("  datasketch is not installed: nothing to hold it against")
        return
    start = time.perf_counter()
    table = MinHashLSH(num_perm=_PERMUTATIONS, params=bands_of(_JACCARD, _PERMUTATIONS))
    found: dict[int, int] = {}
    for row in order:
        sign = MinHash(num_perm=_PERMUTATIONS)
        sign.update_batch([int(code).to_bytes(4, "little") for code in packed.of(row)])
        near = [(jaccard(packed.of(row), packed.of(other)), -other) for other in table.query(sign)]
        best = max(near, default=(0.0, 0))
        if best[0] >= _JACCARD:
            found[row] = -best[1]
        else:
            table.insert(row, sign)
    print(f"  datasketch     {time.perf_counter() - start:6.1f} s for minhash alone, {len(found):,} left out")
    mine = {row: twin.of for row, twin in ours.items()}
    print(f"  the same rows are left out for the same twins: {mine == found}")
    for row in sorted(mine.keys() ^ found.keys())[:5]:
        print(f"    differs: row {row}, ours {mine.get(row)}, datasketch {found.get(row)}")


if __name__ == "__main__":
    raise SystemExit("Run: python -m benchmarks.curate dedup")
