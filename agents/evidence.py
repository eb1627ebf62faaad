"""Whether quoted evidence stands in a text: word by word, or with small slips of the pen, never with other numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rapidfuzz import fuzz

__all__ = ["stands_in"]

_LIKE = 90.0  # rapidfuzz partial ratio (0 to 100) from which a long quote is the text but for small slips
_LONG = 16  # characters of a quote that may have slips; a shorter one must be exact
_WEIGHT = 4  # letters that a quote must have at least: a single "the" proves nothing
# A Chinese character is a word of its own, so that one rule fits both languages.
_HAN = "\u3400-\u9fff"
_WORD = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_MARKED = re.compile(r"[\"“「『]([^\"“”「」『』]+)[\"”」』]")
_GAP = re.compile(r"\.{3,}|…+")
_NOTHING = {"", "none", "n a", "na", "no quote", "nothing", "unsure", "无", "没有", "无引用"}


def stands_in(quote: str, texts: Sequence[str]) -> bool:
    """Whether every span of the quote that is long enough stands in one of the texts, and there is such a span.

    Case, width of characters, white space and punctuation do not count. A long span may differ a little
    (rapidfuzz partial ratio of at least 90), but its numbers must be those of the text.

    Args:
        quote: words, where they are marked as quoted only those, with an ellipsis where some are left out; `none`
            and the like are no quote.
        texts: where they are looked for.
    """
    if _words(quote) in _NOTHING:
        return False
    parts = [part for marked in _MARKED.findall(quote) or [quote] for part in _GAP.split(marked)]
    spans = [span for part in parts if _weight(span := _words(part)) >= _WEIGHT]
    places = [_words(text) for text in texts]
    return bool(spans) and all(any(_in(span, place) for place in places) for span in spans)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _weight(span: str) -> int:
    """Letters and digits of a span; a Chinese character counts twice, for it says as much as a short word."""
    return sum(2 if re.match(rf"[{_HAN}]", letter) else 1 for letter in span if letter != " ")


def _in(span: str, place: str) -> bool:
    if f" {span} " in f" {place} ":
        return True
    numbers = {word for word in span.split() if word.isdigit()}
    if len(span) < _LONG or not numbers <= set(place.split()):
        return False
    return len(place) >= len(span) and fuzz.partial_ratio(span, place, score_cutoff=_LIKE) >= _LIKE
