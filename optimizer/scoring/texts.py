"""Texts as the detectors compare them: cleaned, cut into words, sentences and numbers. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from .words import Words, word_lists

__all__ = ["Numbers", "clean", "numbers_of", "quote", "scripts_of", "sentences", "tokens", "units"]

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003134f"
_SUPERSCRIPTS = str.maketrans({sign: f"^{digit}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")})
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+(?:'[^\W_{_CJK}]+)*|[%$€£¥+*/=<>^-]")
_SENTENCE = re.compile(r"(?:[^.!?。！？\n]|\.(?=\w))+[.!?。！？]*")
_EVIDENCE = 160
_REMEMBERED = 512  # texts: the rules look at the four texts of a pair again and again


@lru_cache(maxsize=_REMEMBERED)
def clean(text: str) -> str:
    """One form for what looks alike: NFKC, straight quotes, one space, one newline; x² does not become x2."""
    folded = unicodedata.normalize("NFKC", text.translate(_SUPERSCRIPTS)).translate(_QUOTES)
    return _LINES.sub("\n", _SPACES.sub(" ", folded)).strip()


def tokens(text: str) -> list[str]:
    """Words in lower case, Chinese and Japanese characters one by one, and signs that carry meaning in maths."""
    return _TOKEN.findall(clean(text).casefold())


def units(text: str) -> int:
    """Length as a reader feels it: words of an alphabet, and single characters where there are no spaces."""
    return sum(token[0].isalnum() for token in _TOKEN.findall(clean(text)))


def sentences(text: str) -> list[str]:
    """Sentences of a cleaned text, with their end marks. A point inside a number or a name does not end one."""
    return [sentence.strip() for sentence in _SENTENCE.findall(text) if sentence.strip()]


def quote(text: str) -> str:
    """A span as evidence: on one line, at most 160 characters, its middle left out."""
    line = " ".join(text.split())
    return line if len(line) <= _EVIDENCE else f"{line[: _EVIDENCE - 60]} … {line[-50:]}"


# ---------------------------------------------------------------- scripts

_SCRIPTS = {
    "Latin": re.compile("[A-Za-z\u00c0-\u024f]+"),
    "Han": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"),
    "Kana": re.compile("[\u3040-\u30ff]"),
    "Hangul": re.compile("[\uac00-\ud7af]+"),
    "Cyrillic": re.compile("[\u0400-\u04ff]+"),
    "Arabic": re.compile("[\u0600-\u06ff]+"),
}
_NOT_PROSE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)


def scripts_of(text: str) -> dict[str, int]:
    """How many words (characters for Han and Kana) stand in each script, outside of code and addresses."""
    prose = _NOT_PROSE.sub(" ", text)
    return {name: len(pattern.findall(prose)) for name, pattern in _SCRIPTS.items()}


# ---------------------------------------------------------------- numbers

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+"
_NUMBER = re.compile(rf"(?<![A-Za-z0-9_.])({_DIGITS})(?:\s?/\s?([0-9]+)(?![0-9/]|\.[0-9]))?")
_LIST_MARK = re.compile(r"^\s*\(?[0-9]{1,2}[.)、](?=\s|[^\d\s])", re.MULTILINE)
_LONGEST = 40  # digits of a number that is still taken as a value; what is longer is a string of digits


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a text as values.

    Args:
        stated: numbers written in digits or as numerals; `1,000`, `1000` and `one thousand` are the same value.
        digits: those of them that are written in digits.
        loose: values that are alive in another form: parts of fractions, `half`, `dozen`, factors of a scale.
    """

    stated: frozenset[Fraction]
    digits: frozenset[Fraction]
    loose: frozenset[Fraction]


