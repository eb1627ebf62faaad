"""Where a text states a number or a name as a result, and where it states what it also asks. Used by the leak rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

from .answers import final_answer
from .asks import asking_sentences, asks
from .pair import Pair
from .sense import content, sense_of, stem, substance
from .texts import clean, numbers_of, sentences, tokens
from .words import WORDLESS, Words, word_lists

__all__ = [
    "Statement",
    "asked_words",
    "asked_words_of",
    "counted",
    "derived",
    "is_calculation",
    "is_result",
    "number_as_result",
    "outcome",
    "share_asked",
    "statements",
    "variables",
    "words_of_answer",
]

_TELLING_DIGITS = 4  # a number with so many significant digits does not meet the answer by chance
_CURRENCY = r"(?:[$£€¥￥]\s?)?"
_FIGURE = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+")
_ZH_CLAUSES = re.compile(r"(?<=[，,；;])|(?<=[：:])(?!\d)")
_CONCLUSIONS = re.compile(r",\s(?=(?:so|thus|hence|therefore|which means|meaning|and so)\s)|;\s")
_NOT_PROSE = re.compile(r"```.*?(?:```|\Z)|^[ \t]*>>>.*$|^[ \t]*\(?\d{1,2}[.)]\s", re.DOTALL | re.MULTILINE)
_SIGNS = re.compile(r"[{}\[\]<>`_\\|]|\w\(|[=≤≥].*[=≤≥]")  # code and tables are no prose
_SHAPES = frozenset(
    stem(word)
    for word in ("square", "cubic", "centimetre", "centimeter", "number", "after", "before", "平", "方", "立")
)
_EQUALS = re.compile(r"[=＝]\s?[$£€¥]?\s?(-?[0-9][0-9,]*(?:\.[0-9]+)?)")
_CODE = re.compile(r"```|\w\[[^\]\n]*\]|\bdef \w+\(|\bSELECT\b|\breturn\b|[{};]")
_EXPRESSION = re.compile(r"(?=.*[a-z]\s?[-+*/^]|.*[-+*/^]\s?[a-z])[\w\s()+*/^.-]{3,30}(?<![a-z]{3})\.?", re.IGNORECASE)
_VARIABLE = re.compile(r"\b([a-z])\s?=\s?(-?[0-9]+(?:\.[0-9]+)?)(?![\w.]|\s?[-+*/^])")
_HOW_MANY = frozenset({"几", "多", "少"})
_COUNTED = re.compile(r"([$£€¥])?\s?([0-9][0-9,.]*)\s?([A-Za-z]+|[\u4e00-\u9fff]|[%°]?)")
_SHORT_CLAUSE = 4
_SHORT_ANSWER = 14  # words of a sentence that says no more than the answer
_YEAR = re.compile(r"\b1[5-9]\d\d\b|\b20[0-2]\d\b")
_PHRASE = 80  # characters before a number in which a phrase of result stands
_NUMERAL = 30  # characters behind a phrase of result in which its number in words begins and ends
_NEARLY = Fraction(1, 100)


def number_as_result(text: str, answer: Fraction, language: str, *, alone: bool = True) -> str:
    """The sentence of a cleaned text that gives this number as a result.

    With `alone` a number of many digits counts by itself: it cannot stand there by chance.
    """
    lists = word_lists(language)
    telling = len(str(answer.numerator).strip("0")) + (len(str(answer.denominator)) if answer.denominator > 1 else 0)
    for sentence in sentences(text):
        if answer not in numbers_of(sentence, language).stated:
            continue
        if (alone and telling >= _TELLING_DIGITS) or is_result(sentence, answer, language, lists):
            return sentence
    return ""


def is_result(sentence: str, answer: Fraction, language: str, lists: Sequence[Words]) -> bool:
    """Whether a phrase of result stands right before the number, or shortly after it in a plain statement."""
    asks = sentence.endswith(("?", "？")) or any(words["suppositions"].search(sentence) for words in lists)
    for match in _FIGURE.finditer(sentence):
        if answer not in numbers_of(match[0].rstrip(","), language).stated:
            continue
        start = sentence[: match.start()]
        if re.search(r"[(（]\s?$", start) and sentence[match.end() : match.end() + 1] in {")", "）"}:
            return True
        if _result_phrase(language).search(start[-_PHRASE:]):
            return not (asks and re.search(r"\b(?:if|suppose|assum)|如果|假设|假如|若", start, re.IGNORECASE))
        rest = " ".join(re.split(r"\s", sentence[match.end() :])[:6])
        if not asks and any(words["result_after"].search(re.split(r"[,;]", rest)[0]) for words in lists):
            return True
    return not asks and _spelled_result(sentence, answer, language)


def _spelled_result(sentence: str, answer: Fraction, language: str) -> bool:
    """Whether a phrase of result stands before the number in words (`leaving her with eighteen`)."""
    if answer in numbers_of(sentence, language).digits:
        return False
    return any(
        answer in numbers_of(sentence[hit.end() : hit.end() + _NUMERAL], language).stated
        for words in word_lists(language)
        for hit in words["result_before"].finditer(sentence)
    )


@cache
def _result_phrase(language: str) -> re.Pattern[str]:
    """A phrase of result at the end of a text, with a hedge or the sign of a currency behind it."""
    lists = word_lists(language)
    result = "|".join(words["result_before"].pattern for words in lists)
    hedge = "|".join(words["hedges"].pattern for words in lists)
    return re.compile(rf"(?:{result})[:,]?\s?(?:(?:{hedge})\s?)?{_CURRENCY}$", re.IGNORECASE)


@lru_cache(maxsize=64)
def is_calculation(text: str, language: str) -> bool:
    """Whether a text gives numbers and asks for one."""
    given = numbers_of(text, language)
    if len(given.stated) < 2 and not (given.stated and given.loose - {Fraction(1)}):
        return False
    asked = clean(text).casefold()
    return any(words["quantity_asked"].search(asked) for words in word_lists(language))


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


def counted(text: str, language: str) -> list[tuple[Fraction, str]]:
    """Numbers with the word or the sign of money beside them."""
    found: list[tuple[Fraction, str]] = []
    for match in _COUNTED.finditer(text):
        values = numbers_of(match[2].rstrip(",."), language).digits
        if len(values) == 1:
            found.append((next(iter(values)), match[1] or stem(match[3])))
    return found


@dataclass(frozen=True, slots=True)
class Statement:
    """A piece of a text that neither asks nor sets a condition.

    Args:
        text: the sentence, or a clause of it where it draws a conclusion.
        behind: whether the last thing asked stands before it, with a question mark.
        concludes: whether it begins like a conclusion (`so`, `therefore`, 所以).
    """

    text: str
    behind: bool
    concludes: bool


@lru_cache(maxsize=64)
def statements(text: str, language: str) -> tuple[Statement, ...]:
    """What a text states in prose; empty where it asks nothing."""
    lists = word_lists(language)
    found: list[tuple[str, bool]] = []
    for sentence in sentences(clean(_NOT_PROSE.sub(" ", text))):
        question = sentence.endswith(("?", "？"))
        found.extend((piece, question) for piece in _pieces(sentence, language))
    asked = [place for place, (piece, _) in enumerate(found) if asks(piece, language)]
    if not asked:
        return ()
    closed = max((place for place, (_, question) in enumerate(found) if question), default=len(found))
    stated: list[Statement] = []
    for place, (piece, _) in enumerate(found):
        if place in asked or _SIGNS.search(piece):
            continue
        concludes = any(words["result_opening"].match(piece) for words in lists)
        if concludes or not any(words["conditions"].search(piece) for words in lists):
            stated.append(Statement(piece, place > max(asked[-1], closed), concludes))
    return tuple(stated)


def _pieces(sentence: str, language: str) -> list[str]:
    parts = _ZH_CLAUSES.split(sentence) if language in WORDLESS else _CONCLUSIONS.split(sentence)
    return [part.strip() for part in parts if part.strip()]


@lru_cache(maxsize=64)
def asked_words(text: str, language: str) -> frozenset[str]:
    """Content of what a text asks."""
    found: set[str] = set()
    flags = asking_sentences(text, language)
    for sentence, flag in zip(sentences(clean(text)), flags, strict=True):
        if flag:
            found.update(content(sentence if language not in WORDLESS else _question(sentence), language))
    return frozenset(word for word in found if not word[0].isdigit() and word not in _HOW_MANY)


def asked_words_of(pair: Pair) -> frozenset[str]:
    """Content of all that the seed and the evolved text ask."""
    return asked_words(pair.instruction, pair.language) | asked_words(pair.evolved or "", pair.language)


def _question(sentence: str) -> str:
    """The last clause of a Chinese sentence, where the question stands, with the one before it where it is short."""
    clauses = [clause for clause in _ZH_CLAUSES.split(sentence.rstrip("。？?！!")) if clause]
    return "".join(clauses[-2:] if clauses and len(clauses[-1]) < _SHORT_CLAUSE else clauses[-1:])


def share_asked(statement: str, asked: frozenset[str], language: str, known: frozenset[str] = frozenset()) -> float:
    """How much of what a statement says, but for names, numbers, units and `known` words, is asked; from 0 to 1."""
    names = {stem(token) for token in re.findall(r"(?<=\s)[A-Z][a-z]+", statement)}
    said = [
        word
        for word in dict.fromkeys(content(statement, language))
        if (word in asked or word not in sense_of(language).padding)
        and not word[0].isdigit() and word not in known and word not in names
        and not _is_unit(word, language) and word not in _SHAPES
    ]  # fmt: skip
    return sum(word in asked for word in said) / len(said) if said else 0.0


@lru_cache(maxsize=4096)
def _is_unit(word: str, language: str) -> bool:
    return any(pattern.fullmatch(word) for words in word_lists(language) for pattern in words.units.values())


@lru_cache(maxsize=64)
def outcome(response: str, language: str, *, told: bool = False) -> Fraction | str | None:
    """What a response comes to: its final answer, else its last result behind `=`, else its last sentence's number.

    With `told` a long last sentence and a year do not count.
    """
    body = clean(response)
    if not body or _CODE.search(response):
        return None
    if _EXPRESSION.fullmatch(body):
        return body.rstrip(".").casefold()
    final = final_answer(response, language)
    if final is not None:
        return final
    results = _EQUALS.findall(body)
    last = results[-1] if results else (sentences(body) or [""])[-1]
    values = numbers_of(last, language).digits
    long = told and not results and (len(tokens(last)) > _SHORT_ANSWER or bool(_YEAR.search(last)))
    return next(iter(values)) if len(values) == 1 and not long else None


def variables(response: str) -> dict[str, str]:
    """The values of variables that a short response gives (`x = 5, y = 5`)."""
    return dict(_VARIABLE.findall(clean(response))) if len(response) < 80 else {}


def words_of_answer(answer: str, language: str) -> tuple[str, ...]:
    """What a short answer says, in the words of `content`."""
    return substance(answer, language) or tuple(tokens(answer))
