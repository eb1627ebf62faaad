"""Where a text states a number or a name as a result, and where it states what it also asks. Used by the leak rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .asks import asking_sentences, asks
from .pair import Pair
from .sense import content, sense_of, stem, substance
from .texts import clean, numbers_of, sentences, tokens
from .words import WORDLESS, Words, word_lists

__all__ = [
    "Statement",
    "asked_words",
    "derived",
    "is_result",
    "number_as_result",
    "share_asked",
    "statements",
    "words_of_answer",
]

_TELLING_DIGITS = 4  # a number with so many significant digits does not meet the answer by chance
_CURRENCY = r"(?:[$£€¥￥]\s?)?"
_FIGURE = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+")
_ZH_CLAUSES = re.compile(r"(?<=[，,；;：:])")
_CONCLUSIONS = re.compile(r",\s(?=(?:so|thus|hence|therefore|which means|meaning|and so)\s)|;\s")
_SHAPES = frozenset(
    stem(word)
    for word in ("square", "cubic", "centimetre", "centimeter", "number", "after", "before", "平", "方", "立")
)
_NEARLY = Fraction(1, 100)


def number_as_result(text: str, answer: Fraction, language: str) -> str:
    """The sentence of a cleaned text that gives this number as a result, or in which it cannot stand by chance."""
    lists = word_lists(language)
    telling = len(str(answer.numerator).strip("0")) + (len(str(answer.denominator)) if answer.denominator > 1 else 0)
    for sentence in sentences(text):
        if answer not in numbers_of(sentence, language).stated:
            continue
        if telling >= _TELLING_DIGITS or is_result(sentence, answer, language, lists):
            return sentence
    return ""


def is_result(sentence: str, answer: Fraction, language: str, lists: Sequence[Words]) -> bool:
    """Whether a phrase of result stands right before the number, or shortly after it in a plain statement."""
    asks = sentence.endswith(("?", "？")) or any(words["suppositions"].search(sentence) for words in lists)
    result = "|".join(words["result_before"].pattern for words in lists)
    hedge = "|".join(words["hedges"].pattern for words in lists)
    for match in _FIGURE.finditer(sentence):
        if answer not in numbers_of(match[0].rstrip(","), language).stated:
            continue
        start = sentence[: match.start()]
        if re.search(r"[(（]\s?$", start) and sentence[match.end() : match.end() + 1] in {")", "）"}:
            return True
        if re.search(rf"(?:{result})[:,]?\s?(?:(?:{hedge})\s?)?{_CURRENCY}$", start, re.IGNORECASE):
            return not (asks and re.search(r"\b(?:if|suppose|assum)|如果|假设|假如|若", start, re.IGNORECASE))
        rest = " ".join(re.split(r"\s", sentence[match.end() :])[:6])
        if not asks and any(words["result_after"].search(re.split(r"[,;]", rest)[0]) for words in lists):
            return True
    return False


def derived(value: Fraction, given: frozenset[Fraction]) -> bool:
    """Whether one calculation with two of the given numbers (or one and a percentage of it) comes to this value."""
    small = sorted(given)[:24]
    for place, left in enumerate(small):
        for right in small[place + 1 :]:
            if value in {left + right, right - left, left * right} or _quotient(left, right, value):
                return True
            if abs(left * right / 100 - value) < _NEARLY or abs(right - left * right / 100 - value) < _NEARLY:
                return True
    return False


def _quotient(left: Fraction, right: Fraction, value: Fraction) -> bool:
    either = [(left, right), (right, left)]
    return any(under and abs(over / under - value) < _NEARLY for over, under in either)


@dataclass(frozen=True, slots=True)
class Statement:
    """A piece of a text that neither asks nor sets a condition.

    Args:
        text: the sentence, or a clause of it where it draws a conclusion.
        last: whether nothing is asked behind it, though something before.
        concludes: whether it begins like a conclusion (`so`, `therefore`, 所以).
    """

    text: str
    last: bool
    concludes: bool


def statements(text: str, language: str) -> list[Statement]:
    """What a text states; empty where it asks nothing."""
    lists = word_lists(language)
    pieces = [piece for sentence in sentences(clean(text)) for piece in _pieces(sentence, language)]
    asked = [place for place, piece in enumerate(pieces) if any(asks(piece, words) for words in lists)]
    found: list[Statement] = []
    for place, piece in enumerate(pieces):
        if place in asked or not asked:
            continue
        concludes = any(words["result_opening"].match(piece) for words in lists)
        if concludes or not any(words["conditions"].search(piece) for words in lists):
            found.append(Statement(piece, place > asked[-1], concludes))
    return found


def _pieces(sentence: str, language: str) -> list[str]:
    parts = _ZH_CLAUSES.split(sentence) if language in WORDLESS else _CONCLUSIONS.split(sentence)
    return [part.strip() for part in parts if part.strip()]


def asked_words(pair: Pair) -> frozenset[str]:
    """Content of all that the seed and the evolved text ask."""
    found: set[str] = set()
    for text in (pair.instruction, pair.evolved or ""):
        flags = asking_sentences(text, pair.language)
        for sentence, flag in zip(sentences(clean(text)), flags, strict=True):
            if flag:
                found.update(content(sentence if pair.language not in WORDLESS else _question(sentence), pair.language))
    return frozenset(found)


def _question(sentence: str) -> str:
    """The last clauses of a Chinese sentence, where the question stands."""
    return "".join(_ZH_CLAUSES.split(sentence.rstrip("。？?！!"))[-2:])


def share_asked(statement: str, asked: frozenset[str], language: str, known: frozenset[str] = frozenset()) -> float:
    """How much of what a statement says, but for names, numbers, units and `known` words, is asked; from 0 to 1."""
    names = {stem(token) for token in re.findall(r"(?<=\s)[A-Z][a-z]+", statement)}
    units_of = [pattern for words in word_lists(language) for pattern in words.units.values()]
    said = [
        word
        for word in dict.fromkeys(content(statement, language))
        if (word in asked or word not in sense_of(language).padding)
        and not word[0].isdigit() and word not in known and word not in names
        and not any(pattern.fullmatch(word) for pattern in units_of) and word not in _SHAPES
    ]  # fmt: skip
    return sum(word in asked for word in said) / len(said) if said else 1.0


def words_of_answer(answer: str, language: str) -> tuple[str, ...]:
    """What a short answer says, in the words of `content`."""
    return substance(answer, language) or tuple(tokens(answer))
