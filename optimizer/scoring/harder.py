"""Rules on work: an evolution that leaves as much to do as before, or less, is none.

Whether a text became harder is for a judge. Here stand the cases that can be told from the text: nothing was added but
padding, a part was taken out, steps are done already, only values were exchanged.
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

from ...agents.messages import Finding
from .answers import final_answer
from .asks import asking_sentences, demand_count
from .losses import got_vague, lost_numbers
from .pair import Pair
from .results import derived
from .sameness import identity, near_copy
from .sense import sense_of, substance
from .texts import clean, numbers_of, quote, sentences, tokens, units
from .words import WORDLESS, word_lists

__all__ = ["not_harder", "restated"]

# New words of substance that a text may have and still ask the same. In Chinese they are characters.
FEW_WORDS, FEW_CHARACTERS = 2, 4
WORDIER = 4.0  # added words for each new word of substance: more is padding
_QUESTION_WORDS, _QUESTION_CHARACTERS = 3, 8
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
_OPTION = re.compile(
    r"(?:^|[\s(（:：?？、,，;；])[(（]?([A-Ea-e])[.)）:：、]\s?(\S[^\n?？]{0,60}?)(?=\s*[,，;；]?\s*[(（]?[A-Ea-e][.)）:：、]|[\n?？]|$)"
)


def restated(pair: Pair) -> Finding | None:
    """The same problem in other words: no number that the seed lacks, in any form, and the same number as final answer.

    Says "probably no harder" and no more: a text that also asks for a proof has the same answer, too.
    """
    if not (pair.evolved and pair.response and pair.evolved_response):
        return None
    known = final_answer(pair.response, pair.language)
    if not isinstance(known, Fraction) or known != final_answer(pair.evolved_response, pair.language):
        return None
    if not numbers_of(pair.instruction, pair.language).stated or _new_numbers(pair):
        return None
    return Finding("restated", f"no new number, and the answer is {float(known):g} as before")


def not_harder(pair: Pair) -> Finding | None:
    """The same work to answer, or less.

    Five ways: only values were exchanged, for none longer; a number stands where the seed had two to calculate it
    from; options to choose from were added; nothing of substance is new (padding, manners and synonyms do not count),
    nothing more is asked and no word demands more; the text is a part of the seed. In a problem with numbers words
    of a story are padding, too: without a new number, relation or question they are no work.
    """
    if not pair.evolved or not pair.evolved.strip() or identity(pair) or near_copy(pair):
        return None
    evidence = _other_values(pair) or _computed(pair) or _options(pair)
    if not evidence and not (got_vague(pair) and lost_numbers(pair)):
        evidence = _same_work(pair)
    return Finding("not-harder", quote(evidence)) if evidence else None


def _new_numbers(pair: Pair) -> frozenset[Fraction]:
    old, new = numbers_of(pair.instruction, pair.language), numbers_of(pair.evolved or "", pair.language)
    small = {Fraction(1)}
    return (new.stated | new.loose) - (old.stated | old.loose | small)


def _other_values(pair: Pair) -> str:
    """The same text with other numbers, which have no more digits together than the old ones."""
    old, new = clean(pair.instruction).casefold(), clean(pair.evolved or "").casefold()
    before, after = _FIGURE.findall(old), _FIGURE.findall(new)
    if not before or len(before) != len(after) or before == after:
        return ""
    if tokens(_FIGURE.sub("0", old)) != tokens(_FIGURE.sub("0", new)):
        return ""
    digits = [sum(sign.isdigit() for sign in "".join(figures)) for figures in (before, after)]
    points = ["".join(figures).count(".") for figures in (before, after)]
    if digits[1] > digits[0] or points[1] > points[0]:
        return ""
    return "the same text with other values: " + ", ".join(
        f"{a} → {b}" for a, b in zip(before, after, strict=True) if a != b
    )


def _computed(pair: Pair) -> str:
    """A new number that is the result of two of the seed's that are gone, where there is no other new number."""
    old, new = numbers_of(pair.instruction, pair.language), numbers_of(pair.evolved or "", pair.language)
    gone, fresh = sorted(old.stated - new.stated), new.stated - old.stated
    if len(gone) < 2 or len(fresh) != 1 or len(new.stated) >= len(old.stated):
        return ""
    result = next(iter(fresh))
    for place, left in enumerate(gone):
        for right in gone[place + 1 :]:
            if derived(result, frozenset({left, right})):
                return f"{float(result):g} stands where {float(left):g} and {float(right):g} were given"
    return ""


