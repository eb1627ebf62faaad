"""The filter that runs code, on problems whose solutions are known: what it must let through, and what it must not.

    python -m benchmarks.execution_filter ../shared/data/humaneval.jsonl.gz

Every canonical solution must pass its tests. Programs without sense (they do nothing, or return one constant) must fail
them; where one passes, the tests are vacuous. It asks no model.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio

from autoevol.optimizer.curate.answers.unit_tests import USUAL, solution_program, stub_program, vacuous_by
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.record.settings import SeedSettings
from autoevol.optimizer.scoring.sandbox import run_program

Found = dict[tuple[str, str], str]


async def measure(seeds: list[Seed]) -> Found:
    """What each program of each problem came to: `passed`, or why not."""
    found: Found = {}

    async def one(seed: Seed, name: str, program: str) -> None:
        found[seed.id, name] = (await run_program(program)).detail

    async with anyio.create_task_group() as tasks:
        for seed in seeds:
            for name, program in _programs(seed):
                tasks.start_soon(one, seed, name, program)
    return found


def _programs(seed: Seed) -> Iterator[tuple[str, str]]:
    if seed.tests is None:
        return
    solution = solution_program(seed.instruction.text, seed.response or "", seed.tests)
    yield "canonical solutions that pass", solution[0] if solution else "raise ValueError('no program')"
    yield "tests that no usual constant passes", stub_program(seed.tests, USUAL) or ""
    yield "tests that no constant passes, their own ones included", stub_program(seed.tests) or ""


def main(words: list[str]) -> None:
    """Run all, and print a row for each kind of program, then the problems that are none of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problems", type=Path)
    source = open_seeds(SeedSettings(source=str(parser.parse_args(words).problems)))
    seeds = [seed for seed in source if seed.tests is not None]
    start = time.perf_counter()
    found = anyio.run(measure, seeds)
    lines = [f"{len(seeds)} problems, {len(found)} runs in {time.perf_counter() - start:.1f} s", "", "| | problems |",
             "| --- | --- |"]  # fmt: skip
    for name in dict.fromkeys(name for _, name in found):
        good = [seed for seed in seeds if found[seed.id, name] == "passed"]
        lines.append(f"| {name} | {len(good)} of {len(seeds)} |")
    lines += [f"{seed}: {name}: {vacuous_by(why) or why}" for (seed, name), why in found.items() if why != "passed"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
