"""Rules on the answer in the evolved text: a text that gives away its own answer asks for nothing."""

from __future__ import annotations

import re
from fractions import Fraction

from ...agents.messages import Finding
from .answers import final_answer
from .pair import Pair
from .results import Statement, asked_words, derived, number_as_result, share_asked, statements, words_of_answer
from .sense import content, substance
from .texts import clean, numbers_of, quote, tokens
from .words import word_lists
from .worked import code_solution, worked_solution

__all__ = ["answer_leak"]

_PIECE_WORDS, _PIECE_CHARACTERS = 12, 24  # a run that long, shared with the response, is a copy
_WHOLE_WORDS = 4  # a whole response of so many words counts although it is shorter
_ANNOTATION = re.compile(r"<<[^<>\n]{1,200}>>")
# Share of the known response's words that stand in the evolved text and not in the seed: more is the answer retold.
_RETOLD, _RETOLD_WORDS, _RETOLD_CHARACTERS = 0.6, 6, 14
_FOLLOWS = 0.34  # share of a statement behind a question that must speak of what was asked
_PRECEDES = 0.5
_SHORT_STATEMENT = 14


def answer_leak(pair: Pair) -> Finding | None:
    """The answer stands in the evolved text and did not in the seed.

    With a known response: a run of 12 words (24 characters) of it, or all of it; most of its words; its final answer
    where the text gives it as a result (`is`, `=`, `leaving 11`, `has 11 left`) or says it of what is asked, or where
    it has four significant digits and so cannot meet the answer by chance. A new number that merely equals the answer
    is none.
    Without one: a solution worked in the text (marks of a final answer, a heading with a solution, equations that come
    out), code that does what is to be programmed, and a statement behind the question that speaks of what is asked and
    gives a number that can be calculated, or the answer of the evolution's own response.
    """
    if not pair.evolved:
        return None
    seed, text = clean(pair.instruction), clean(pair.evolved)
    evidence = ""
    if pair.response and pair.response.strip():
        evidence = _copied(seed, text, pair) or _stated(pair, text) or _retold(pair)
    evidence = evidence or worked_solution(seed, text, pair.language) or code_solution(pair) or _answered(pair)
    return Finding("answer-leak", quote(evidence)) if evidence else None


def _copied(seed: str, text: str, pair: Pair) -> str:
    """The first long run of the response that is in the text and not in the seed."""
    answer = tokens(_ANNOTATION.sub("", pair.response or ""))
    wordless = sum(len(token) == 1 and ord(token) > 0x2E80 for token in answer) * 2 > len(answer)
    size = _PIECE_CHARACTERS if wordless else _PIECE_WORDS
    least = 2 * _WHOLE_WORDS if wordless else _WHOLE_WORDS
    if len(answer) < size:
        size = len(answer)
        if size < least:
            return ""
    known = _runs(tokens(seed), size)
    held = _runs(tokens(text), size) - known
    for start in range(len(answer) - size + 1):
        run = tuple(answer[start : start + size])
        if run in held:
            return ("" if wordless else " ").join(run)
    return ""


def _runs(words: list[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + size]) for start in range(len(words) - size + 1)}


def _stated(pair: Pair, text: str) -> str:
    """The sentence that gives the response's final answer as a result."""
    answer = final_answer(pair.response or "", pair.language)
    if answer is None:
        return ""
    if isinstance(answer, Fraction):
        new = answer not in numbers_of(pair.instruction, pair.language).stated
        if not new or answer not in numbers_of(text, pair.language).stated:
            return ""
        return number_as_result(text, answer, pair.language) or _said_of_the_question(pair, answer)
    if any(words["plain_answers"].fullmatch(answer) for words in word_lists(pair.language)):
        return ""
    return _named(pair, answer, text) or _name_stated(pair, answer)


