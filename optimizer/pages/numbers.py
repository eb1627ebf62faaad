"""Numbers and texts as people read them. Every function takes what may be missing and never fails."""

from __future__ import annotations

import math
import re

__all__ = ["clipped", "count", "duration", "p_value", "score", "shown", "signed", "stage_name"]

_NOTHING = "–"
_PLURALS = {"analysis": "analyses", "class": "classes"}
# Controls that a page cannot hold, and marks that turn the direction of what follows: named instead of obeyed.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\ud800-\udfff]"
)
_PARTS = {"batch": "batch", "dev": "race on dev"}


def count(number: int, word: str) -> str:
    """`1 step`, `1,200 steps`."""
    return f"{number:,} {word if number == 1 else _PLURALS.get(word, word + 's')}"


def duration(seconds: float) -> str:
    """A length of time as a person says it."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def score(value: float | None) -> str:
    """A mean or a score, with three decimals."""
    return _NOTHING if value is None or not math.isfinite(value) else f"{value:.3f}".replace("-", "−")


def signed(value: float | None) -> str:
    """A difference, with its sign."""
    return _NOTHING if value is None or not math.isfinite(value) else f"{value:+.3f}".replace("-", "−")


def p_value(value: float | None) -> str:
    """A p-value: `0.36`, `0.031`, `< 0.001`."""
    if value is None or not math.isfinite(value):
        return _NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def shown(text: str) -> str:
    """A text of anybody's with its invisible controls written out: `[U+202E]`. Markup is escaped by the template."""
    return _HIDDEN.sub(lambda match: f"[U+{ord(match[0]):04X}]", text.replace("\r\n", "\n"))


def clipped(text: str, most: int) -> tuple[str, int]:
    """The beginning of a text, and how many characters follow it."""
    return (text, 0) if len(text) <= most else (text[:most], len(text) - most)


def stage_name(stage: str) -> str:
    """A stage of the bill in words: `steps/000/dev` is `Step 1, race on dev`."""
    head, _, rest = stage.partition("/")
    number, _, part = rest.partition("/")
    if head == "steps" and number.isascii() and number.isdigit():
        return f"Step {int(number) + 1}, {_PARTS.get(part, part or 'analysis and proposals')}"
    return {"test": "Confirmation on test", "apply": "All seeds"}.get(stage, stage)
