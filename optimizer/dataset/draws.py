"""Random choices that can be made again: generators and sampling keys, each named by what it is for."""

from __future__ import annotations

import hashlib
import json
import random

__all__ = ["draw_key", "generator"]


def _digest(parts: tuple[int | str, ...]) -> bytes:
    # JSON keeps the parts apart: ("a", "b/c") and ("a/b", "c") must not meet.
    return hashlib.sha256(json.dumps(["autoevol/draw", *parts]).encode()).digest()


def generator(run_seed: int, purpose: str, index: int = 0) -> random.Random:
    """The generator of one named choice (design, law 2).

    The same name gives the same stream in every process, on every machine: its seed is an integer, so neither hash
    randomisation nor the way Python seeds from strings takes part. Choices of different names are independent, so
    the order in which they are made does not matter.

    Args:
        run_seed: the run's own seed.
        purpose: what is chosen (`batch`, `judge-order`, ...).
        index: which of several choices of that purpose.
    """
    return random.Random(int.from_bytes(_digest((run_seed, purpose, index)), "big"))


def draw_key(run_seed: int, purpose: str, content: str) -> int:
    """A number in [0, 2**64) for keyed sampling: the n items with the smallest keys are a random sample of n."""
    return int.from_bytes(_digest((run_seed, purpose, content))[:8], "big")
