"""Rules on work: an evolution that leaves as much to do as before, or less, is none.

Whether a text became harder is for a judge. Here stand the cases that can be told from the text: nothing was added but
padding, a part was taken out, steps are done already, only values were exchanged.
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

from rapidfuzz.distance import Indel

from ...agents.messages import Finding
from .answers import final_answer
from .asks import asking_sentences, demand_count
from .losses import got_vague, lost_numbers
from .pair import Pair
from .results import asked_words, derived, is_calculation, outcome
from .sameness import identity, near_copy
from .sense import sense_of, stem, substance
from .texts import clean, numbers_of, quote, sentences, tokens, units
from .words import WORDLESS, Words, word_lists

__all__ = ["not_harder", "restated"]

# New words of substance that a text may have and still ask the same. In Chinese they are characters.
FEW_WORDS, FEW_CHARACTERS = 2, 5
WORDIER, WORDIER_CHARACTERS = 3, 2  # added words for each new word of substance: more is padding
PADDED_WORDS, PADDED_CHARACTERS = 0.2, 0.3  # share of new substance in what was added, to count as padding
SHORTER = 0.7  # so much shorter a text may have twice as many
_QUESTION_WORDS, _QUESTION_CHARACTERS = 3, 8
_SAME_QUESTION = 0.5
_NARROWS = re.compile(
    r"\bthat (?:is|are|have|has|do|does|can|contain|start|end|begin)\w* ((?:[\w-]+ ?){1,3})"
    r"|\band (?:the|an?|its|their|in|of|for|with|all|each|every) ((?:[\w-]+ ?){1,3})"
)
_CALENDAR = frozenset(map(Fraction, (7, 24, 30, 60)))
_SAME_RESPONSE, _LONG_RESPONSE = 0.95, 8
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
    evidence = _other_values(pair) or _computed(pair) or _options(pair) or _yes_or_no(pair)
    if not evidence and not (got_vague(pair) and lost_numbers(pair)):
        evidence = _relieved(pair) or _same_work(pair) or _same_response(pair)
    return Finding("not-harder", quote(evidence)) if evidence else None


def _new_numbers(pair: Pair) -> frozenset[Fraction]:
    lists = word_lists(pair.language)
    old = numbers_of(pair.instruction, pair.language)
    new = numbers_of(_without_idle(pair.evolved or "", lists), pair.language)
    # `one day` and 有一天 tell a story; what is asked of a week or an hour is a quantity.
    asked = (s for s, flag in zip(sentences(clean(pair.evolved or "")), _flags(pair), strict=True) if flag)
    told = _CALENDAR.difference(*(numbers_of(sentence, pair.language).loose for sentence in asked))
    return (new.stated | (new.loose - told)) - (old.stated | old.loose | {Fraction(1)})


def _flags(pair: Pair) -> tuple[bool, ...]:
    return asking_sentences(pair.evolved or "", pair.language)


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
    if not gone or len(fresh) != 1 or len(new.stated) > len(old.stated):
        return ""
    if len(gone) == 1 and (
        _more_demanded(pair) or len(_new_substance(pair, pair.instruction, pair.evolved or "")) > FEW_WORDS
    ):
        return ""
    result = next(iter(fresh))
    for place, left in enumerate(gone):
        for right in gone[place + 1 :] if len(gone) > 1 else sorted(old.stated - {left}):
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


def _yes_or_no(pair: Pair) -> str:
    """A question that yes or no answers, where the seed's was open and little is new."""
    text, seed = clean(pair.evolved or ""), clean(pair.instruction)
    if _new_numbers(pair) or _more_demanded(pair) or len(sentences(text)) > len(sentences(seed)) + 1:
        return ""
    few = 2 * (FEW_CHARACTERS if pair.language in WORDLESS else FEW_WORDS)
    for words in word_lists(pair.language):
        opened = words["open_questions"].search(seed)
        closed = words["closed_questions"].search(text) and not words["open_questions"].search(text)
        if opened and closed and len(_new_substance(pair, seed, text)) <= few:
            return f"a question of yes or no: {text}"
    return ""


def _relieved(pair: Pair) -> str:
    """Words that make a part of the work optional, where no other number and no other demand came in."""
    text, seed = clean(pair.evolved or ""), clean(pair.instruction)
    if _new_numbers(pair) or demand_count(text, pair.language) > demand_count(seed, pair.language) + 1:
        return ""
    few = 2 * (FEW_CHARACTERS if pair.language in WORDLESS else FEW_WORDS)
    for words in word_lists(pair.language):
        hit = words["reliefs"].search(text)
        new = [
            word for word in _new_substance(pair, seed, text) if not hit or word not in substance(hit[0], pair.language)
        ]
        if hit and not words["reliefs"].search(seed) and len(new) <= few:
            return hit[0]
    return ""