@lru_cache(maxsize=_REMEMBERED)
def numbers_of(text: str, language: str) -> Numbers:
    """All numbers of a text. Marks of numbered lists are no numbers, digits inside of names (`B5`) neither."""
    body = _LIST_MARK.sub(" ", clean(text))
    lists = word_lists(language)
    digits: set[Fraction] = set()
    loose: set[Fraction] = set()
    for value, parts in _in_digits(body, lists):
        digits.add(value)
        loose.update(parts)
    spelled = set(_spelled(body, lists))
    words = set(_TOKEN.findall(body.casefold()))
    for words_of in lists:
        loose.update(
            value for word, value in words_of.loose.items() if word in words or (len(word) > 1 and word in body)
        )
    loose.update(part for words_of in lists if words_of.measures for part in _chinese_fractions(body, words_of))
    return Numbers(frozenset(digits | spelled), frozenset(digits), frozenset(loose))


def _value(digits: str) -> Fraction | None:
    return Fraction(digits.replace(",", "")) if len(digits) <= _LONGEST else None


def _in_digits(body: str, lists: tuple[Words, ...]) -> Iterator[tuple[Fraction, list[Fraction]]]:
    for match in _NUMBER.finditer(body):
        value, under = _value(match[1]), _value(match[2] or "1")
        if value is None or under is None:
            continue
        parts = [value, under] if match[2] else []
        if match[2] and under:
            value /= under
        factor = _scale(body[match.end() : match.end() + 12], lists)
        if factor != 1:
            parts.append(value)
        yield value * factor, parts


def _scale(rest: str, lists: tuple[Words, ...]) -> int:
    """The factor of a scale word right after a number (`5 million`, `3万`)."""
    word = re.match(r"\s?-?([A-Za-z]+|.)", rest)
    if word is None:
        return 1
    return next((words.scales[word[1].lower()] for words in lists if word[1].lower() in words.scales), 1)


def _spelled(body: str, lists: tuple[Words, ...]) -> Iterator[Fraction]:
    for words in lists:
        if words.measures:
            yield from _chinese(body, words)
        else:
            yield from _english(body, words)


def _english(body: str, words: Words) -> Iterator[Fraction]:
    """`twenty-five`, `two hundred`; hundreds and units are not joined further."""
    previous: int | None = None
    for token in re.findall(r"[a-z]+", body.casefold()):
        value = words.numbers.get(token)
        if value is None:
            if previous is not None:
                yield Fraction(previous * words.scales.get(token, 1))
            previous = None
        elif previous is not None and previous >= 20 and previous % 10 == 0 and value < 10:
            previous += value
        else:
            if previous is not None:
                yield Fraction(previous)
            previous = value
    if previous is not None:
        yield Fraction(previous)


def _chinese(body: str, words: Words) -> Iterator[Fraction]:
    """Numerals before a measure word, after 百分之 or 第; a lone 一 is a pronoun more often than a number."""
    numeral = "[" + "".join([*words.numbers, *words.scales]) + "]{1,12}"
    for match in re.finditer(rf"(百分之|第)?({numeral})(?=([{words.measures}])?)", body):
        if match[2] != "一" and (match[1] or match[3]):
            value = _numeral(match[2], words)
            if value is not None:
                yield Fraction(value)


def _chinese_fractions(body: str, words: Words) -> Iterator[Fraction]:
    """`四分之一` is a quarter."""
    numeral = "[" + "".join([*words.numbers, *words.scales]) + "]{1,6}"
    for match in re.finditer(rf"(?<!百)({numeral})分之({numeral})", body):
        under, over = _numeral(match[1], words), _numeral(match[2], words)
        if under and over:
            yield Fraction(over, under)


def _numeral(text: str, words: Words) -> int | None:
    """The value of a Chinese numeral; None where it is none (`百万富翁` begins with a scale)."""
    total = section = digit = 0
    for sign in text:
        scale = words.scales.get(sign)
        if scale is None:
            digit = words.numbers[sign]
        elif scale >= 10_000 and not total + section + digit:
            return None
        elif scale >= 10_000:
            total, section, digit = (total + section + digit) * scale, 0, 0
        elif digit == 0 and scale != 10:
            return None
        else:
            section, digit = section + (digit or 1) * scale, 0
    return total + section + digit
