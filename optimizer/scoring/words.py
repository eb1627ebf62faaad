"""What the detectors know about a language: phrases and words from `words.<language>.toml`, compiled once.

What words are worth to a task (padding, synonyms, demands) is in `sense.<language>.toml` and read by sense.py.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["LANGUAGES", "WORDLESS", "Words", "any_of", "fingerprint", "word_lists"]

LANGUAGES = ("en", "zh")
_FOLDER = Path(__file__).resolve().parent
WORDLESS = frozenset({"zh"})  # languages that are written without spaces
_SIGNS = frozenset('=≈-⇒→>#":$£€¥%°℃')  # the ends of entries that are no words
_NEVER = re.compile(r"(?!)")
_PHRASES = (
    "refusals", "asks_back", "unsolvable", "artefacts", "scaffold", "headings", "lead_ins", "result_before",
    "result_after", "suppositions", "hedges", "solutions", "solution_headings", "conclusions", "final_answer",
    "plain_answers", "hints", "formulas", "asking", "questions", "commands", "closings", "plan_openings",
    "hint_leads", "asks_for_hints", "quantity_asked", "conditions", "result_opening", "given_away", "blank_answers",
    "programming", "code_to_work_on", "speaks_of_places", "never_last", "code_line", "names_a_language", "no_names",
    "names", "stock_replies", "openings", "asks_back_short", "comparisons", "counted", "reliefs", "meta_labels",
    "thinking", "writes_questions", "before_starting", "converts", "talks", "wanted_things", "question_words",
    "operations", "idle_phrases", "idle_in_calculations", "unfinished", "open_questions", "closed_questions",
    "asides", "writes", "talk_openings", "assents", "salutations",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """The lists of one language.

    Args:
        phrases: list name → one expression that matches any of its entries.
        stop: words (characters in Chinese) without content of their own.
        strong: words of which one more or one fewer changes a task.
        numbers, scales: numerals and their values.
        loose: words that keep a number alive without being one (`half`, `dozen`).
        measures: characters after a Chinese numeral that make it a number.
        units: a measure → all its forms.
        aliases: a word → the other word by which a name is known (`france`, `french`), both ways.
    """

    phrases: Mapping[str, re.Pattern[str]]
    stop: frozenset[str]
    strong: frozenset[str]
    numbers: Mapping[str, int]
    scales: Mapping[str, int]
    loose: Mapping[str, Fraction]
    measures: str
    units: Mapping[str, re.Pattern[str]]
    aliases: Mapping[str, str]

    def __getitem__(self, name: str) -> re.Pattern[str]:
        """The expression of one list."""
        return self.phrases[name]


@cache
def word_lists(language: str) -> tuple[Words, ...]:
    """The lists that apply to a text of this language: its own, and English, which models fall back to.

    A language without lists gets the English ones.
    """
    names = dict.fromkeys([language if language in LANGUAGES else "en", "en"])
    return tuple(_load(name) for name in names)


@cache
def fingerprint() -> str:
    """8 hex digits over all lists: a run that was started with other lists is not the same run."""
    digest = hashlib.sha256()
    for language in LANGUAGES:
        for name in ("words", "sense"):
            digest.update((_FOLDER / f"{name}.{language}.toml").read_bytes())
    return digest.hexdigest()[:8]


@cache
def _load(language: str) -> Words:
    data: dict[str, Any] = tomllib.loads((_FOLDER / f"words.{language}.toml").read_text(encoding="utf-8"))
    bounded = language not in WORDLESS
    return Words(
        phrases={name: any_of(data[name], bounded=bounded) for name in _PHRASES},
        stop=frozenset(data["stop"].split()),
        strong=frozenset(data["strong"].split()),
        numbers=data["numbers"],
        scales=data["scales"],
        loose={word: Fraction(value) for word, value in data["loose"].items()},
        measures=data.get("measures", {}).get("characters", ""),
        units={unit: any_of([f"(?:{forms})"], bounded=bounded) for unit, forms in data["units"].items()},
        aliases={word: other for pair in data.get("aliases", {}).items() for word, other in (pair, pair[::-1])},
    )


def any_of(entries: Sequence[str], *, bounded: bool) -> re.Pattern[str]:
    """One expression for a list. A space stands for one white-space character: texts are cleaned before."""
    if not entries:
        return _NEVER
    if bounded:
        kinds: dict[tuple[str, str], list[str]] = {}
        for entry in entries:
            kinds.setdefault(_bounds(entry), []).append(entry)
        either = "|".join(f"{start}(?:{'|'.join(group)}){end}" for (start, end), group in kinds.items())
    else:
        either = "|".join(f"(?:{entry})" for entry in entries)
    return re.compile(either.replace(" ", r"\s"), re.IGNORECASE)


def _bounds(entry: str) -> tuple[str, str]:
    """No letter may go on where an entry begins or ends with one; signs such as `=` stand anywhere."""
    return "" if entry[0] in _SIGNS else "(?<![A-Za-z])", "" if entry[-1] in _SIGNS else "(?![A-Za-z])"
