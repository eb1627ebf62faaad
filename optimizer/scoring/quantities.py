"""Amounts as values: `$1,000`, `1e3`, `half`, `2 hours 30 minutes`, `三百二十元`. Pure functions on short texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from .texts import clean, numbers_of, tokens
from .units import UNITS
from .words import word_lists

__all__ = ["Quantity", "plain", "quantity_of", "same_quantity", "standard"]

_LONGEST = 120  # characters of a text that is one amount
_MOST_WORDS = 5  # of a unit, and before a number
_LARGEST = 300  # power of ten


@dataclass(frozen=True, slots=True)
class Quantity:
    """One amount.

    Args:
        value: as written, in `unit`.
        unit: a known unit, `%`, or the words after the number; empty where there are none.
        digits: decimals that it shows; None for whole numbers and fractions, which are exact.
    """

    value: Fraction
    unit: str = ""
    digits: int | None = None


_PERCENT = frozenset({"%", "percent", "percents", "percentage"})
_MARKS = "$£€¥"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_AMOUNT = re.compile(
    rf"(?<![A-Za-z\d.])(?P<sign>[-−–+]?)\s?(?P<mark>us\$|[{_MARKS}])?\s?(?P<minus>[-−]?)"
    rf"(?:(?P<whole>\d+)\s(?P<part>\d+)\s?/\s?(?P<under>\d+)|(?P<number>{_DIGITS})"
    r"(?:\s?/\s?(?P<over>\d+)|(?:e|\s?(?:x|×|\*|·)\s?10\s?\^\s?)\s?(?P<power>[-−+]?\d{1,3}))?)(?![\d/])",
    re.IGNORECASE,
)
_POWER_OF_TEN = re.compile(r"(?<![\d.])10\s?\^\s?(-?\d{1,3})(?!\d)")
_LATEX = (
    (re.compile(r"\\[dt]?frac\s?\{\s?(-?\d+)\s?\}\s?\{\s?(\d+)\s?\}"), r" \1/\2"),
    (re.compile(r"\\[dt]?frac\s?(\d)\s?(\d)(?!\d)"), r" \1/\2"),
    (re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox|operatorname)\s?\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\^\s?\{?\\circ\s?\}?"), "°"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\^\s?\{(-?\d+)\}"), r"^\1"),
    (re.compile(r"\\([%$])"), r"\1"),
    (re.compile(r"\\(?:times|cdot)(?![a-z])"), "×"),
    (re.compile(r"\\(?:[,;!: ]|quad|qquad|left|right|displaystyle)"), " "),
    (re.compile(r"\\(?:approx|sim|simeq)"), " "),
)
_HEDGES = re.compile(
    r"^(?:≈|~|=|约|大约|约为|共|一共|总共|是|为|exactly|about|approximately|around|roughly|only|just|a total of|"
    r"total of|in total|there (?:are|is)|it is|it's|[a-z]\s?=)\s?",
    re.IGNORECASE,
)


def quantity_of(text: str, language: str) -> Quantity | None:
    """The amount that a short text is, or None.

    It may have a few words before and after the one number, a currency, a known unit twice (`2 hours 30 minutes`).
    Numbers in words count where the text begins with them.
    """
    body = plain(text)
    if not body or len(body) > _LONGEST:
        return None
    while (shorter := _HEDGES.sub("", body)) != body:
        body = shorter
    body = _POWER_OF_TEN.sub(lambda match: f"1e{match[1]}", body) if not re.search(r"\d\s?[x×*·]\s?10", body) else body
    found = list(_AMOUNT.finditer(body))
    if len(found) > 1:
        return _compound(body, found, language)
    return _one(body, found[0], language) if found else _in_words(body)


def plain(text: str) -> str:
    """A text without the dress of LaTeX and Markdown; what is more than dress stays."""
    body = re.sub(r"(?<!\d)!+$", "", clean(text).strip(" \n.。*_`\"'"))
    if "\\" in body or "{" in body:
        for pattern, instead in _LATEX:
            body = pattern.sub(instead, body)
    if len(body) > 2 and body[0] == body[-1] == "$":
        body = body[1:-1]
    body = re.sub(r"\$([^$]*\^[^$]*)\$", r"\1", body)
    return " ".join(body.replace("percent", "%").replace("百分比", "%").split())


def same_quantity(one: Quantity, other: Quantity) -> bool:
    """Equal as far as both say it.

    Units that can be converted are; of unlike dimensions they differ. A percentage equals its bare number
    (`50 %` and `50` where a percentage was asked for) and its share (`0.5`). Where one is rounded to two or more
    decimals, they are compared to its decimals; whole numbers and fractions are exact.
    """
    here, there = UNITS.get(one.unit), UNITS.get(other.unit)
    if here and there:
        if here[0] != there[0]:
            return False
        if here[1] != there[1]:
            return one.value * here[1] == other.value * there[1]
    if "%" in {one.unit, other.unit} and one.unit != other.unit:
        share, bare = (one, other) if one.unit == "%" else (other, one)
        if UNITS.get(bare.unit):
            return False
        digits = None if share.digits is None else share.digits + 2
        return _close(share, bare) or _close(Quantity(share.value / 100, "", digits), bare)
    return _close(one, other)


def standard(amount: Quantity) -> tuple[Fraction, str]:
    """The value in the smallest unit of its dimension, and the dimension; unknown units are left out."""
    known = UNITS.get(amount.unit)
    if known:
        return amount.value * known[1], known[0]
    return amount.value, "%" if amount.unit == "%" else ""


def _close(one: Quantity, other: Quantity) -> bool:
    if one.value == other.value:
        return True
    # A fraction is exact and has any number of decimals; a whole number has none.
    shown = [99 if q.digits is None and q.value.denominator > 1 else q.digits or 0 for q in (one, other)]
    digits = min(shown)
    return 2 <= digits < 99 and abs(one.value - other.value) <= Fraction(1, 2 * 10**digits)


# ---------------------------------------------------------------- reading


def _one(body: str, match: re.Match[str], language: str) -> Quantity | None:
    before, after = body[: match.start()].strip(), body[match.end() :]
    if (
        len(tokens(before)) > _MOST_WORDS
        or (before and match["sign"])
        or re.search(r"[-+*/\\{}=<>^_()\[\]]|\bnot\b|不", before)
    ):
        return None
    value = _value(match)
    if value is None:
        return None
    factor, after = _scaled(after, language)
    unit = _unit(after)
    if unit is None or (match["mark"] and unit and unit in UNITS and UNITS[unit] != UNITS[match["mark"].lower()]):
        return None
    plainly = match["number"] and not (match["over"] or match["power"] or factor != 1)
    digits = len(match["number"].partition(".")[2]) or None if plainly else None
    known = match["mark"].lower() if match["mark"] else unit
    return Quantity(value * factor, known, digits)


def _value(match: re.Match[str]) -> Fraction | None:
    under = match["under"] or match["over"]
    if under is not None and int(under) == 0:
        return None
    if match["whole"]:
        value = int(match["whole"]) + Fraction(int(match["part"]), int(match["under"]))
    else:
        value = Fraction(match["number"].replace(",", "")) / int(match["over"] or 1)
    power = int((match["power"] or "0").replace("−", "-"))
    if abs(power) > _LARGEST:
        return None
    negative = match["sign"] in {"-", "−", "–"} or bool(match["minus"])
    return (-value if negative else value) * Fraction(10) ** power


def _scaled(after: str, language: str) -> tuple[int, str]:
    """The factor of scale words right after a number, and what follows them."""
    factor = 1
    while word := re.match(r"\s?-?([A-Za-z]+|[一-鿿])", after):
        scale = next(
            (words.scales.get(word[1].lower()) for words in word_lists(language) if word[1].lower() in words.scales),
            None,
        )
        if scale is None:
            break
        factor, after = factor * scale, after[word.end() :]
    return factor, after


def _unit(after: str) -> str | None:
    """What follows a number as a unit; None where it is more than that."""
    words = after.strip(" .。,，;:*_`\"'）)").casefold()
    words = re.sub(r"^(?:/|per\b)", " per ", words).strip()
    most = 2 * _MOST_WORDS if any(ord(sign) > 0x2E80 for sign in words) else _MOST_WORDS
    if re.search(r"[\d\\{}=<>^_+*()\[\]]", words) or len(tokens(words)) > most:
        return None
    if words in _PERCENT or words.startswith("%"):
        return "%"
    joined = bool(after) and after[0].isascii() and after[0].isalpha()
    if words not in UNITS and (joined or (len(words) == 1 and words.isascii())):
        return None  # 2x, 20th, 5pm
    return words


_JOINED = re.compile(r"(?:\s*[,，]|\s+and|和|零|又|\s)+$")


def _compound(body: str, found: list[re.Match[str]], language: str) -> Quantity | None:
    """`2 hours and 30 minutes`: several amounts of one dimension, each smaller than the one before."""
    ends = [*(match.start() for match in found[1:]), len(body)]
    pieces = [_JOINED.sub("", body[match.start() : end]) for match, end in zip(found, ends, strict=True)]
    parts = [quantity_of(piece, language) for piece in pieces]
    total, last = Fraction(0), None
    for part in parts:
        known = UNITS.get(part.unit) if part else None
        if part is None or known is None or (last and (known[0] != last[0] or known[1] >= last[1])):
            return None
        total, last = total + part.value * known[1], known
    if last is None or found[0].start() > 0:
        return None
    return Quantity(total / last[1], next(name for name, known in UNITS.items() if known == last))


_PARTS = {"half": "1/2", "halves": "1/2", "third": "1/3", "thirds": "1/3", "quarter": "1/4", "quarters": "1/4",
           "fourth": "1/4", "fourths": "1/4", "fifth": "1/5", "fifths": "1/5", "sixth": "1/6", "sixths": "1/6",
           "eighth": "1/8", "eighths": "1/8", "tenth": "1/10", "tenths": "1/10", "dozen": "12"}  # fmt: skip
_ONES = {"zero": 0, "one": 1}
_NUMERAL = re.compile(
    r"^(负)?(百分之)?([零〇一二两三四五六七八九十百千万亿]{1,12}(?!半)|一?半)"
    r"(?:分之([一二三四五六七八九十百千万]{1,6}))?(点[零一二三四五六七八九]{1,9})?"
)


def _in_words(body: str) -> Quantity | None:
    """A text that begins with a number in words."""
    numeral = _NUMERAL.match(body)
    return _chinese_amount(body, numeral) if numeral else _english_amount(body)


def _chinese_amount(body: str, match: re.Match[str]) -> Quantity | None:
    value = Fraction(1, 2) if "半" in match[3] else _numeral(match[3])
    unit = _unit(body[match.end() :])
    if value is None or unit is None or (match[3] in {"一", "两", "半"} and len(unit) > 4):
        return None
    if match[4]:
        above = _numeral(match[4])
        if above is None or not value:
            return None
        value = above / value
    digits = None
    if match[5]:
        decimals = "".join(str("零一二三四五六七八九".index(sign)) for sign in match[5][1:])
        value, digits = value + Fraction(int(decimals), 10 ** len(decimals)), len(decimals)
    return Quantity(-value if match[1] else value, "%" if match[2] else unit, digits)


def _numeral(text: str) -> Fraction | None:
    ones = {"零": 0, "〇": 0, "一": 1}
    if text in ones:
        return Fraction(ones[text])
    found = numbers_of(f"{text}个", "zh").stated  # the measure word makes it a number there
    return next(iter(found)) if len(found) == 1 else None


def _english_amount(body: str) -> Quantity | None:
    words = re.findall(r"[a-z]+|[^a-z]+", body.casefold().replace("-", " "))
    lists = word_lists("en")[0]
    total, current = Fraction(0), Fraction(-1)  # -1: no number since the last scale
    read, joined, article = 0, False, False
    for at, word in enumerate(words):
        if word.isspace() or word in {"and", "a", "an"}:
            joined, article = joined or word == "and", article or word in {"a", "an"}
            continue
        if word in lists.numbers or word in _ONES:
            current = max(current, Fraction(0)) + lists.numbers.get(word, _ONES.get(word, 0))
        elif word in lists.scales and (article or current >= 0):
            current = abs(current) * lists.scales[word]
            total, current = (total, current) if lists.scales[word] == 100 else (total + current, Fraction(-1))
        elif word in _PARTS and joined and current >= 0:
            total, current = total + current, Fraction(_PARTS[word])
        elif word in _PARTS:
            current = abs(current) * Fraction(_PARTS[word])
        else:
            break
        read, joined = at + 1, False
    unit = _unit("".join(words[read:]).removeprefix(" of ")) if read else None
    return Quantity(total + max(current, Fraction(0)), unit) if unit is not None else None
