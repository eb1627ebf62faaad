"""Calling the command in this process, with what it printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from autoevol.optimizer.cli import autoevol
from autoevol.optimizer.cli.boundary import guard

__all__ = ["KEY", "Call", "Said", "decent", "said_by"]

KEY = "sk-proj-abcdefgh12345678"
"""The key that a person has who calls; nobody may see it."""


@dataclass(frozen=True)
class Said:
    """Exit code and output of one call."""

    code: int
    out: str
    err: str


Call = Callable[..., Said]


def said_by(capsys: pytest.CaptureFixture[str], *arguments: object) -> Said:
    """Call `autoevol`; what was printed before is forgotten."""
    capsys.readouterr()
    code = guard(autoevol, [str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return Said(code, out, err)


def decent(shown: str) -> None:
    """Nobody ever sees a traceback, a bug of ours or a key."""
    assert "Traceback" not in shown
    assert "bug in AutoEvol" not in shown
    assert KEY not in shown
