"""Answers that are given in passing: an expression of the known code, a label, a number in an opening clause."""

from __future__ import annotations

import re
from fractions import Fraction

from .pair import Pair
from .results import asked_words, counted, outcome
from .sense import kinds_of, stem
from .texts import clean, numbers_of, sentences
from .words import WORDLESS, word_lists
from .worked import works_on_code

__all__ = ["given_expression", "given_in_passing", "given_label"]

_EXPRESSION = re.compile(r"(?:\breturn\b|(?<![=!<>])=(?!=)|\blambda\b[^:\n]*:|=>)[ \t]*([^\n;#]{5,120})")
_SIGNS = re.compile(r"[\[\](){}.*/%+<>=-]")
_FORBIDS = re.compile(
    r"(?:without|not|n't|avoid\w*|instead of|forbid\w*|rather than|never|except|"
    r"不要|不能|不得|不用|禁止|不可|不使用|避免|而不是)"
    r"[^.。;；\n]{0,60}\Z",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"(?:\A|(?<=[.!?]\s)|(?<=,\s))(?:since|given that|knowing that|as we know|because|considering that|now that|"
    r"seeing that)"
    r"\s[^?]{3,160}?,|(?:\A|(?<=[。！？]))(?:既然|已知|鉴于|由于|因为|知道)[^？?]{2,80}?[，,]",
    re.IGNORECASE,
)
_ASKS_MONEY = re.compile(r"how much|what (?:is|was) the \w* ?(?:price|cost|total|profit)|多少(?:元|钱)", re.IGNORECASE)
_NUMERALS = re.compile("[一二三四五六七八九十百千万两]{1,9}([\u4e00-\u9fff])")
_LEAST_DIGITS, _LEAST_VALUE = 2, 20
_BETWEEN = r"\s?(?:,|/|\bor\b|\band\b|、|和|或|还是|与)\s?[\"'“‘]?"


def given_expression(pair: Pair) -> str:
    """What a line of the known code comes to, in a text that does not forbid it and is not about given code."""
    if not pair.response or "code" not in kinds_of(pair.instruction, pair.language):
        return ""
    text, seed = clean(pair.evolved or ""), clean(pair.instruction)
    for hit in _EXPRESSION.finditer(clean(pair.response)):
        told = hit[1].strip(" `")
        at = text.find(told)
        telling = len(_SIGNS.findall(told)) >= 2 and re.search(r"[A-Za-z]", told) is not None
        if not telling or at < 0 or told in seed or _FORBIDS.search(text[max(0, at - 80) : at]):
            continue
        return "" if works_on_code(text, pair.language) else text[max(0, at - 40) : at + len(told)]
    return ""


def given_label(pair: Pair) -> str:
    """The known class of what is to be classified, in a text that does not list it among others."""
    answer = clean(pair.response or "").strip(" .。!！\"'").casefold()
    seed, text = clean(pair.instruction).casefold(), clean(pair.evolved or "").casefold()
    if not 2 <= len(answer) <= 20 or answer in seed or not {"classify"} & kinds_of(seed, pair.language):
        return ""
    label = rf"(?<![a-z]){re.escape(answer)}(?![a-z])"
    hits = [*re.finditer(label, text)]
    listed = re.search(rf"{label}[\"'”’]?{_BETWEEN}|{_BETWEEN}{label}", text)
    return text[max(0, hits[0].start() - 40) : hits[0].end() + 20] if hits and not listed else ""


def given_in_passing(pair: Pair) -> str:
    """The known answer in a clause that opens a question (`since it is 12, what is …`), or beside an unchanged task.

    Where the text still has all numbers of the seed and asks what it asked, the answer can still be calculated, so a
    new number that equals it is hardly a new quantity; small and round ones may be.
    """
    answer = outcome(pair.response or "", pair.language)
    text, seed = clean(pair.evolved or ""), clean(pair.instruction)
    for opening in _OPENING.finditer(text):
        if opening[0] in seed or answer is None:
            continue
        if isinstance(answer, Fraction):
            given = numbers_of(opening[0], pair.language).stated - numbers_of(seed, pair.language).stated
            if answer in given:
                return opening[0]
        elif re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", opening[0].casefold()):
            return opening[0]
    return _beside(pair, answer, text) if isinstance(answer, Fraction) else ""


def _beside(pair: Pair, answer: Fraction, text: str) -> str:
    old = numbers_of(pair.instruction, pair.language).stated
    digits = len(str(answer.numerator).strip("0"))
    if answer in old or answer < _LEAST_VALUE or digits < _LEAST_DIGITS or not old:
        return ""
    if not old <= numbers_of(text, pair.language).stated:
        return ""
    before = asked_words(pair.instruction, pair.language)
    if len(before & asked_words(text, pair.language)) < 0.6 * len(before):
        return ""
    money = "$" in pair.instruction or "元" in pair.instruction
    lists = word_lists(pair.language)
    wanted = before | {stem(thing) for words in lists for thing in words["counted"].findall(clean(pair.instruction))}
    wanted |= {"$", "元", "dollar", "euro"} if money and _ASKS_MONEY.search(clean(pair.instruction)) else set[str]()
    for sentence in sentences(text):
        if sentence in clean(pair.instruction):
            continue
        told = [*counted(sentence, pair.language), *_spelled(sentence, pair.language)]
        if any(value == answer and thing in wanted for value, thing in told):
            return sentence
    return ""


def _spelled(text: str, language: str) -> list[tuple[Fraction, str]]:
    """Numbers in Chinese numerals with the character behind them."""
    return [
        (value, hit[1])
        for hit in (_NUMERALS.finditer(text) if language in WORDLESS else ())
        for value in numbers_of(hit[0], language).stated
    ]
