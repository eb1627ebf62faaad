"""What goes wrong on purpose: which call is hit, and what its client gets."""

from __future__ import annotations

from dataclasses import dataclass

from .draws import share
from .settings import FaultKind, ProviderSettings, fault_rates

__all__ = ["AT_THE_DOOR", "CUTS", "OF_THE_ANSWER", "STATUSES", "Faults", "spoiled"]

STATUSES: dict[str, tuple[int, str, str | None]] = {
    "429": (429, "Too many requests; slow down.", "rate_limit_exceeded"),
    "500": (500, "The server had an error while it worked on the request.", "server_error"),
    "502": (502, "Bad gateway.", None),
    "503": (503, "The server is overloaded; try again later.", "server_is_overloaded"),
    "529": (529, "Overloaded.", "overloaded_error"),
    "poison": (500, "The server had an error while it worked on the request.", "server_error"),
}
AT_THE_DOOR: frozenset[FaultKind] = frozenset({"429", "503", "529"})
CUTS: frozenset[FaultKind] = frozenset({"reset", "half", "stall"})
# These are outcomes that a client keeps. A resumed run must meet the same ones, so they hang on the body alone, not on
# how often it came; `poison` too, as a body that fails whenever it comes.
OF_THE_ANSWER: frozenset[FaultKind] = frozenset({"poison", "empty", "truncated", "filtered"})

_ERROR_200 = b'{"error":{"code":502,"message":"The provider behind this one returned an error."}}'
_SPOILED = (
    b"<html><head><title>Bad gateway</title></head><body>Please try again.</body></html>",
    b'["not","an","answer"]',
    b"",
)


@dataclass(frozen=True, slots=True)
class Faults:
    """The shares that the settings name, as steps from 0 to 1."""

    lasting: tuple[tuple[float, FaultKind], ...]
    passing: tuple[tuple[float, FaultKind], ...]

    @staticmethod
    def of(settings: ProviderSettings) -> Faults:
        """Read the shares."""
        lasting: list[tuple[float, FaultKind]] = []
        passing: list[tuple[float, FaultKind]] = []
        for kind, rate in fault_rates(settings.faults).items():
            steps = lasting if kind in OF_THE_ANSWER else passing
            steps.append(((steps[-1][0] if steps else 0.0) + rate, kind))
        return Faults(tuple(lasting), tuple(passing))

    def hit(self, seed: int, body: int, before: int) -> FaultKind | None:
        """What goes wrong with a call.

        Args:
            seed: of the settings.
            body: 64 bits that name the call's body.
            before: how often this body had come before.
        """
        return _step(self.passing, seed, body, before + 1) or _step(self.lasting, seed, body, 0)


def _step(steps: tuple[tuple[float, FaultKind], ...], *numbers: int) -> FaultKind | None:
    if not steps:
        return None
    drawn = share(*numbers)
    return next((kind for end, kind in steps if drawn < end), None)


def spoiled(kind: FaultKind, body: bytes, chance: int) -> bytes:
    """The body of a reply under status 200 that is no answer."""
    if kind == "error-200":
        return _ERROR_200
    variants = (body[: len(body) * 2 // 3], *_SPOILED)
    return variants[chance % len(variants)]
