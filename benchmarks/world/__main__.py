"""`python -m benchmarks.world [TABLE…]`, from the root of the checkout: decisions where the truth is known."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from .measures import MEASURES, Table


def main() -> None:
    """Print the tables that the command line names, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.world", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(MEASURES))
    parser.add_argument("--repetitions", type=int, default=100, help="searches for each line (default 100)")
    told = parser.parse_args()
    if unknown := set(told.tables) - set(MEASURES):
        parser.error(f"there is no table {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    for name in told.tables or MEASURES:
        began = time.monotonic()
        for title, table in MEASURES[name](max(2, told.repetitions)):
            _say(f"{title} ({told.repetitions} repetitions)", table)
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")


def _say(title: str, table: Table) -> None:
    head, *rows = table
    lines = [f"**{title}**", "", _line(head), _line(["---"] * len(head)), *(_line(row) for row in rows), ""]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
