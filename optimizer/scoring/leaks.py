"""Rules on the answer in the evolved text: a text that gives away its own answer asks for nothing."""

from __future__ import annotations

import re
from fractions import Fraction

from ...agents.messages import Finding
from .given import given_expression, given_in_passing, given_label
from .pair import Pair
from .results import (
    Statement,
    asked_words,
    asked_words_of,
    counted,
    derived,
    number_as_result,
    outcome,
    share_asked,
    statements,
    variables,
    words_of_answer,
)
from .sense import content, kinds_of, stem, substance
from .texts import clean, numbers_of, quote, sentences, tokens
from .words import WORDLESS, word_lists
from .worked import code_solution, worked_solution, works_on_code

__all__ = ["answer_leak"]

_PIECE_WORDS, _PIECE_CHARACTERS = 12, 24  # a run that long, shared with the response, is a copy
_WHOLE_WORDS = 4  # a whole response of so many words counts although it is shorter
_ANNOTATION = re.compile(r"<<[^<>\n]{1,200}>>")
# Share of the known response's words that stand in the evolved text and not in the seed: more is the answer retold.
_RETOLD, _RETOLD_WORDS, _RETOLD_CHARACTERS = 0.6, 6, 14
_FOLLOWS = 0.34  # share of a statement behind a question that must speak of what was asked
_PRECEDES = 0.5
_SAME_QUESTION = 0.6
_HAN = re.compile("[\u4e00-\u9fff]")
_LIST_SIGNS = re.compile(r"[,，、;；\n]|\band\b|和|与|[-*•]\s")
_LEAST_STATEMENT, _SHORT_STATEMENT = 4, 14
_SINGLE = 10  # numbers of one digit meet by chance
_OWN_DIGITS = 3


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
        evidence = _copied(seed, text, pair) or _stated(pair, text)
        evidence = evidence or (_retold(pair) if _asks_the_same(pair) and _same_question_words(pair) else "")
        evidence = evidence or given_in_passing(pair) or given_expression(pair) or given_label(pair)
    evidence = evidence or worked_solution(seed, text, pair.language) or code_solution(pair) or _answered(pair)
    return Finding("answer-leak", quote(evidence)) if evidence else None


def _copied(seed: str, text: str, pair: Pair) -> str:
    """The first long run of the response that is in the text and not in the seed."""
    answer = tokens(_ANNOTATION.sub("", pair.response or ""))
    if "code" in kinds_of(text, pair.language) and works_on_code(text, pair.language):
        return ""
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
    """The sentence that gives the known response's final answer as a result."""
    answer = outcome(pair.response or "", pair.language)
    found = _variable(pair, text)
    if found or answer is None:
        return found
    if isinstance(answer, Fraction):
        return _number_stated(pair, answer, text)
    if any(words["plain_answers"].fullmatch(answer) for words in word_lists(pair.language)):
        return ""
    return _named(pair, answer, text) or _name_stated(pair, answer)


def _number_stated(pair: Pair, answer: Fraction, text: str) -> str:
    """The same for a number that the seed does not have."""
    if answer in numbers_of(pair.instruction, pair.language).stated:
        return ""
    if answer not in numbers_of(text, pair.language).stated:
        return ""
    if 0 <= answer < _SINGLE and answer.denominator == 1 and not _keeps_the_question(pair):
        return ""
    same = _asks_the_same(pair)
    found = number_as_result(text, answer, pair.language, alone=same)
    if found or not same:
        return found
    return _said_of_the_question(pair, answer) or _with_its_unit(pair, answer, text)


def _with_its_unit(pair: Pair, answer: Fraction, text: str) -> str:
    """The answer with the unit or thing that the response gives it, in a text that still asks the seed's question."""
    told = {thing for value, thing in counted(clean(pair.response or ""), pair.language) if value == answer}
    asked = clean(pair.instruction).casefold()
    lists = word_lists(pair.language)
    for sentence in sentences(text):
        if answer < _SINGLE and any(words["conditions"].search(sentence) for words in lists):
            continue
        for value, thing in counted(sentence, pair.language):
            if value == answer and thing in told and sentence.casefold() not in asked:
                return sentence
    return ""


