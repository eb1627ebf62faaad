"""k-center over many rows: time and memory; and what DiverseEvol's own code chooses, where a clone of it is named.

python -m benchmarks.curate k-center --clone PATH/OF/DiverseEvol     (its class needs torch)
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import sys
import time
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autoevol.optimizer.curate.k_center import k_center
from autoevol.optimizer.curate.vendi import vendi_score
from benchmarks.gateway.tables import Table, say

Floats = npt.NDArray[np.float32]


def main(arguments: Sequence[str]) -> None:
    """Print what the choice took, and whether the authors' code chooses the same.

    Raises:
        AssertionError: it does not.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curate k-center")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--numbers", type=int, default=384, help="in a vector")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--start", type=int, default=100)
    parser.add_argument("--clone", type=Path, help="of DiverseEvol")
    parser.add_argument("--against", type=int, default=3000, help="rows that both choose from")
    told = parser.parse_args(arguments)
    vectors = clustered(told.rows, told.numbers, 1)
    # What the libraries of linear algebra want for themselves is taken before.
    k_center(vectors[:1000], range(10), 20)
    before, began, busy = memory(), time.perf_counter(), time.process_time()
    found = k_center(vectors, range(told.start), told.count)
    took, busy, more = time.perf_counter() - began, time.process_time() - busy, memory() - before
    began = time.perf_counter()
    score = vendi_score(vectors, found.order)
    table: Table = [("measure", "value")]
    table += [
        (f"{told.count:,} of {told.rows:,} rows of {told.numbers} numbers", f"{took:.1f} s (CPU {busy:.1f} s)"),
        (f"memory beside the vectors ({vectors.nbytes / 2**20:.0f} MiB)", f"{more:.1f} MiB"),
        ("radius at the start, at the end", f"{found.radius[0]:.3f}, {found.left:.3f}"),
        (f"Vendi score of the choice ({time.perf_counter() - began:.2f} s)", f"{score:.1f}"),
    ]
    if told.clone is not None:
        _against(told.clone, vectors[: told.against], told.start, min(told.count, told.against // 3), table)
    say("k-center greedy", table, 1)


def clustered(rows: int, numbers: int, seed: int) -> Floats:
    """Vectors of length 1 round as many middles as the root of their number, as those of texts lie."""
    draws = np.random.default_rng(seed)
    middles = draws.standard_normal((max(1, int(rows**0.5)), numbers), dtype=np.float32)
    made = middles[draws.integers(len(middles), size=rows)]
    made += 0.8 * draws.standard_normal((rows, numbers), dtype=np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


def memory() -> float:
    """The most that this process had so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _against(clone: Path, vectors: Floats, start: int, count: int, table: Table) -> None:
    began = time.perf_counter()
    ours = k_center(vectors, range(start), count)
    took = time.perf_counter() - began
    before, began = memory(), time.perf_counter()
    theirs = _official(clone, vectors, start, count)
    theirs_took, theirs_more = time.perf_counter() - began, memory() - before
    if set(ours.order) != theirs:
        raise AssertionError("DiverseEvol's code chooses other rows")
    table.append((f"{count:,} of {len(vectors):,}: ours", f"{took:.2f} s"))
    table.append(("the same by DiverseEvol's code", f"{theirs_took:.2f} s, {theirs_more:.0f} MiB, the same rows"))


def _official(clone: Path, vectors: Floats, start: int, count: int) -> set[int]:
    """The rows that its k-center class has after one query. What it imports for training is left away."""
    torch: Any = importlib.import_module("torch")
    base, helpers = types.ModuleType("evol_schedule_base"), types.ModuleType("utils")
    base.EvolSchedule = object  # type: ignore[attr-defined]
    helpers.compute_kernel_bias = helpers.transform_and_normalize = None  # type: ignore[attr-defined]
    sys.modules |= {"evol_schedule_base": base, "utils": helpers}
    torch.distributed.get_rank = lambda: 0
    file = clone / "evol_schedules" / "kcenter_sampling.py"
    spec = importlib.util.spec_from_file_location("kcenter_sampling", file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{file} is not there.")
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    schedule = module.KCenterSampling.__new__(module.KCenterSampling)
    schedule.whiten_n_components = -1
    schedule.n_pool = len(vectors)
    schedule.labeled_idx = torch.zeros(len(vectors), dtype=bool)
    schedule.labeled_idx[:start] = True

    def embeddings(**_: object) -> list[Any]:
        return list(torch.from_numpy(vectors))

    schedule.get_embeddings_all_data = embeddings
    new = schedule.query(rd=1, n=count - start, use_model_path="")
    return {*range(start), *(int(row) for row in new)}
