"""Search a better method for some seeds, and look at what came out.

From the root of a clone:   python examples/optimize_a_method.py
With a model of your own:   BASE_URL=https://HOST/v1 MODEL=NAME OPENAI_API_KEY=… python examples/optimize_a_method.py

Without BASE_URL it talks to the simulated provider, which needs no key and costs nothing. Its texts mean nothing, but
some methods make it fail more often than others, so there is something to find.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autoevol.optimizer import Moment, optimize, simulated_provider

SEEDS = Path(__file__).parent / "seeds"


def seeds() -> Iterator[dict[str, Any]]:
    """Problems in maths and code: a list, a generator or the name of a file will do."""
    for name in ("maths.jsonl", "code.jsonl"):
        for line in (SEEDS / name).read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def show(moment: Moment) -> None:
    """Called for every item; here a line for each part of the work."""
    if moment.done == 0 and moment.total and not moment.note:
        step = "" if moment.step is None else f"step {moment.step + 1}, "
        print(f"  {step}{moment.part}: {moment.total} items, {moment.calls} calls so far")


def main(base_url: str, model: str, dev: int = 40, test: int = 20) -> None:
    """One run; a cap in calls bounds it whatever happens."""
    found = optimize(
        seeds(), base_url=base_url, model=model, budget={"calls": 5000}, name="example", progress=show,
        search={"steps": 2, "batch": 6, "candidates": 2, "dev": dev, "test": test}, apply_limit=10,
    ).raise_if_stopped()  # fmt: skip

    print(f"\n{found.run.story}\n")
    print(f"Better than the start on unseen seeds: {'yes' if found.confirmed else 'not shown'}.")
    print("The method that goes on:")
    for number, clause in enumerate(found.best.clauses, 1):
        print(f"  {number}. {clause}")
    for row in found.rows():
        print(f"A row: {row['instruction']!r}\n    -> {row['response']!r}")
        break
    reasons = sorted({str(row["reason"]) for row in found.dropped()})
    print(f"Reasons of the rows that were dropped: {', '.join(reasons) or 'none were'}.")
    print(f"The page of the run: {found.folder / 'report.html'}")


if __name__ == "__main__":
    if "BASE_URL" in os.environ:
        main(os.environ["BASE_URL"], os.environ["MODEL"])
    else:
        with simulated_provider() as address:
            main(address, "sim")
