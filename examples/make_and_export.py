"""Make rows by two recipes in a row, and export them for a trainer.

From the root of a clone:   python examples/make_and_export.py
With a model of your own:   BASE_URL=https://HOST/v1 MODEL=NAME OPENAI_API_KEY=… python examples/make_and_export.py

The first recipe (Evol-Instruct) makes harder instructions out of the seeds, the second (Selective Reflection-Tuning)
lets a teacher improve each pair and a student choose. Without BASE_URL both talk to the simulated provider.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from autoevol.optimizer import make, simulated_provider

SEEDS = Path(__file__).parent / "seeds" / "chat.jsonl"


def main(base_url: str, model: str, limit: int = 12) -> None:
    """One run of two recipes; each works on the rows of the one before."""
    made = make(
        [{"recipe": "evol-instruct", "rounds": 1}, {"recipe": "reflection"}], {"source": str(SEEDS), "limit": limit},
        base_url=base_url, model=model, budget={"calls": 5000}, name="example",
    ).raise_if_stopped()  # fmt: skip

    print(made.summary)
    print("Dropped:", dict(Counter(f"{row['part']}: {row['reason']}" for row in made.dropped())) or "nothing")

    out = made.export("messages", made.folder / "for-trl", trainer="trl", license="apache-2.0", title="Example")
    print(f"{out.tally.written} of {out.tally.read} rows for TRL:")
    for path in out.files:
        print(f"  {path}")
    print(out.files[0].read_text(encoding="utf-8").splitlines()[0])


if __name__ == "__main__":
    if "BASE_URL" in os.environ:
        main(os.environ["BASE_URL"], os.environ["MODEL"])
    else:
        with simulated_provider() as address:
            main(address, "sim")
