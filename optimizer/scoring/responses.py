"""Rules on the response to the evolved text: what a response that is none says about the instruction."""

from __future__ import annotations

from ...agents.messages import Finding
from .pair import Pair
from .texts import clean, quote, sentences, units
from .words import Words, word_lists

__all__ = ["asks_back", "empty_response", "refused"]

_SHORT = 120  # words or Chinese characters: a longer response has given something
_BEGINNING = 2  # sentences


def empty_response(pair: Pair) -> Finding | None:
    """The responder answered with nothing."""
    blank = pair.evolved_response is not None and not pair.evolved_response.strip()
    return Finding("empty-response", "no text") if blank or pair.response_fault == "empty" else None


def refused(pair: Pair) -> Finding | None:
    """The responder declines: a short response that begins with a refusal, or the provider's content filter."""
    if pair.response_fault == "content_filter":
        return Finding("refused", "content_filter")
    response = clean(pair.evolved_response or "")
    if not response or units(response) > _SHORT:
        return None
    return _first_hit("refused", "refusals", sentences(response)[:_BEGINNING], word_lists(pair.language))


def asks_back(pair: Pair) -> Finding | None:
    """The response asks for what the instruction lacks, or says that it cannot be answered without it.

    Looked for in the first two sentences and in the last one, and in all of a short response: inside of a long one
    such a sentence belongs to what was asked for (a letter, a dialogue). Where the instruction asks for such a text,
    only a short response that ends with a question counts. A phrase that the instruction itself has does not count.
    """
    response = clean(pair.evolved_response or "")
    if not response:
        return None
    lists = word_lists(pair.language)
    asked = clean(pair.evolved or pair.instruction)
    every = sentences(response)
    short = units(response) <= _SHORT
    if any(words["artefacts"].search(asked) for words in lists):
        every = every if short and response.endswith(("?", "？")) and len(every) <= 3 else []
    elif not short:
        every = [*every[:_BEGINNING], *every[-2:]]
    found = _first_hit("asks-back", "asks_back", every, lists)
    if found is None and not any(words["unsolvable"].search(asked) for words in lists):
        found = _first_hit("asks-back", "unsolvable", every, lists)
    return found


def _first_hit(kind: str, name: str, texts: list[str], lists: tuple[Words, ...]) -> Finding | None:
    for text in texts:
        if any(words[name].search(text) for words in lists):
            return Finding(kind, quote(text))
    return None
