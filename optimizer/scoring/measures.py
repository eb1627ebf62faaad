"""Rule on units: a number keeps what it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from ...agents.messages import Finding
from .pair import Pair
from .texts import clean, numbers_of, quote
from .words import Words, word_lists

__all__ = ["lost_units", "measured_kinds", "mentions_number_of"]

_KINDS = {
    **dict.fromkeys(
        ("kilometres", "metres", "centimetres", "millimetres", "miles", "feet", "inches", "yards"), "length"
    ),
    **dict.fromkeys(("kilograms", "grams", "milligrams", "weight", "tons", "jin"), "weight"),
    **dict.fromkeys(("litres", "millilitres", "gallons"), "volume"),
    **dict.fromkeys(("hours", "minutes", "seconds", "days", "weeks", "months", "years"), "time"),
}
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.,])([0-9][0-9,]*(?:\.[0-9]+)?)")
_BEFORE = re.compile(r"([$£€¥￥₹])\s?\Z")
_AFTER = re.compile(r"\s?-?\s?([%°℃€$£¥]|[A-Za-z\u4e00-\u9fff/²³]{1,16})")


def lost_units(pair: Pair) -> Finding | None:
    """A number of the seed stands in the evolved text without its unit, and the unit stands nowhere else in it.

    Units are those of measures, money and time, and per cent, each in all its forms (`$`, `dollars`, 元, 块). What is
    counted (`12 apples`) is no unit. A unit that became another one with the same number is lost, too; a number that is
    gone is a matter for `lost-numbers`.
    """
    if not pair.evolved:
        return None
    text = clean(pair.evolved)
    here = {value for value, _ in _measured(text, pair.language, bare=True)}
    lost: dict[str, list[str]] = {}
    for value, family in _measured(clean(pair.instruction), pair.language, bare=False):
        if value in here and not _mentions(text, family, pair.language):
            lost.setdefault(family, []).append(f"{float(value):g}")
    if not lost:
        return _conversion(clean(pair.instruction), text, pair.language)
    return Finding(
        "lost-units", quote("; ".join(f"{', '.join(values)} without {unit}" for unit, values in lost.items()))
    )


def _conversion(seed: str, text: str, language: str) -> Finding | None:
    """The units between which the seed converts, where the text names none of them."""
    lists = word_lists(language)
    if not any(words["converts"].search(seed) for words in lists):
        return None
    named = {hit[0] for words in lists for pattern in words.units.values() for hit in pattern.finditer(seed)}
    named = {unit for unit in named if len(unit) > 2 or not unit.isascii()}
    if len(named) < 2 or any(_mentions(text, family, language) for family in _families(named, lists)):
        return None
    return Finding("lost-units", quote(f"to convert between: {', '.join(sorted(named))}"))


def _families(named: set[str], lists: tuple[Words, ...]) -> set[str]:
    return {family for words in lists for family, pattern in words.units.items() if any(map(pattern.fullmatch, named))}


def measured_kinds(text: str, language: str) -> dict[str, list[str]]:
    """What kinds of measure (money, length, time …) a text gives numbers in, with the numbers."""
    found: dict[str, list[str]] = {}
    for value, family in _measured(clean(text), language, bare=False):
        found.setdefault(_KINDS.get(family, family), []).append(f"{float(value):g}")
    return found


def mentions_number_of(text: str, kinds: Sequence[str], language: str) -> bool:
    """Whether a number in words (`ten dollars`, `half an hour`, 半小时) may stand in one of these measures."""
    body = clean(text)
    families = [family for family, kind in _KINDS.items() if kind in kinds] + list(kinds)
    spelled = numbers_of(text, language)
    return bool(spelled.stated - spelled.digits or spelled.loose) and any(
        _mentions(body, family, language) for family in families
    )


def _measured(text: str, language: str, *, bare: bool) -> Iterator[tuple[Fraction, str]]:
    """Numbers with the family of their unit; with `bare` also those without a unit (family empty)."""
    for match in _NUMBER.finditer(text):
        values = numbers_of(match[1].rstrip(",."), language).digits
        family = _family(text, match.start(), match.end(), language)
        if len(values) == 1 and (bare or family):
            yield next(iter(values)), family


def _family(text: str, start: int, end: int, language: str) -> str:
    sign = _BEFORE.search(text[max(0, start - 2) : start])
    after = _AFTER.match(text, end)
    for words in word_lists(language):
        for family, pattern in words.units.items():
            if sign and pattern.fullmatch(sign[1]):
                return family
            if after and pattern.match(after[1]):
                return family
    return ""


def _mentions(text: str, family: str, language: str) -> bool:
    return any(family in words.units and words.units[family].search(text) for words in word_lists(language))
