"""What an instruction and an instance must be to be kept; everything else is dropped with a reason.

Source: Self-Instruct (arXiv 2212.10560, section 2.2, filtering and postprocessing), and the authors' code.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import NamedTuple

from ....agents.bootstrap.asking import Pair
from ...record.making.self_instruct import SelfInstructSettings
from .words import words_of

__all__ = ["Dropped", "InstructionFilter", "sift", "whole"]

_OPENING = frozenset("\"'“”‘’«»„「『《（(【[<¿¡`$")


class InstructionFilter:
    """What can be said of an instruction alone.

    Args:
        settings: bounds and words.
    """

    def __init__(self, settings: SelfInstructSettings) -> None:
        self._least, self._most = settings.min_words, settings.max_words
        self._ascii = settings.first == "ascii"
        self._every_script = settings.tokens == "unicode"
        self._begins = tuple(start.casefold() for start in settings.begins)
        self._keywords = _any_of(settings.keywords)

    def reason(self, text: str) -> tuple[str, str] | None:
        """The reason why it is dropped, with the evidence; None for one that is kept."""
        # White space parts words here, as in the published rule; letters of scripts without spaces count each.
        count = len(text.split())
        if self._every_script and not text.isascii():
            count = max(count, len(words_of(text)))
        if count < self._least or not re.search(r"\w", text):
            return "too-short", f"{count} words"
        if count > self._most:
            return "too-long", f"{count} words"
        found = self._keywords.search(text) if self._keywords else None
        if found:
            return "keyword", found[0]
        start = next((start for start in self._begins if text.casefold().startswith(start)), None)
        if start is not None:
            return "opening", start
        if not self._begins_well(text[0]):
            return "first-character", text[0]
        return None

    def _begins_well(self, letter: str) -> bool:
        if self._ascii:
            return letter.isascii() and letter.isalnum()
        return letter.isalnum() or letter in _OPENING


def _any_of(words: Sequence[str]) -> re.Pattern[str] | None:
    """Whole words where they are of an alphabet; in Chinese there is nothing between words."""
    if not words:
        return None
    parts = (rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word) for word in words)
    return re.compile("|".join(parts), re.IGNORECASE)


class Dropped(NamedTuple):
    """An instance that is not kept, and why."""

    pair: Pair
    reason: str


def sift(
    pairs: Sequence[Pair], instruction: str, most: int, draw: random.Random, *, cut: bool, anew: bool = False
) -> tuple[list[Pair], list[Dropped]]:
    """The instances of a task that are kept, and those that are not.

    Args:
        pairs: as they were made.
        instruction: of the task; an input that only says it again is none.
        most: so many are kept, at most, drawn at random in their order.
        draw: what they are drawn with.
        cut: whether the answer met its bound: then the last one is not whole.
        anew: whether somebody else answers: then an instance needs no output of its own.
    """
    dropped: list[Dropped] = []
    if cut and pairs:
        dropped.append(Dropped(pairs[-1], "cut"))
        pairs = pairs[:-1]
    good: list[Pair] = []
    for each in pairs:
        pair = _without_echo(each, instruction)
        reason = _fault(pair, anew=anew) or ("repeated" if pair in good else None)
        if reason is None:
            good.append(pair)
        else:
            dropped.append(Dropped(pair, reason))
    if _contradict(good):
        return [], dropped + [Dropped(pair, "contradictory") for pair in good]
    chosen = sorted(draw.sample(range(len(good)), min(most, len(good))))
    kept = [good[place] for place in chosen]
    return kept, dropped + [Dropped(pair, "surplus") for pair in good if pair not in kept]


def whole(pair: Pair | None, instruction: str) -> tuple[Pair | None, str]:
    """The instance that a task came with, and why it is none; empty for a good one."""
    if pair is None:
        return None, "no-output"
    pair = _without_echo(pair, instruction)
    return pair, _fault(pair) or ""


def _without_echo(pair: Pair, instruction: str) -> Pair:
    """An input that only says the instruction again is none."""
    return Pair("", pair.output) if pair.input.strip() == instruction.strip() else pair


def _fault(pair: Pair, *, anew: bool = False) -> str | None:
    if not pair.output.strip():
        return None if anew and not pair.input.rstrip().endswith((":", "：")) else "no-output"
    if pair.input.strip() == pair.output.strip():
        return "echo"
    if pair.input.rstrip().endswith((":", "：")) or pair.output.rstrip().endswith((":", "：")):
        return "colon-at-end"
    return None


def _contradict(pairs: Sequence[Pair]) -> bool:
    """Whether one input has two outputs; no input says nothing, since an open task has many answers."""
    outputs: dict[str, str] = {}
    told = [pair for pair in pairs if pair.input and pair.output]
    return any(outputs.setdefault(pair.input, pair.output) != pair.output for pair in told)
