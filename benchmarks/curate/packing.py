"""Packs of 100,000 rows against TRL's own packing: `python -m benchmarks.curate packing [--rows N] [--max-tokens N]`.

The packs are compared in the same run where `trl` is installed (`make test-ecosystem` makes such an environment: run it
with that Python); without it our own figures stand alone. TRL takes a batch of 1,000 rows where nothing is said; here
it gets all rows as one batch, which is what it packs best. Its time is that of `pack_dataset`, which moves the tokens,
too.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import resource
import time
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any, TypeVar

from autoevol.optimizer.curate.packing.fitting import best_fit, first_fit, utilisation
from benchmarks.gateway.tables import Table, say

Value = TypeVar("Value")
_FIRST_FIT_ROWS = 20_000  # it takes the square of the rows


def main(arguments: Sequence[str]) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curate packing")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--max-tokens", type=int, nargs="+", default=[2048, 4096])
    told = parser.parse_args(arguments)
    table: Table = [("rows", "tokens of a pack", "by", "packs", "used", "seconds", "the same packs")]
    for most in told.max_tokens:
        lengths = _lengths(told.rows, most)
        ours, seconds = _timed(partial(best_fit, lengths, most))
        table.append(_line(lengths, most, "autoevol", ours, seconds, ""))
        if importlib.util.find_spec("trl") is not None:
            theirs, seconds = _by_trl(lengths, most)
            same = "yes" if _shape(ours, lengths) == theirs else "no"
            used = f"{sum(lengths) / (most * len(theirs)):.2%}"
            table.append(
                (f"{len(lengths):,}", f"{most:,}", "TRL bfd", f"{len(theirs):,}", used, f"{seconds:.2f}", same)
            )
        few = lengths[:_FIRST_FIT_ROWS]
        plain, seconds = _timed(partial(first_fit, few, most))
        table.append(_line(few, most, "first fit, in order", plain, seconds, ""))
        best, seconds = _timed(partial(best_fit, few, most))
        table.append(_line(few, most, "autoevol", best, seconds, ""))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    say(f"Packing; {memory:,} MiB at most, with the libraries that were loaded", table, 1)
    if any(row[-1] == "no" for row in table):
        raise SystemExit("TRL's packs are others.")


def _lengths(rows: int, most: int) -> list[int]:
    """Lengths like those of answers, the same every time."""
    chance = Random(1)
    return [min(most, 1 + int(chance.lognormvariate(5.6, 0.9))) for _ in range(rows)]


def _timed(work: Callable[[], Value]) -> tuple[Value, float]:
    begun = time.perf_counter()
    value = work()
    return value, time.perf_counter() - begun


def _line(lengths: Sequence[int], most: int, name: str, packs: list[list[int]], seconds: float, same: str) -> Any:
    used = f"{utilisation(packs, lengths, most):.2%}"
    return f"{len(lengths):,}", f"{most:,}", name, f"{len(packs):,}", used, f"{seconds:.2f}", same


def _shape(packs: list[list[int]], lengths: Sequence[int]) -> list[list[int]]:
    return [[lengths[index] for index in pack] for pack in packs]


def _by_trl(lengths: Sequence[int], most: int) -> tuple[list[list[int]], float]:
    """Lengths of the rows in TRL's packs, in its order, and the seconds that packing took."""
    datasets: Any = importlib.import_module("datasets")
    trl: Any = importlib.import_module("trl")
    datasets.disable_progress_bars()
    rows = datasets.Dataset.from_dict({"input_ids": [[1] * length for length in lengths]})
    packed, seconds = _timed(
        lambda: trl.pack_dataset(rows, seq_length=most, strategy="bfd", map_kwargs={"batch_size": len(lengths)})
    )
    return [list(each) for each in packed["seq_lengths"]], seconds
