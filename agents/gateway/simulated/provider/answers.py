"""The texts that the simulated provider answers with: functions of the request, never of time, order or faults."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from .asked import Asked
from .draws import Distribution, mixed, share

__all__ = ["Written", "tokens_of", "write"]

Finish = Literal["stop", "length"]

_SUBJECTS = (
    "The first part", "A careful reader", "This step", "The second value", "Every case", "The table", "A short list",
    "The remaining share", "One example", "The usual rule", "A larger sample", "The final line",
)  # fmt: skip
_VERBS = (
    "depends on", "follows from", "is checked against", "adds to", "stands beside", "explains", "is derived from",
    "limits", "repeats", "comes before", "agrees with", "narrows",
)  # fmt: skip
_OBJECTS = (
    "the numbers that were given", "the condition in the question", "what was counted before", "the smaller group",
    "an exception that matters", "the order of the events", "the unit of each quantity", "the cost of the whole",
    "the hours that are left", "the reason for the change", "both sides of the comparison", "the text as it stands",
)  # fmt: skip
_SENTENCES = 1500
_LONGEST_SENTENCE = 200


@dataclass(frozen=True, slots=True)
class Written:
    """One answer: its text, why it ended, and its length in tokens."""

    text: str
    finish: Finish
    tokens: int


def tokens_of(text: str) -> int:
    """Tokens of a text: one for four bytes of UTF-8, at least one for a text."""
    return max(1, len(text.encode("utf-8", "surrogatepass")) // 4) if text else 0


def write(asked: Asked, index: int, length: Distribution, told: str | None = None) -> Written:
    """One of the answers to a call.

    Args:
        asked: the call.
        index: which of its `n` answers.
        length: of free answers, in tokens.
        told: what to say instead of a free answer.
    """
    text = told if told is not None else _free(asked, index, length)
    finish: Finish = "stop"
    if len(text) >= asked.max_tokens * 4 or (not text.isascii() and tokens_of(text) > asked.max_tokens):
        cut = text.encode("utf-8", "surrogatepass")[: asked.max_tokens * 4].decode("utf-8", "ignore")
        text, finish = cut, "length" if len(cut) < len(text) else "stop"
    ends = [at for stop in asked.stop if (at := text.find(stop)) >= 0]
    if ends:
        text, finish = text[: min(ends)], "stop"
    return Written(text, finish, tokens_of(text))


def _free(asked: Asked, index: int, length: Distribution) -> str:
    """Sentences that mean nothing, beginning with a number that belongs to this request."""
    chance = mixed(asked.chance, index)
    wanted = max(1, round(length.at(share(chance, 1)))) * 4
    first = f"Worked out step by step, the result is {chance % 89_991 + 10}. "
    prose = _prose()
    if wanted <= len(first):
        return first.rstrip()
    rest = wanted - len(first)
    start = prose.find(". ", mixed(chance, 2) % (len(prose) // 2)) + 2
    long = prose[start : start + rest + _LONGEST_SENTENCE]
    if len(long) < rest:
        long += prose * (rest // len(prose) + 1)
    end = long.find(". ", rest)
    return first + long[: end + 1]


@functools.cache
def _prose() -> str:
    sentences: list[str] = []
    for number in range(_SENTENCES):
        words = [
            choices[mixed(number, place) % len(choices)] for place, choices in enumerate((_SUBJECTS, _VERBS, _OBJECTS))
        ]
        sentences.append(" ".join(words) + ". ")
    return "".join(sentences)
