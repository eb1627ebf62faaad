"""`python -m benchmarks.gateway NAME`, from the root of the checkout: one measure, or `all` of them, as tables."""

from __future__ import annotations

import argparse
import importlib
import sys
import time

from .stage import own_state

# In the order of the table in the README; each is a module with `run(rounds)`.
_NAMES = ("pacing", "unknown", "wrong", "storm", "heavy", "quota", "throughput", "cost", "memory", "bad", "slower",
          "processes", "kill")  # fmt: skip


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("names", nargs="+", choices=("all", *_NAMES), metavar="NAME", help=", ".join(("all", *_NAMES)))
    parser.add_argument("--rounds", type=int, default=3, help="runs of which the medians are told (default 3)")
    told = parser.parse_args()
    names = _NAMES if "all" in told.names else told.names
    with own_state():
        for name in names:
            began = time.monotonic()
            importlib.import_module(f"benchmarks.gateway.{name}").run(max(1, told.rounds))
            sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    main()
