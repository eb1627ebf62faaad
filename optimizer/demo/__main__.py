"""Make the shipped recording: `python -m autoevol.optimizer.demo RUN LABEL`, from the root of a checkout."""

from __future__ import annotations

import sys
from pathlib import Path

from ...agents.gateway.errors import AutoEvolError
from .job import pack_recording

if len(sys.argv) != 3:
    raise SystemExit("usage: python -m autoevol.optimizer.demo RUN LABEL")
try:
    pack_recording(Path(sys.argv[1]), Path("optimizer/demo/recorded"), sys.argv[2])
except AutoEvolError as error:
    raise SystemExit(f"autoevol: {error}") from None
