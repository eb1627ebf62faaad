"""What choosing among rows takes: `python -m benchmarks.curate NAME`, NAME a file of this folder (`dedup`, ...).

Each file has `main(arguments)`, prints a table and fails where a result is not that of the plain rule or of the library
that it is held against.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    """Run one of them, with the words after its name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    name = sys.argv[1].replace("-", "_") if len(sys.argv) > 1 else ""
    if name not in names:
        raise SystemExit(f"Name one: {', '.join(names)}.")
    importlib.import_module(f".{name}", __package__).main(sys.argv[2:])


if __name__ == "__main__":
    main()
