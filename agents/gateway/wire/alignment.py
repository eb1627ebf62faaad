"""Whether log-probabilities belong to the tokens that they stand beside: a probe of two texts that fails closed.

A server can be wrong by one place without a word: llama-cpp-python's pairs each token with what was expected after it
where a prompt does not begin with the mark of beginning. Every score made of such figures looks like one and is none.
So a student first reads a text that every model knows, and its words in another order: the first must be far likelier.
And where a server tells which token it expected at each place, that must not be the next token all along.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import UsageError
from ..outcomes import TokenScore
from .reading import fields_of

__all__ = ["KNOWN", "SHUFFLED", "MisalignedScores", "likeliest", "misaligned", "shifted"]

KNOWN = (
    "Paris is the capital of France, and Berlin is the capital of Germany."
    " One, two, three, four, five, six, seven, eight, nine, ten."
    " Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday are the seven days of the week."
)
"""What every model knows."""
_WORDS = KNOWN.split()
SHUFFLED = " ".join(_WORDS[11 * place % len(_WORDS)] for place in range(len(_WORDS)))
"""The same words in an order that says nothing."""

# The small embedded model has 3.4 nats a token between the two texts; shifted by one, -2.7 (measured).
_LEAST = 0.7
_PLACES = 6
_TIMES = 4


class MisalignedScores(UsageError):
    """An endpoint's log-probabilities are not those of the text that was given."""


def misaligned(known: Sequence[TokenScore], shuffled: Sequence[TokenScore]) -> str:
    """What is wrong with the scores of the two texts; empty where nothing is.

    Args:
        known, shuffled: the tokens of `KNOWN` and of `SHUFFLED`, with a mark of beginning before them or not.
    """
    for text, scores in ((KNOWN, known), (SHUFFLED, shuffled)):
        if not "".join(score.token for score in scores).endswith(text.partition(" ")[2]):
            return "the tokens that came back are not the text"
        if any(score.logprob is None for score in scores[1:]):
            return "a token behind the first has no log-probability"
    first, second = _mean(known), _mean(shuffled)
    if not first - second >= _LEAST:
        return (
            f"a sentence that every model knows has {first:.2f} nats a token and its words in disorder {second:.2f},"
            f" which is less than {_LEAST} apart"
        )
    return ""


def _mean(scores: Sequence[TokenScore]) -> float:
    values = [score.logprob for score in scores if score.logprob is not None]
    return math.fsum(values) / len(values) if values else math.nan


def shifted(tokens: Sequence[str], expected: Sequence[str | None]) -> bool:
    """Whether what a server says it expected at each place is the token of the next place, not of this one.

    Args:
        tokens: of the text.
        expected: the likeliest token at each place, as the server tells; None where it does not.
    """
    here = sum(want is not None and want == token for want, token in zip(expected, tokens, strict=False))
    after = sum(want is not None and want == token for want, token in zip(expected, tokens[1:], strict=False))
    return after >= _PLACES and after > _TIMES * here


def likeliest(tops: Sequence[object]) -> list[str | None]:
    """Of each place's alternatives, by token, the likeliest token."""
    found: list[str | None] = []
    for top in tops:
        numbers = {name: value for name, value in fields_of(top).items() if isinstance(value, int | float)}
        found.append(max(numbers, key=lambda name: numbers[name]) if numbers else None)
    return found
