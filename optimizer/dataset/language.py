"""Which of the languages that have rules and prompts a text is written in, told from its script."""

from __future__ import annotations

import re

__all__ = ["language_of"]

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KANA_OR_HANGUL = re.compile("[\u3040-\u30ff\u31f0-\u31ff\uac00-\ud7af]")
_WORD = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u052f]+")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)


def language_of(text: str) -> str:
    """`zh` where Chinese characters outweigh the words of alphabets, else `en`.

    A Chinese character weighs as much as a whole word of an alphabet, so that a Chinese sentence with names of
    functions in it stays Chinese. Code between backticks and addresses do not count. Japanese and Korean, told by
    kana and hangul, have no rules of their own yet and get the default, as every other language does.
    """
    if text.isascii():
        return "en"
    prose = _CODE.sub(" ", text)
    han = len(_HAN.findall(prose))
    if not han or len(_KANA_OR_HANGUL.findall(prose)) * 8 > han:
        return "en"
    return "zh" if han > len(_WORD.findall(prose)) else "en"
