"""Pass rates with and without repair, from one large tree of programs and repairs for each task.

Sources: pass@k without bias (Codex, arXiv 2107.03374, section 2.1); repair trees of n_p programs with n_fr repairs
each, k = n_p · (1 + n_fr), estimated by sub-sampling the tree (Self-Repair, arXiv 2306.09896, section 3.3). Sub-samples
are drawn as in its code. Beside each stands the exact value that samples without replacement come to in the mean, which
has no bias: with f_j = C(r - c, n_fr) / C(r, n_fr) as the chance that no repair of program j passes (0 where the
program itself does), a task fails with e_{n_p}(f) / C(N, n_p), e being the elementary symmetric polynomial.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

__all__ = ["Cell", "Program", "pass_at", "table", "unbiased"]


@dataclass(frozen=True, slots=True)
class Program:
    """One program of a task: whether it passed, and whether each of its repairs did (none where it passed)."""

    passed: bool
    repairs: tuple[bool, ...] = ()


Task = Sequence[Program]


@dataclass(frozen=True, slots=True)
class Cell:
    """One place in the table.

    Args:
        programs, repairs: n_p and n_fr.
        rate, spread: mean and standard deviation over bootstrap samples of the whole set.
        exact: the rate without bias.
        baseline: pass@k without repair, of as many samples; None where fewer programs were drawn.
    """

    programs: int
    repairs: int
    rate: float
    spread: float
    exact: float
    baseline: float | None

    @property
    def k(self) -> int:
        """Samples of a model that it takes."""
        return self.programs * (1 + self.repairs)

    def as_row(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "n_p": self.programs, "n_fr": self.repairs, "k": self.k, "pass": self.rate, "std": self.spread,
            "unbiased": self.exact, "pass_at_k_without_repair": self.baseline,
        }  # fmt: skip


def pass_at(drawn: int, passed: int, k: int) -> float:
    """Chance that one of k programs passes, estimated without bias from `drawn` of which `passed` did.

    Raises:
        ValueError: k is more than was drawn.
    """
    if k > drawn:
        raise ValueError(f"pass@{k} cannot be told from {drawn} programs")
    return 1.0 - comb(drawn - passed, k) / comb(drawn, k)


def unbiased(task: Task, programs: int, repairs: int) -> float:
    """Chance that a tree of so many programs with so many repairs each holds one that passes, without bias.

    Raises:
        ValueError: more programs than were drawn.
    """
    if programs > len(task):
        raise ValueError(f"{programs} programs cannot be told from {len(task)}")
    sums = [1.0] + [0.0] * programs
    for program in task:
        fails = _fails(program, repairs, replacement=False)
        for size in range(programs, 0, -1):
            sums[size] += fails * sums[size - 1]
    return 1.0 - sums[programs] / comb(len(task), programs)


def table(
    tasks: Sequence[Task], sizes: tuple[Sequence[int], Sequence[int]], draws: int, chance: random.Random, *,
    replacement: bool,
) -> list[Cell]:  # fmt: skip
    """Every cell, in the order of the sizes.

    Args:
        tasks: each with the same number of programs, at least the largest n_p.
        sizes: n_p, and n_fr.
        draws: bootstrap samples of a cell.
        chance: where draws come from.
        replacement: whether a sample may hold a program or a repair twice.
    """
    cells: list[Cell] = []
    for programs in sizes[0] if tasks else ():
        for repairs in sizes[1]:
            rate, spread = _bootstrap(tasks, (programs, repairs), draws, chance, replacement=replacement)
            exact = sum(unbiased(task, programs, repairs) for task in tasks) / len(tasks)
            cells.append(Cell(programs, repairs, rate, spread, exact, baseline(tasks, programs * (1 + repairs))))
    return cells


def baseline(tasks: Sequence[Task], k: int) -> float | None:
    """pass@k without repair, in the mean over tasks; None where fewer programs were drawn."""
    if not tasks or any(len(task) < k for task in tasks):
        return None
    return sum(pass_at(len(task), sum(each.passed for each in task), k) for task in tasks) / len(tasks)


def _fails(program: Program, repairs: int, *, replacement: bool) -> float:
    """Chance that so many of a program's repairs all fail; repairs that could not be drawn fail."""
    if program.passed:
        return 0.0
    drawn, passed = len(program.repairs), sum(program.repairs)
    if not drawn or not passed:
        return 1.0
    if replacement:
        return ((drawn - passed) / drawn) ** repairs
    return comb(drawn - passed, repairs) / comb(drawn, repairs) if repairs <= drawn else 0.0


def _bootstrap(
    tasks: Sequence[Task], sizes: tuple[int, int], draws: int, chance: random.Random, *, replacement: bool
) -> tuple[float, float]:  # fmt: skip
    """Mean and standard deviation of the pass rate over sub-samples.

    Whether all repairs of a drawn program fail is drawn at once, by its chance: the same distribution, in less time.
    """
    import numpy as np  # noqa: PLC0415  what is drawn is many

    draw = np.random.default_rng(chance.getrandbits(64))
    solved = np.zeros(draws)
    for task in tasks:
        fails = np.array([_fails(program, sizes[1], replacement=replacement) for program in task])
        if replacement:
            chosen = draw.integers(0, len(task), (draws, sizes[0]))
        else:
            chosen = np.argsort(draw.random((draws, len(task))), axis=1)[:, : sizes[0]]
        solved += 1.0 - (draw.random((draws, sizes[0])) < fails[chosen]).all(axis=1)
    rates = solved / len(tasks)
    return float(rates.mean()), float(rates.std())
