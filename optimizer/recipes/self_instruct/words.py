"""Texts as words: what ROUGE-L compares, and what lengths are counted in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

__all__ = ["Tokens", "words_of"]

Tokens = Literal["unicode", "rouge-score"]
"""`unicode`: every script. `rouge-score`: a-z and 0-9 only, as the package rouge_score; other scripts have no words."""

_ASCII = re.compile(r"[a-z0-9]+")
# Scripts that put no space between words: Thai, Lao, Myanmar, Khmer, kana, Han. Each letter counts as a word there.
_ALONE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
                    "\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003134f]")  # fmt: skip


def words_of(text: str, tokens: Tokens = "unicode") -> list[str]:
    """The words of a text in order, in small letters.

    A word is a run of letters, digits and the marks that belong to them; anything else parts words. In scripts that
    write without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each letter is a word. Text is brought to NFC
    first, so that an accent is the same whichever way it was written.
    """
    if tokens == "rouge-score" or text.isascii():
        return _ASCII.findall(text.lower())
    return list(_words(unicodedata.normalize("NFC", text.lower())))


def _words(text: str) -> Iterator[str]:
    word = ""
    alone = False  # the word is one letter of a script without spaces, which only marks can follow
    for letter in text:
        if letter.isalnum():
            single = _ALONE.match(letter) is not None
            if word and (alone or single):
                yield word
                word = ""
            word, alone = word + letter, single
        elif word and unicodedata.category(letter).startswith("M"):
            word += letter
        elif word:
            yield word
            word, alone = "", False
    if word:
        yield word