def _named(pair: Pair, answer: str, text: str) -> str:
    """Where a short answer that the seed does not have stands as a result."""
    if answer in clean(pair.instruction).casefold():
        return ""
    result = "|".join(words["result_before"].pattern for words in word_lists(pair.language))
    links = r"\bis|\bare|\bwas|\bwere|\bnamely|\bcalled|\bi\.e\.,?|[(（]|是|为|叫"
    named = re.search(rf"(?:{result}|{links})\s?[\"'(]?{re.escape(answer)}(?![^\W\u4e00-\u9fff])", text, re.IGNORECASE)
    return text[max(0, named.start() - 40) : named.end()] if named else ""


def _said_of_the_question(pair: Pair, answer: Fraction) -> str:
    """A plain statement with the answer's number that says of something what is asked of it."""
    asked = asked_words(pair)
    for statement in statements(pair.evolved or "", pair.language):
        if answer not in numbers_of(statement.text, pair.language).stated:
            continue
        least = _FOLLOWS if statement.last or statement.concludes else _PRECEDES
        if share_asked(statement.text, asked, pair.language) >= least:
            return statement.text
    return ""


def _name_stated(pair: Pair, answer: str) -> str:
    """A statement with the known short answer in it: behind the last question, or saying of it what is asked."""
    seed, asked = clean(pair.instruction), asked_words(pair)
    known = frozenset(words_of_answer(answer, pair.language))
    for statement in statements(pair.evolved or "", pair.language):
        if answer not in statement.text.casefold() or statement.text in seed:
            continue
        shared = share_asked(statement.text, asked, pair.language, known)
        behind = statement.last and (len(tokens(statement.text)) <= _SHORT_STATEMENT or shared)
        if behind or (shared >= _PRECEDES and answer not in seed.casefold()):
            return statement.text
    return ""


def _retold(pair: Pair) -> str:
    """The new words of the text that are most of the known response's."""
    seed = {*content(pair.instruction, pair.language)}
    said = {*substance(pair.response or "", pair.language)} - seed
    least = _RETOLD_CHARACTERS if pair.language == "zh" else _RETOLD_WORDS
    told = said & {*content(pair.evolved or "", pair.language)}
    few = len(said) >= 3 and told == said and _keeps_the_question(pair, seed)
    if (len(said) >= least and len(told) >= _RETOLD * len(said)) or few:
        return "words of the response: " + ", ".join(sorted(told)[:10])
    return ""


def _keeps_the_question(pair: Pair, seed: set[str]) -> bool:
    kept = seed & {*content(pair.evolved or "", pair.language)}
    return len(kept) >= 0.7 * len(seed)


def _answered(pair: Pair) -> str:
    """A statement behind the last question that answers it, or one that concludes, told without a known response."""
    given = numbers_of(pair.instruction, pair.language)
    own = final_answer(pair.evolved_response or "", pair.language)
    asked = asked_words(pair)
    for statement in statements(pair.evolved or "", pair.language):
        fresh = numbers_of(statement.text, pair.language).stated - given.stated
        shared = share_asked(statement.text, asked, pair.language)
        if statement.last and _closes(statement, fresh, shared, pair):
            return statement.text
        if fresh and own in fresh and shared >= _PRECEDES:
            return statement.text
        exact = shared >= 1 or (statement.concludes and shared >= _PRECEDES)
        if exact and len(fresh) == 1 and derived(next(iter(fresh)), given.stated):
            return statement.text
    return ""


def _closes(statement: Statement, fresh: frozenset[Fraction], shared: float, pair: Pair) -> bool:
    """Whether a statement behind the last question gives a result: a new number, or a short word on what was asked."""
    short = len(tokens(statement.text)) <= _SHORT_STATEMENT
    if statement.concludes and (fresh or shared >= _FOLLOWS):
        return True
    if fresh:
        return shared >= _FOLLOWS or (
            short and any(derived(value, numbers_of(pair.instruction, pair.language).stated) for value in fresh)
        )
    question = re.search(r"[?？]", pair.evolved or "")
    return bool(question) and short and shared >= _PRECEDES and statement.text not in clean(pair.instruction)
