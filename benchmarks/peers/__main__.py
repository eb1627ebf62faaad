"""`python -m benchmarks.peers`, from the root of the checkout: other frameworks and AutoEvol at the same provider.

Each framework is installed from PyPI into an environment of its own where it is not there yet (two to three gigabytes
together, and the only use of the network), and is run by its adapter in `adapters/`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.gateway.stage import own_state

from .course import compare
from .installing import PEERS, python_of

__all__ = ["main"]


def main() -> None:
    """Install what is missing, and compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    usual = Path.home() / ".cache" / "autoevol" / "peers"
    parser.add_argument("--folder", type=Path, default=usual, help=f"for the environments (default {usual})")
    parser.add_argument("--rounds", type=int, default=3, help="runs of which the medians are told (default 3)")
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS), help="run these alone")
    told = parser.parse_args()
    pythons = {name: python_of(name, told.folder.expanduser()) for name in told.only}
    sys.stderr.write(f"environments: {told.folder}\n")
    with own_state():
        compare(pythons, max(1, told.rounds))


if __name__ == "__main__":
    main()
