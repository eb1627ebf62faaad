"""The texts that the simulated provider answers with: functions of the request, never of time, order or faults."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Literal

from .asked import Asked
from .draws import Distribution, mixed
from .sayings import CHINESE, ENGLISH, Sayings

__all__ = ["Written", "tokens_of", "write"]

Finish = Literal["stop", "length"]

_SENTENCES = 1500
_LONGEST_SENTENCE = 200
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Written:
    """One answer: its text, why it ended, and its length in tokens."""

    text: str
    finish: Finish
    tokens: int


def tokens_of(text: str) -> int:
    """Tokens of a text: one for four bytes of UTF-8, at least one for a text."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return max(1, size // 4) if text else 0


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
    asks = asked.turns[-1][1]
    sayings = ENGLISH if asks.isascii() or not _HAN.search(asks) else CHINESE
    wanted = max(1, round(length.at((chance >> 11) * 2.0**-53))) * (4 if sayings is ENGLISH else 2)
    first = sayings.result.format(result=chance % 89_991 + 10)
    if wanted <= len(first):
        return first.rstrip()
    prose, end_mark = _prose(sayings), sayings.full_stops[0] + sayings.joint
    rest = wanted - len(first)
    start = prose.find(end_mark, (chance >> 7) % (len(prose) // 2)) + len(end_mark)
    long = prose[start : start + rest + _LONGEST_SENTENCE]
    if len(long) < rest:
        long += prose * (rest // len(prose) + 1)
    end = long.find(end_mark, rest)
    return first + long[: end + 1]


@functools.cache
def _prose(sayings: Sayings) -> str:
    """Many sentences. Where a sentence ends, its full stop and what joins sentences stand."""
    sentences: list[str] = []
    for number in range(_SENTENCES):
        parts = enumerate((sayings.subjects, sayings.verbs, sayings.objects))
        words = [choices[mixed(number, place) % len(choices)] for place, choices in parts]
        sentences.append(sayings.joint.join(words) + sayings.full_stops[0] + sayings.joint)
    return "".join(sentences)