def _options(pair: Pair) -> str:
    """Short answers to choose from (`A) …  B) …`), where the seed's question was open and nothing else is asked."""
    text, seed = clean(pair.evolved or ""), clean(pair.instruction)
    found = _OPTION.findall(text)
    marks = [mark.upper() for mark, _ in found]
    if len(found) < 2 or marks != sorted(set(marks)) or marks[0] != "A" or _OPTION.search(seed):
        return ""
    short = all(units(option) <= 8 for _, option in found)
    asked = demand_count(" ".join(option for _, option in found), pair.language)
    if not short or asked or demand_count(text, pair.language) > demand_count(seed, pair.language) + 1:
        return ""
    return "options: " + ", ".join(option for _, option in found)


def _same_work(pair: Pair) -> str:
    """Why the evolved text asks for the same work as the seed; empty where it may ask for more."""
    seed, text = pair.instruction, pair.evolved or ""
    more = _new_numbers(pair) or _more_numbers(pair) or _more_demanded(pair)
    if more or demand_count(text, pair.language) > max(1, demand_count(seed, pair.language)):
        return ""
    if not substance(seed, pair.language):
        return ""
    new = _new_substance(pair, seed, text)
    if _is_calculation(pair):
        return _only_story(pair, new)
    added = units(text) - units(seed)
    few = FEW_CHARACTERS if pair.language in WORDLESS else FEW_WORDS
    if new and len(new) <= few and added >= WORDIER * len(new):
        return f"{added} words more, new of substance: {', '.join(new)}"
    part = "nothing new of substance" if added >= 0 else f"a part of the seed: {units(text)} of {units(seed)} words"
    return "" if new else part


def _new_substance(pair: Pair, seed: str, text: str) -> list[str]:
    known = {*substance(seed, pair.language)}
    return [word for word in dict.fromkeys(substance(text, pair.language)) if word not in known]


def _more_numbers(pair: Pair) -> bool:
    """Whether some number stands more often than before: the same value may be a new quantity."""
    old, new = (Counter(_FIGURE.findall(clean(text))) for text in (pair.instruction, pair.evolved or ""))
    return bool(new - old)


def _more_demanded(pair: Pair) -> bool:
    """Whether a word that asks for more is new, in the language of the pair or, within a Chinese text, in English."""
    demands = sense_of(pair.language).demands
    old, new = clean(pair.instruction).casefold(), clean(pair.evolved or "").casefold()
    before = {hit[0] for hit in demands.finditer(old)}
    return any(hit[0] not in before for hit in demands.finditer(new))


def _is_calculation(pair: Pair) -> bool:
    """Whether a number is asked for, and numbers are given to find it."""
    given = numbers_of(pair.instruction, pair.language)
    if len(given.stated) < 2 and not (given.stated and given.loose - {Fraction(1)}):
        return False
    asked = clean(pair.instruction).casefold()
    return any(words["quantity_asked"].search(asked) for words in word_lists(pair.language))


def _only_story(pair: Pair, new: list[str]) -> str:
    """In a calculation the question must be the same; what is told around it does not matter."""
    text = pair.evolved or ""
    flags = asking_sentences(text, pair.language)
    asked = " ".join(s for s, flag in zip(sentences(clean(text)), flags, strict=True) if flag)
    if not asked:
        return ""
    in_question = [word for word in new if word in substance(asked, pair.language)]
    limit = _QUESTION_CHARACTERS if pair.language in WORDLESS else _QUESTION_WORDS
    if len(in_question) > limit:
        return ""
    return "no new number, relation or question" + (f"; only told: {', '.join(new[:8])}" if new else "")
