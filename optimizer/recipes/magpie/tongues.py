"""Which language an instruction is in, as an ISO 639-1 code, from its script and its little words."""

from __future__ import annotations

import re

from ...scoring.sense import foreign_words
from ...scoring.texts import clean, scripts_of

__all__ = ["UNKNOWN", "tongue_of"]

UNKNOWN = "und"
_BY_SCRIPT = {"Han": "zh", "Kana": "ja", "Hangul": "ko", "Cyrillic": "ru", "Arabic": "ar", "Greek": "el",
              "Hebrew": "he", "Thai": "th", "Devanagari": "hi"}  # fmt: skip
_BY_NAME = {"English": "en", "German": "de", "French": "fr", "Spanish": "es", "Italian": "it", "Portuguese": "pt",
            "Dutch": "nl", "Polish": "pl", "Swedish": "sv", "Vietnamese": "vi", "Turkish": "tr", "Indonesian": "id",
            "Danish": "da"}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LEAST_HITS = 2


def tongue_of(text: str) -> str:
    """The code of the language that most of a text is written in; `und` where that cannot be told.

    A script that one language has, or most people who write it, tells that language. Of the Latin script the language
    is told by function words; of a short text of it without any, English is taken.
    """
    scripts = scripts_of(clean(text))
    if scripts.get("Kana"):  # Japanese writes Chinese characters too
        scripts["Kana"] += scripts.pop("Han", 0)
    if not any(scripts.values()):
        return UNKNOWN
    script = max(scripts, key=lambda name: scripts[name])
    if script != "Latin":
        return _BY_SCRIPT.get(script, UNKNOWN)
    words = [word.casefold() for word in _WORD.findall(text)]
    hits = {name: sum(word in known for word in words) for name, known in foreign_words().items()}
    best = max(hits, key=lambda name: (hits[name], name == "English"))
    if best != "English" and hits[best] >= max(_LEAST_HITS, 2 * hits["English"]):
        return _BY_NAME.get(best, UNKNOWN)
    return "en"
