"""Rule on what a task is about by name: people, places, works, and the words that stand in quotation marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...agents.messages import Finding
from .asks import asking_sentences
from .pair import Pair
from .results import is_calculation
from .sense import kinds_of
from .texts import clean, quote, sentences, tokens
from .words import WORDLESS, word_lists

__all__ = ["lost_names"]

_QUOTED = re.compile(
    r"\"([^\"\n]{2,400})\"|“([^”\n]{1,400})”|「([^」\n]{1,400})」|《([^》\n]{1,60})》|(?<![A-Za-z0-9])'([A-Za-z][^'\n]{1,200}(?:'[a-z]{1,2}\b[^'\n]{0,200})*)'(?![A-Za-z])"
)
_GIVEN = re.compile(r"(?:[:：]\s*)([^\n:：]{4,600})\Z|(?:[:：]\s*\n+)((?:.|\n){4,2000})\Z")
_NAME = re.compile(r"\b[A-Z][\w'’-]*[a-z][\w'’-]*(?:\s(?:(?:of|the|de|da|van|von|and|&)\s){0,2}[A-Z][\w'’-]+)*")
_OPENS = re.compile(r"(?:^|[.!?:;\n\"'(*#>-]\s*)\Z")
_KEPT = 0.5
_SMALL = frozenset({"the", "and", "for", "von", "van"})


def lost_names(pair: Pair) -> Finding | None:
    """What the seed's task is about by name is gone, and nothing stands in its place.

    Three kinds. Words in quotation marks (in Chinese works in 《》, too) and the material behind a colon at the end
    (`Classify: apple, carrot`): less than half of the words are left, and the evolved text brings no material of its
    own. Names of people, places and works in what the seed asks: none of their words is left, and the evolved text has
    fewer names than the seed. People of a story with numbers may be renamed or lose their names; the task does not need
    them. Programming languages, months and days are no names.
    """
    if not pair.evolved:
        return None
    evidence = _material(pair) or _named(pair)
    return Finding("lost-names", quote(evidence)) if evidence else None


# ---------------------------------------------------------------- quoted words and given material


def _material(pair: Pair) -> str:
    seed, text = clean(pair.instruction), clean(pair.evolved or "")
    here = set(tokens(text))
    own = _longest(text)
    for given in _pieces(seed):
        words = [word for word in tokens(given) if word.isalnum()]
        if not words or (len(words) == 1 and len(words[0]) < 2):
            continue
        kept = sum(word in here for word in words)
        if kept < _KEPT * len(words) and own * 2 < len(words) + 1:
            return given
        if kept < _KEPT * len(words) and len(words) <= 2 and not own:
            return given
    return ""


def _pieces(seed: str) -> Iterator[str]:
    for hit in _QUOTED.finditer(seed):
        yield next(group for group in hit.groups() if group)
    given = _GIVEN.search(seed)
    if given and "|" not in seed and "```" not in seed:
        yield given[1] or given[2]


def _longest(text: str) -> int:
    """Words of the longest piece of material that a text brings itself."""
    return max((sum(word.isalnum() for word in tokens(piece)) for piece in _pieces(text)), default=0)


# ---------------------------------------------------------------- names


def _named(pair: Pair) -> str:
    if pair.language in WORDLESS:
        return _named_in_chinese(pair)
    if is_calculation(pair.instruction, pair.language) or "code" in kinds_of(pair.instruction, pair.language):
        return ""
    old, new = _names(pair.instruction, pair.language), _names(pair.evolved or "", pair.language)
    alias = word_lists(pair.language)[-1].aliases
    lost = [name for name in old if not _stands(name, clean(pair.evolved or ""), alias)]
    replaced = len(new) > len(old) - len(lost)
    return "names: " + ", ".join(lost) if lost and not replaced else ""


def _stands(name: str, text: str, alias: Mapping[str, str]) -> bool:
    """Whether a word of the name is in the text as a name, or all are, or its adjective (`France`, `French`)."""
    here = set(tokens(text))
    parts = [part for part in tokens(name) if len(part) > 2 and part not in _SMALL]
    if all(part in here for part in parts):
        return True
    short = "".join(part[0] for part in parts)
    known = [*(part.capitalize() for part in parts), *(alias[part].capitalize() for part in parts if part in alias)]
    if any(re.search(rf"\b{re.escape(word[:5])}", text) for word in known) or (len(short) > 1 and short in here):
        return True
    return any(re.search(rf"\b{re.escape(word[:4])}\w", text) for word in known if len(word) >= 6)


def _names(text: str, language: str) -> list[str]:
    """Names in a text, each once: words with a capital letter that open no sentence, without people of a story."""
    body = clean(text)
    ordinary = word_lists(language)[-1]["no_names"]
    stop = word_lists(language)[-1].stop
    found: dict[str, None] = {}
    for hit in _NAME.finditer(body):
        name, opens = hit[0], _OPENS.search(body[max(0, hit.start() - 3) : hit.start()])
        parts = name.split()
        while parts and (ordinary.fullmatch(parts[0]) or parts[0].casefold() in stop) and len(parts) > 1:
            parts, opens = parts[1:], None
        name = " ".join(parts)
        if not name or ordinary.fullmatch(name) or (opens and len(parts) == 1) or not name[0].isupper():
            continue
        if len(parts) == 1 and len(re.findall(rf"\b{re.escape(name)}\b", body)) > 1:
            continue  # somebody of whom the text tells, as Tom in a riddle
        found[name] = None
    return list(found)


def _named_in_chinese(pair: Pair) -> str:
    """Known names, and names told by their endings (…省, …战争), in what the seed asks."""
    if is_calculation(pair.instruction, pair.language):
        return ""
    body, text = clean(pair.instruction), clean(pair.evolved or "")
    flags = asking_sentences(pair.instruction, pair.language)
    asked = "".join(s for s, flag in zip(sentences(body), flags, strict=True) if flag) or body
    pattern = word_lists(pair.language)[0]["names"]
    old = [hit[0] for hit in pattern.finditer(asked)]
    lost = [name for name in dict.fromkeys(old) if name not in text and name[:2] not in text]
    return "names: " + "、".join(lost) if lost and not pattern.search(text) else ""
