"""Compare two methods from within a running event loop, and do something else meanwhile.

From the root of a clone:   python examples/compare_in_a_loop.py
With a model of your own:   BASE_URL=https://HOST/v1 MODEL=NAME OPENAI_API_KEY=… python examples/compare_in_a_loop.py

In a notebook the same is one cell: `found = await acompare(…)`. Where nothing else is to go on, `compare(…)` does as
well, in a notebook, too.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from autoevol.optimizer import Compared, Moment, acompare, simulated_provider

SEEDS = Path(__file__).parent / "seeds" / "maths.jsonl"


async def main(base_url: str, model: str, items: int = 30) -> Compared:
    """Two shipped methods on the same items, in one task; another one tells how far it is."""
    now: list[Moment] = []
    async with asyncio.TaskGroup() as tasks:
        comparison = tasks.create_task(
            acompare(
                "general", "maths", seeds=SEEDS, items=items, base_url=base_url, model=model, budget={"calls": 5000},
                name="example", progress=now.append,
            )
        )  # fmt: skip
        while not comparison.done():
            if now:
                print(f"  {now[-1].done} of {now[-1].total} items, {now[-1].calls} calls")
            await asyncio.sleep(0.5)

    found = comparison.result()
    print(found.table)
    (pair,) = found.pairs
    print(f"{pair.second} less {pair.first}: {pair.difference:+.3f} ({pair.low:+.3f} to {pair.high:+.3f}).")
    print(f"Shown to be better: {pair.better or 'neither'}. The page: {found.folder / 'compare.html'}")
    return found


if __name__ == "__main__":
    if "BASE_URL" in os.environ:
        asyncio.run(main(os.environ["BASE_URL"], os.environ["MODEL"]))
    else:
        with simulated_provider() as address:
            asyncio.run(main(address, "sim"))