def _same_work(pair: Pair) -> str:
    """Why the evolved text asks for the same work as the seed; empty where it may ask for more."""
    seed, text = pair.instruction, pair.evolved or ""
    if _new_numbers(pair) or _more_numbers(pair) or _more_demanded(pair) or not substance(seed, pair.language):
        return ""
    new = _new_substance(pair, seed, text)
    if new and demand_count(text, pair.language) > max(1, demand_count(seed, pair.language)):
        return ""
    if is_calculation(pair.instruction, pair.language):
        return _only_story(pair, new)
    if _narrowed(pair, new):
        return ""
    added = units(text) - units(seed)
    wordless = pair.language in WORDLESS
    few, wordier = (FEW_CHARACTERS, WORDIER_CHARACTERS) if wordless else (FEW_WORDS, WORDIER)
    shorter = units(text) <= SHORTER * units(seed)
    padded = len(new) <= min(2 * few, (PADDED_CHARACTERS if wordless else PADDED_WORDS) * added)
    little = len(new) <= few + shorter * few and (added <= 0 or added >= wordier * len(new))
    if new and (little or padded or (len(new) <= 2 * few and _same_answer(pair))):
        return f"{added} words more, new of substance: {', '.join(new)}"
    part = "nothing new of substance" if added >= 0 else f"a part of the seed: {units(text)} of {units(seed)} words"
    return "" if new else part


def _narrowed(pair: Pair, new: list[str]) -> bool:
    """Whether a new word narrows the task (`numbers that are prime`) or adds to it (`and the future perfect`)."""
    behind = (stem(word) for hit in _NARROWS.finditer(clean(pair.evolved or "")) for word in tokens(hit[1] or hit[2]))
    return not {*new}.isdisjoint(behind)


def _same_response(pair: Pair) -> str:
    """Both responses are the same, word for word: what was added changed nothing of what is to be answered.

    A short one may be the same by chance, so there must be no more demanded and little new.
    """
    old, new = tokens(pair.response or ""), tokens(pair.evolved_response or "")
    if not old or _new_numbers(pair) or Indel.normalized_similarity(old, new) < _SAME_RESPONSE:
        return ""
    few = 2 * (FEW_CHARACTERS if pair.language in WORDLESS else FEW_WORDS)
    short = old == new and units(pair.evolved or "") <= units(pair.instruction) + 2 * few
    few_new = len(_new_substance(pair, pair.instruction, pair.evolved or "")) <= few
    little = few_new and (short or not _more_demanded(pair))
    return "the response is the same" if little or len(old) >= _LONG_RESPONSE else ""


def _same_answer(pair: Pair) -> bool:
    """Whether both responses come to the same."""
    old, new = (outcome(text or "", pair.language) for text in (pair.response, pair.evolved_response))
    return old is not None and old == new


def _new_substance(pair: Pair, seed: str, text: str) -> list[str]:
    known = {*substance(seed, pair.language)}
    bare = _without_idle(text, word_lists(pair.language))
    return [word for word in dict.fromkeys(substance(bare, pair.language)) if word not in known]


def _more_numbers(pair: Pair) -> bool:
    """Whether some number stands more often than before: the same value may be a new quantity."""
    old, new = (Counter(_FIGURE.findall(clean(text))) for text in (pair.instruction, pair.evolved or ""))
    return bool(new - old)


def _more_demanded(pair: Pair) -> bool:
    """Whether a word that asks for more is new. In a calculation some of them are words of a story only."""
    lists, demands = word_lists(pair.language), sense_of(pair.language).demands
    old, new = (_without_idle(text, lists) for text in (pair.instruction, pair.evolved or ""))
    known = frozenset(map(stem, tokens(old)))
    hits = {hit[0] for hit in demands.finditer(new)}
    if pair.language in WORDLESS:
        fresh = {hit for hit in hits if hit not in old}
    else:  # `reverses` and `reversed` demand the same
        fresh = {hit for hit in hits if hit not in old and not {stem(word) for word in tokens(hit)} <= known}
    if is_calculation(pair.instruction, pair.language):
        fresh = {word for word in fresh if not any(words["idle_in_calculations"].fullmatch(word) for words in lists)}
    return bool(fresh)


def _without_idle(text: str, lists: tuple[Words, ...]) -> str:
    body = clean(text).casefold()
    for words in lists:
        body = words["idle_phrases"].sub(" ", body)
    return body


def _asks_for_the_same(before: frozenset[str], kept: frozenset[str], language: str) -> bool:
    """Whether half of the words that the seed asks with are asked still, padding and verbs of any task apart."""
    sense = sense_of(language)
    wanted = {word for word in before if word not in sense.padding and word not in sense.verbs} or set(before)
    return len(kept & wanted) >= _SAME_QUESTION * len(wanted)


def _only_story(pair: Pair, new: list[str]) -> str:
    """In a calculation the question must be the same; what is told around it does not matter."""
    text = pair.evolved or ""
    flags = asking_sentences(text, pair.language)
    asked = " ".join(s for s, flag in zip(sentences(clean(text)), flags, strict=True) if flag)
    before = asked_words(pair.instruction, pair.language)
    kept = before & asked_words(text, pair.language)
    if restated(pair):
        return "no new number or relation, and the answer is the same"
    if not asked or not _asks_for_the_same(before, kept, pair.language):
        return ""
    in_question = [word for word in new if word in asked_words(text, pair.language)]
    limit = _QUESTION_CHARACTERS if pair.language in WORDLESS else _QUESTION_WORDS
    if len(in_question) > limit:
        return ""
    return "no new number, relation or question" + (f"; only told: {', '.join(new[:8])}" if new else "")
