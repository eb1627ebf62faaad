"""Rule on texts that nobody can read: repetition, noise, broken characters, words without grammar."""

from __future__ import annotations

import re
from collections import Counter

from ...agents.messages import Finding
from .pair import Pair
from .texts import clean, quote, scripts_of, sentences, units
from .words import word_lists

__all__ = ["rubbish"]

_NOTHING = re.compile(
    r"[\W_]*(?:n\s?/\s?a|none|null|nil|nan|undefined|empty|blank|error|untitled|"
    r"no (?:text|output|answer|change|changes|instruction)|\[object object\]|evolved|instruction|rewritten|text|prompt|"
    r"output|ok(?:ay)?|sure|done|thank you|无|空|略|同上|没有|暂无|好的|是的)?[\W_]*",
    re.IGNORECASE,
)
_BROKEN = re.compile(
    r"\ufffd|ï¿½|Ã[\u0080-\u00bf©¨¼¤¶±\u00ad]|â€|Â[\u00a0-\u00bf]|锟斤拷|烫烫|屯屯|ä[¸½º¹][\u0080-\u00ff]|å[\u0080-\u00ff]{2}|æ[\u0080-\u00ff]{2}|[\x00-\x08\x0e-\x1f]|\\u[0-9a-f]{4}"
)
_WORD = re.compile(r"[A-Za-z]+")
_NOISE = re.compile(
    r"(?=[a-z]{4,})(?:[^aeiouy\W]{5,}|[a-z]*[^aeiouy\W]{6,}[a-z]*|[a-z]*([a-z])\1{3,}[a-z]*)", re.IGNORECASE
)
_RUN = re.compile(r"(.{1,24}?)\1{5,}", re.DOTALL)
_LETTER = re.compile(r"[^\W\d_]")
_CLAUSES = re.compile(r"[,，;；。.!！?？\n]\s*")
_CLAUSE, _OFTEN = 6, 5  # words (characters) of a clause, and how often it is a loop
_LEAST_WORDS = 12
_GRAMMAR = 0.12  # share of function words under which a row of English words is no sentence; prose has 35 to 55 %
_HAN_GRAMMAR = 0.03


def rubbish(pair: Pair) -> Finding | None:
    """The evolved text cannot be read: it says nothing (`N/A`, dots), repeats itself, is noise or a list of words.

    Counted are: a text without words or with a filler instead of a text; the same piece six times in a row, or a
    sentence four times; broken characters of a wrong encoding; words without vowels; many words with hardly a word of
    grammar among them. Signs that the seed has, too, do not count.
    """
    if pair.evolved is None or not pair.evolved.strip():
        return None
    seed, text = clean(pair.instruction), clean(pair.evolved)
    if text == seed:
        return None
    evidence = _nothing(seed, text) or _broken(pair) or _repeats(seed, text) or _noise(seed, text) or _salad(pair, text)
    return Finding("rubbish", quote(evidence)) if evidence else None


def _nothing(seed: str, text: str) -> str:
    return f"no words: {text}" if _NOTHING.fullmatch(text) and not _NOTHING.fullmatch(seed) else ""


def _broken(pair: Pair) -> str:
    hits = _BROKEN.findall(pair.evolved or "")
    if len(hits) >= 2 and not _BROKEN.search(pair.instruction):
        return f"{len(hits)} broken characters: {' '.join(ascii(hit)[1:-1] for hit in hits[:6])}"
    return ""


def _repeats(seed: str, text: str) -> str:
    for run in _RUN.finditer(text):
        if (
            _LETTER.search(run[1])
            and run[1] not in {" ", "\n"}
            and run[0] not in seed
            and len(set(run[1])) * len(run[0]) > 8
        ):
            return run[0]
    said = Counter(s.casefold() for s in sentences(text) if len(s) > 10)
    known = Counter(s.casefold() for s in sentences(seed))
    for sentence, times in said.most_common(1):
        if times >= 4 and times > known[sentence]:
            return f"{times} times: {sentence}"
    clauses = Counter(clause.strip() for clause in _CLAUSES.split(text.casefold()))
    for clause, times in clauses.items():
        if times >= _OFTEN and units(clause) >= _CLAUSE and seed.casefold().count(clause) < times:
            return f"{times} times: {clause}"
    words = [word.casefold() for word in _WORD.findall(text)]
    if len(words) >= 30:
        triples = [tuple(words[at : at + 3]) for at in range(len(words) - 2)]
        if len(set(triples)) < 0.5 * len(triples):
            return f"{len(triples) - len(set(triples))} of {len(triples)} groups of three words are repeated"
    return ""


def _noise(seed: str, text: str) -> str:
    """Words that nobody can speak, a third of all at least."""
    known = {word.casefold() for word in _WORD.findall(seed)}
    words = [word for word in _WORD.findall(text) if len(word) > 3 and word.casefold() not in known]
    noise = [word for word in words if not word.isupper() and _NOISE.fullmatch(word)]
    if len(noise) >= 3 and len(noise) * 3 >= len(words):
        return ", ".join(noise)
    signs = sum(not (sign.isalnum() or sign.isspace()) for sign in text)
    if (
        len(text) >= 20
        and signs > 0.5 * len(text)
        and sum(not (s.isalnum() or s.isspace()) for s in seed) < 0.3 * len(seed)
    ):
        return text
    return ""


def _salad(pair: Pair, text: str) -> str:
    """Words in a row that make no sentence: hardly any word of grammar, no list, no code."""
    if re.search(r"[{}`|=;_\t]|\n.*\n", text) or re.search(r"[{}`|=;\t]", pair.instruction):
        return ""
    lists = word_lists(pair.language)
    stop = frozenset[str]().union(*(words.stop for words in lists))
    scripts = scripts_of(text)
    if scripts["Han"] > scripts["Latin"]:
        return ""
    pieces = [piece.split() for piece in re.split(r"[,;:、，。.!?]", text)]
    longest = max(pieces, key=len)
    if len(longest) < _LEAST_WORDS or any(sign.isdigit() for sign in "".join(longest)):
        return ""
    grammar = sum(word.casefold().strip("\"'()") in stop for word in longest)
    if grammar < _GRAMMAR * len(longest) or (
        len(longest) >= 18 and grammar < 0.2 * len(longest) and _bare(longest, stop)
    ):
        return " ".join(longest)
    return ""


def _bare(words: list[str], stop: frozenset[str]) -> bool:
    """Eight words in a row without one of grammar."""
    run = 0
    for word in words:
        run = 0 if word.casefold() in stop else run + 1
        if run >= 8:
            return True
    return False