def _variable(pair: Pair, text: str) -> str:
    """A variable that the text gives the value of which the known response finds."""
    for name, value in variables(pair.response or "").items():
        given = re.compile(rf"\b{name}\s?(?:=|is|equals|为|是|等于)\s?{re.escape(value)}(?![\d.]*\d)", re.IGNORECASE)
        if (hit := given.search(text)) and not given.search(clean(pair.instruction)):
            return hit[0]
    return ""


def _named(pair: Pair, answer: str, text: str) -> str:
    """Where a short answer that the seed does not have stands as a result."""
    if answer in clean(pair.instruction).casefold():
        return ""
    result = "|".join(words["result_before"].pattern for words in word_lists(pair.language))
    if _asks_the_same(pair) and _same_question_words(pair):
        result += r"|\bis|\bare|\bwas|\bwere|\bnamely|\bcalled|[(（]|是|为|叫"
    named = re.search(rf"(?:{result})\s?[\"'(]?{re.escape(answer)}(?![^\W\u4e00-\u9fff])", text, re.IGNORECASE)
    return text[max(0, named.start() - 40) : named.end()] if named else ""


def _said_of_the_question(pair: Pair, answer: Fraction) -> str:
    """A plain statement with the answer's number that says of something what is asked of it."""
    asked = asked_words_of(pair)
    for statement in statements(pair.evolved or "", pair.language):
        if answer not in numbers_of(statement.text, pair.language).stated:
            continue
        least = _FOLLOWS if statement.behind or statement.concludes else _PRECEDES
        if statement.behind or share_asked(statement.text, asked, pair.language) >= least:
            return statement.text
    return ""


def _name_stated(pair: Pair, answer: str) -> str:
    """A statement with the known short answer in it: behind the last question, or saying of it what is asked."""
    seed, asked = clean(pair.instruction), asked_words_of(pair)
    known = frozenset(words_of_answer(answer, pair.language))
    for statement in statements(pair.evolved or "", pair.language):
        if answer not in statement.text.casefold() or statement.text in seed:
            continue
        shared = share_asked(statement.text, asked, pair.language, known)
        behind = statement.behind and (len(tokens(statement.text)) <= _SHORT_STATEMENT or shared)
        if behind or (shared >= _PRECEDES and answer not in seed.casefold()):
            return statement.text
    if answer in seed.casefold() or not _keeps_the_question(pair) or not _same_question_words(pair):
        return ""
    text = clean(pair.evolved or "")
    at = text.casefold().find(answer)
    return text[max(0, at - 60) : at + len(answer) + 20] if at >= 0 else ""


def _asks_the_same(pair: Pair) -> bool:
    """Whether most of what the seed asks is asked by the evolved text, too."""
    before = asked_words(pair.instruction, pair.language)
    kept = before & asked_words(pair.evolved or "", pair.language)
    return len(kept) >= _SAME_QUESTION * len(before)


def _same_question_words(pair: Pair) -> bool:
    """Whether the words that the seed asks with (`who`, 哪里) stand in the evolved text, too."""
    for words in word_lists(pair.language):
        asked = {hit[0].casefold() for hit in words["question_words"].finditer(clean(pair.instruction))}
        if asked:
            return asked <= {hit[0].casefold() for hit in words["question_words"].finditer(clean(pair.evolved or ""))}
    return True


