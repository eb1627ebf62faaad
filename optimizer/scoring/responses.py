"""Rules on the response to the evolved text: what a response that is none says about the instruction."""

from __future__ import annotations

from ...agents.messages import Finding
from .pair import Pair
from .sense import kinds_of
from .texts import clean, quote, sentences, units
from .words import word_lists

__all__ = ["asks_back", "empty_response", "refused"]

_SHORT, _VERY_SHORT = 120, 60  # words or Chinese characters: a longer response has given something
_BEGINNING = 2  # sentences
_A_FEW = 25
_HARDLY_ANYTHING = 8
_CREATIVE = frozenset({"poem", "story", "letter", "joke"})


def empty_response(pair: Pair) -> Finding | None:
    """The responder answered with nothing."""
    blank = pair.evolved_response is not None and not pair.evolved_response.strip()
    return Finding("empty-response", "no text") if blank or pair.response_fault == "empty" else None


def refused(pair: Pair) -> Finding | None:
    """The responder declines: a short response that begins with a refusal, or the provider's content filter.

    So does an evolver that refuses in place of a text.
    """
    if pair.response_fault == "content_filter":
        return Finding("refused", "content_filter")
    for said, before in ((pair.evolved_response, pair.evolved), (pair.evolved, pair.instruction)):
        answer = clean(said or "")
        if answer and units(answer) <= _SHORT:
            found = _first_hit("refused", "refusals", sentences(answer)[:_BEGINNING], pair.language)
            if found and said is pair.evolved_response and _may_refuse(clean(before or ""), answer, pair.language):
                continue
            if found and not _first_hit("refused", "refusals", sentences(clean(before or "")), pair.language):
                return found
    return None


def _may_refuse(asked: str, answer: str, language: str) -> bool:
    """Whether a text was wanted in which somebody may decline (a letter, a scene), and there is one."""
    artefact = any(words["artefacts"].search(asked) for words in word_lists(language))
    return (artefact or bool(_CREATIVE & kinds_of(asked, language))) and units(answer) > _A_FEW


def asks_back(pair: Pair) -> Finding | None:
    """The response asks for what the instruction lacks, or says that it cannot be answered without it.

    Looked for in the first two sentences and in the last two, and in all of a short response: inside of a long one
    such a sentence belongs to what was asked for (a letter, a dialogue). Where the instruction asks for such a text,
    only a short response that ends with a question counts. A phrase that the instruction itself has does not count.
    An evolver that asks for the instruction in place of a text is found, too.
    """
    for words in word_lists(pair.language):
        stock = words["stock_replies"].match(clean(pair.evolved or ""))
        if stock and not words["stock_replies"].match(clean(pair.instruction)):
            return Finding("asks-back", quote(stock[0]))
    response = clean(pair.evolved_response or "")
    if not response:
        return None
    asked = clean(pair.evolved or pair.instruction)
    every = sentences(response)
    short = units(response) <= _SHORT
    names = ["asks_back"] + ["asks_back_short"] * (units(response) <= _VERY_SHORT)
    artefact = any(words["artefacts"].search(asked) for words in word_lists(pair.language))
    if artefact or _CREATIVE & kinds_of(asked, pair.language):
        every = every if short and response.endswith(("?", "？")) and len(every) <= 3 else []
    elif not short:
        every = [*every[:_BEGINNING], *every[-2:]]
    if not any(words["unsolvable"].search(asked) for words in word_lists(pair.language)):
        names.append("unsolvable")
    lists = word_lists(pair.language)
    if artefact and any(words["salutations"].match(response) for words in lists):
        return None
    if short and response.endswith(("?", "？")) and any(words["assents"].match(response) for words in lists):
        names.append("before_starting")
    found = next((hit for name in names if (hit := _first_hit("asks-back", name, every, pair.language))), None)
    return found or _only_asks(response, asked, pair)


def _only_asks(response: str, asked: str, pair: Pair) -> Finding | None:
    """A very short response that ends in a question to the reader, where no text was wanted that may do so."""
    if (
        not response.endswith(("?", "？"))
        or units(response) > _VERY_SHORT
        or _CREATIVE & kinds_of(asked, pair.language)
    ):
        return None
    lists = word_lists(pair.language)
    if any(words["writes_questions"].search(asked) or words["artefacts"].search(asked) for words in lists):
        return None
    questions = [sentence for sentence in sentences(response) if sentence.endswith(("?", "？"))]
    said = sum(units(sentence) for sentence in sentences(response) if sentence not in questions)
    if said <= _HARDLY_ANYTHING:
        return Finding("asks-back", quote(response))
    before = [response, *questions]
    return _first_hit("asks-back", "before_starting", before, pair.language)


def _first_hit(kind: str, name: str, texts: list[str], language: str) -> Finding | None:
    for text in texts:
        if any(words[name].search(text) for words in word_lists(language)):
            return Finding(kind, quote(text))
    return None
