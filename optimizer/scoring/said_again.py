"""How much of a question an answer says again, word for word."""

from __future__ import annotations

from .texts import tokens

__all__ = ["said_again"]

_RUN = 8


def said_again(instruction: str, response: str) -> float:
    """The share of the words of an instruction that stand in runs of eight which the response has, too; 0 to 1.

    Of an instruction with fewer words its whole is the run; Chinese characters count one by one. A student that has
    just read the question finds it easy to guess, so that a response that repeats it is preferred by r-IFD for nothing.
    """
    asked, said = tokens(instruction), tokens(response)
    size = min(_RUN, len(asked))
    if not size:
        return 0.0
    held = {tuple(said[start : start + size]) for start in range(len(said) - size + 1)}
    again: set[int] = set()
    for start in range(len(asked) - size + 1):
        if tuple(asked[start : start + size]) in held:
            again.update(range(start, start + size))
    return len(again) / len(asked)
