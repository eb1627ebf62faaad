"""Rule on the way to the answer: a text that tells how it is solved became easier."""

from __future__ import annotations

import re
from fractions import Fraction

from ...agents.messages import Finding
from .pair import Pair
from .results import derived, is_result, outcome
from .texts import clean, numbers_of, quote, sentences
from .words import Words, word_lists
from .worked import new_equations

__all__ = ["solution_hint"]

_TWO_DIGITS = 10  # smaller numbers meet a result by chance
_RESULT = re.compile(r"=\s?[$£€]?([0-9][0-9,]*(?:\.[0-9]+)?)")


def solution_hint(pair: Pair) -> Finding | None:
    """The evolved text tells how its task is solved, or solves a part of it, which makes it easier instead of harder.

    One is enough: an announced hint (`Hint: …`, `remember that …`, `to solve this, …`), a recipe of two operations
    (`first multiply …, then subtract …`), a formula to calculate with, an equation of the seed's numbers that comes
    out, the result of a step that the text gives as a result (`which makes 70 mugs`), and two weaker phrases
    (`by multiplying …`). What the seed has already does not count, and neither do hints in a text that asks to write
    hints.
    """
    if not pair.evolved:
        return None
    seed, text = clean(pair.instruction), clean(pair.evolved)
    lists = word_lists(pair.language)
    strong = _first(("formulas", "hint_leads"), seed, text, lists) or _calculated(pair, seed, text)
    strong = strong or _thinking(seed, text, lists) or _steps(pair, text, lists)
    if strong:
        return Finding("solution-hint", quote(strong))
    weak = [hit[0] for words in lists for hit in words["hints"].finditer(text) if hit[0] not in seed]
    return Finding("solution-hint", quote(" ; ".join(weak))) if len(weak) >= 2 else None


def _first(names: tuple[str, ...], seed: str, text: str, lists: tuple[Words, ...]) -> str:
    for words in lists:
        if words["asks_for_hints"].search(text):
            return ""
        for name in names:
            for hit in words[name].finditer(text):
                if hit[0].casefold() not in seed.casefold():
                    return text[hit.start() : hit.end() + 80]
    return ""


def _thinking(seed: str, text: str, lists: tuple[Words, ...]) -> str:
    """A sentence behind the last question that thinks for the reader (`think of …`, `begin with …`)."""
    every = sentences(text)
    asked = [place for place, sentence in enumerate(every) if sentence.endswith(("?", "？"))]
    for sentence in every[asked[-1] + 1 :] if asked else []:
        if sentence in seed or sentence.endswith(("?", "？")):
            continue
        thinks = any(words["thinking"].match(sentence) for words in lists)
        if thinks or any(words["operations"].search(sentence) for words in lists):
            return sentence
    return ""


def _calculated(pair: Pair, seed: str, text: str) -> str:
    """An equation with a number of the seed, where the seed has none: a step of the solution."""
    given = numbers_of(pair.instruction, pair.language).stated
    for match in new_equations(seed, text):
        values = {Fraction(match[group].replace(",", "").rstrip(".")) for group in (1, 3)}
        if "=" not in seed and values & given:
            return match[0]
    return ""


def _steps(pair: Pair, text: str, lists: tuple[Words, ...]) -> str:
    """A sentence that gives a number as a result which a step of the known response, or one of the seed's, comes to."""
    given = numbers_of(pair.instruction, pair.language)
    known = given.stated | given.loose
    shown = set(_RESULT.findall(clean(pair.response or "")))
    results = {value for figure in shown for value in numbers_of(figure, pair.language).digits}
    results -= known | {outcome(pair.response or "", pair.language)}
    kept = known & numbers_of(text, pair.language).stated
    for sentence in sentences(text):
        for value in sorted(numbers_of(sentence, pair.language).digits - known):
            if value in results:
                step = True
            else:  # without the response: from two numbers of the seed's in the same sentence, and no comparison
                beside = kept & numbers_of(sentence, pair.language).stated
                compared = any(words["comparisons"].search(sentence) for words in lists)
                whole = value.denominator == 1 and value >= _TWO_DIGITS
                step = len(beside) >= 2 and whole and not compared and derived(value, beside)
            if step and is_result(sentence, value, pair.language, lists):
                return f"{float(value):g}: {sentence}"
    return ""
