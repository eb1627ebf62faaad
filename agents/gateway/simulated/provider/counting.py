"""Raw texts: how many tokens one has when its special tokens are read as such, and how one goes on that counts.

With both, the provider passes for a server that leaves a prompt as it is, which is what recipes want to see that write
a model's template themselves.
"""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["raw_tokens", "went_on"]

_SPECIAL = re.compile(
    r"<[|｜][\w▁]{1,40}[|｜]>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad)>|\[/?INST\]|\[/?(?:AVAILABLE_)?TOOLS\]"
)
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_AT_LEAST = 3


def raw_tokens(text: str) -> int:
    """Tokens of a raw text: one for each special token, and one for four bytes of the rest."""
    rest, special = _SPECIAL.subn("", text)
    return special + -(-len(rest.encode("utf-8", "surrogatepass")) // 4)


def went_on(text: str) -> str | None:
    """The numbers that follow where a text ends in at least three that follow each other; None elsewhere."""
    last = text.lower().split()[-_AT_LEAST:]
    if len(last) < _AT_LEAST or not all(word in _NUMBERS for word in last):
        return None
    places = [_NUMBERS.index(word) for word in last]
    if any(later - earlier != 1 for earlier, later in pairwise(places)):
        return None
    return "".join(f" {word}" for word in _NUMBERS[places[-1] + 1 :]) + ".\n"
