"""Deita's choice over many rows: time and memory; and what Deita's own code chooses, where a clone of it is named.

python -m benchmarks.curate deita --clone PATH/OF/deita     (its filter needs torch and pandas)
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autoevol.optimizer.curate.deita import score_first
from benchmarks.gateway.tables import Table, say

from .k_center import Floats, clustered, memory

Doubles = npt.NDArray[np.float64]


def main(arguments: Sequence[str]) -> None:
    """Print what the choice took, and whether the authors' code chooses the same.

    Raises:
        AssertionError: it does not, or in another order.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curate deita")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--numbers", type=int, default=384, help="in a vector")
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--threshold", type=float, default=0.6, help="under 0.9, so that the made rows meet it")
    parser.add_argument("--clone", type=Path, help="of deita")
    parser.add_argument("--against", type=int, default=2000, help="rows that both choose from")
    told = parser.parse_args(arguments)
    vectors = clustered(told.rows, told.numbers, 2)
    complexity, quality = _scores(told.rows, 3), _scores(told.rows, 4)
    ranking = _ranking(complexity, quality)
    score_first(vectors[:1000], list(range(1000)), 10, told.threshold)
    table: Table = [("measure", "value")]
    for threshold in (0.9, told.threshold):
        before, began, busy = memory(), time.perf_counter(), time.process_time()
        found = score_first(vectors, ranking, told.count, threshold)
        took, busy, more = time.perf_counter() - began, time.process_time() - busy, memory() - before
        words = f"{len(found.order):,} of {told.rows:,} rows of {told.numbers} numbers, threshold {threshold:g}"
        much = f"{took:.1f} s (CPU {busy:.1f} s), {more:.0f} MiB beside the vectors"
        table.append((words, f"{much}; {found.looked_at:,} looked at, {len(found.twins):,} refused"))
    if told.clone is not None:
        _against(told.clone, vectors[: told.against], complexity, quality, told.threshold, table)
    say("Score first, then diversity", table, 1)


def _against(
    clone: Path, vectors: Floats, complexity: Doubles, quality: Doubles, threshold: float, table: Table
) -> None:  # fmt: skip
    rows = len(vectors)
    count = rows // 5
    ranking = _ranking(complexity[:rows], quality[:rows])
    began = time.perf_counter()
    ours = score_first(vectors, ranking, count, threshold)
    took = time.perf_counter() - began
    began = time.perf_counter()
    theirs = _official(clone, vectors, complexity[:rows], quality[:rows], count, threshold)
    theirs_took = time.perf_counter() - began
    if list(ours.order) != theirs:
        raise AssertionError("Deita's code chooses other rows")
    words = f"{len(ours.order):,} of {rows:,}, threshold {threshold:g}, {len(ours.twins):,} refused"
    table.append((f"{words}: ours", f"{took:.2f} s"))
    table.append(("the same by Deita's code", f"{theirs_took:.2f} s, the same rows in the same order"))


def _scores(rows: int, seed: int) -> Doubles:
    return np.random.default_rng(seed).uniform(1, 6, size=rows)


def _ranking(complexity: Doubles, quality: Doubles) -> list[int]:
    return [int(row) for row in np.argsort(-complexity * quality)]


def _official(
    clone: Path, vectors: Floats, complexity: Doubles, quality: Doubles, count: int, threshold: float
) -> list[int]:
    """What its filter keeps, in its order. Only the filter is imported, and no pipeline of models."""
    pandas: Any = importlib.import_module("pandas")
    sys.path.insert(0, str(clone / "src"))
    pipeline, utils = types.ModuleType("deita.pipeline"), types.ModuleType("deita.pipeline.utils")
    utils.sort_key_split = lambda keys: keys.split(",")  # type: ignore[attr-defined]
    sys.modules |= {"deita.pipeline": pipeline, "deita.pipeline.utils": utils}
    module: Any = importlib.import_module("deita.selection.filter")
    chooser = module.Combined_Filter(
        threshold=threshold, data_size=count, chunk_size=100_000, sort_key="complexity,quality", device="cpu",
    )  # fmt: skip
    columns = {
        name: [[value] for value in values] for name, values in (("complexity", complexity), ("quality", quality))
    }
    table = pandas.DataFrame({"idx": range(len(vectors)), "embedding": list(vectors), **columns})
    return [int(row) for row in chooser.filter(table)["idx"]]