def _retold(pair: Pair) -> str:
    """The new words (pairs of characters in Chinese) of the text that are most of the known response's, or its list."""
    response, text = clean(pair.response or ""), clean(pair.evolved or "")
    if pair.language in WORDLESS:
        said = _bigrams(response) - _bigrams(clean(pair.instruction))
        told, least = said & _bigrams(text), _RETOLD_CHARACTERS
    else:
        said = {*substance(response, pair.language)} - {*content(pair.instruction, pair.language)}
        told, least = said & {*content(text, pair.language)}, _RETOLD_WORDS
    if len(said) >= least and len(told) >= _RETOLD * len(said):
        return "words of the response: " + ", ".join(sorted(told)[:10])
    items = [item.strip().casefold() for item in _LIST_SIGNS.split(response.rstrip(".。")) if item.strip()]
    seed = clean(pair.instruction).casefold()
    new = len(items) >= 3 and not any(item in seed for item in items) and not re.search(r"[{}\[\]<>=]", response)
    listed = new and all(item in text.casefold() for item in items) and _asks_the_same(pair)
    return "the response's list: " + ", ".join(items) if listed else ""


def _bigrams(text: str) -> set[str]:
    signs = "".join(_HAN.findall(text))
    return {signs[at : at + 2] for at in range(len(signs) - 1)}


def _keeps_the_question(pair: Pair) -> bool:
    """Whether the text still asks what the seed asks: most of the seed's words are there."""
    seed = {*content(pair.instruction, pair.language)}
    kept = seed & {*content(pair.evolved or "", pair.language)}
    return len(kept) >= 0.7 * len(seed)


def _answered(pair: Pair) -> str:
    """A statement that answers what is asked, told without a known response."""
    given = numbers_of(pair.instruction, pair.language).stated
    asked, own = asked_words_of(pair), asked_words(pair.evolved or "", pair.language)
    for statement in statements(pair.evolved or "", pair.language):
        fresh = numbers_of(statement.text, pair.language).stated - given
        shared = share_asked(statement.text, asked, pair.language)
        if statement.behind and _closes(statement, fresh, shared, pair):
            return statement.text
        shared = share_asked(statement.text, own, pair.language)
        exact = shared >= 1 or (statement.concludes and shared >= _PRECEDES)
        if exact and len(fresh) == 1 and derived(next(iter(fresh)), given):
            return statement.text
    return _own_answer(pair, given)


def _closes(statement: Statement, fresh: frozenset[Fraction], shared: float, pair: Pair) -> bool:
    """Whether a statement behind the last question gives a result: a new number, or a short word on what was asked."""
    short = _LEAST_STATEMENT <= len(tokens(statement.text)) <= _SHORT_STATEMENT
    if statement.concludes and (fresh or shared >= _FOLLOWS):
        return True
    if fresh:
        given = numbers_of(pair.instruction, pair.language).stated
        bare = short and not substance(statement.text, pair.language)
        return bare or shared >= _FOLLOWS or (short and any(derived(value, given) for value in fresh))
    return short and shared >= _PRECEDES and statement.text not in clean(pair.instruction)


def _own_answer(pair: Pair, given: frozenset[Fraction]) -> str:
    """The number that the evolution's own response comes to, where the text states it and the seed does not.

    It cannot stand there by chance where it has three significant digits, or counts the very thing of which the text
    asks how many there are.
    """
    own = outcome(pair.evolved_response or "", pair.language, told=True)
    text = clean(pair.evolved or "")
    if not isinstance(own, Fraction) or own in given or own not in numbers_of(text, pair.language).stated:
        return ""
    digits = len(str(own.numerator).strip("0")) + (len(str(own.denominator)) if own.denominator > 1 else 0)
    asked = any(words["quantity_asked"].search(text) for words in word_lists(pair.language))
    for sentence in sentences(text) if asked or digits > _OWN_DIGITS else ():
        if own not in numbers_of(sentence, pair.language).stated:
            continue
        if digits >= _OWN_DIGITS or _counts_what_is_asked(sentence, own, text, pair.language):
            return sentence
    return ""


def _counts_what_is_asked(sentence: str, value: Fraction, text: str, language: str) -> bool:
    """Whether the number stands before the word of which the text asks how many."""
    wanted = {stem(hit) for words in word_lists(language) for hit in words["counted"].findall(text)}
    return any(number == value and thing in wanted for number, thing in counted(sentence, language))
