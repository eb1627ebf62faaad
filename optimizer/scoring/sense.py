"""What the words of a text are worth to its task: padding left out, synonyms made one. From `sense.<language>.toml`.

A rule that asks "is this the same task in other words?" compares these, not the words themselves.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from .texts import clean, tokens
from .words import LANGUAGES, WORDLESS, any_of, word_lists

__all__ = ["Sense", "content", "foreign_words", "kinds_of", "sense_of", "stem", "substance"]

_FOLDER = Path(__file__).resolve().parent
_REMEMBERED = 64
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_IES = re.compile(r"ies\Z|ied\Z")


@dataclass(frozen=True, slots=True)
class Sense:
    """The lists of one language.

    Args:
        padding: stems of words (phrases in Chinese) that add no work.
        same: stem (phrase in Chinese) → the one that stands for its group of synonyms.
        verbs: the groups that only say "do the task" (`write`, `calculate`), which are in any text.
        phrases: the phrases of `padding` and `same` in one expression, longest first; of use for Chinese only.
        demands: asks for more where it is new.
        vague: stands where a number should.
        generalised: says that a text speaks of any number on purpose.
        kinds: kind of task → words that only it has.
    """

    padding: frozenset[str]
    same: Mapping[str, str]
    verbs: frozenset[str]
    phrases: re.Pattern[str]
    demands: re.Pattern[str]
    vague: re.Pattern[str]
    generalised: re.Pattern[str]
    kinds: Mapping[str, re.Pattern[str]]


def sense_of(language: str) -> Sense:
    """The lists of this language; those of English for a language without any."""
    return _load(language if language in LANGUAGES else "en")


@cache
def _data(language: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"sense.{language}.toml").read_text(encoding="utf-8"))


@cache
def _load(language: str) -> Sense:
    data = _data(language)
    wordless = language in WORDLESS
    form = clean if wordless else stem
    same: dict[str, str] = {}
    groups = [[form(word) for word in line.split()] for line in data["synonyms"].strip().splitlines()]
    for group in groups:
        for word in group:
            same.setdefault(word, group[0])
    padding = frozenset(form(word) for word in data["padding"].split())
    every = sorted({*same, *padding}, key=len, reverse=True) if wordless else []
    return Sense(
        padding=padding,
        same=same,
        verbs=frozenset(group[0] for group in groups[: data["verb_groups"]]),
        phrases=re.compile("|".join(re.escape(word) for word in every) or "(?!)"),
        demands=any_of(data["demands"], bounded=not wordless),
        vague=any_of(data["vague"], bounded=not wordless),
        generalised=any_of(data["generalised"], bounded=not wordless),
        kinds={kind: any_of([f"(?:{words})"], bounded=not wordless) for kind, words in data["kinds"].items()},
    )


@cache
def foreign_words() -> Mapping[str, frozenset[str]]:
    """Languages of the Latin script and their function words."""
    return {name: frozenset(words.split()) for name, words in _data("en")["foreign"].items()}


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Cut the commonest English endings, so that `cost`, `costs` and `costing` are one word."""
    word = word.casefold().removesuffix("'s")
    if len(word) > 4 and _IES.search(word):
        return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            return (word[:-1] if word[-1] == word[-2] and word[-1] in "bdgmnprt" else word).rstrip("e")
    return word.rstrip("e") if len(word) > 3 else word


@lru_cache(maxsize=_REMEMBERED)
def content(text: str, language: str) -> tuple[str, ...]:
    """The words that carry content, stemmed and with one word for each group of synonyms, in the order of the text.

    In Chinese: single characters, after padding is out and synonyms are one.
    """
    lists, sense = word_lists(language), sense_of(language)
    if language in WORDLESS:
        text = sense.phrases.sub(lambda hit: sense.same.get(hit[0], " "), clean(text))
    stop = frozenset[str]().union(*(words.stop for words in lists))
    stems = (token if _HAN.match(token) else stem(token) for token in tokens(text) if token not in stop)
    return tuple(sense.same.get(word, word) for word in stems if word[:1].isalnum() and word)


def substance(text: str, language: str) -> tuple[str, ...]:
    """The words of `content` that are neither padding nor numbers nor the verbs of any task."""
    sense, lists = sense_of(language), word_lists(language)
    verbs = frozenset(sign for verb in sense.verbs for sign in verb) if language in WORDLESS else sense.verbs
    idle = sense.padding | verbs | {stem(number) for words in lists for number in words.numbers}
    return tuple(word for word in content(text, language) if word not in idle and not word[0].isdigit())


def kinds_of(text: str, language: str) -> frozenset[str]:
    """Which kinds of task a text speaks of."""
    body = clean(text)
    return frozenset(kind for kind, pattern in sense_of(language).kinds.items() if pattern.search(body))
