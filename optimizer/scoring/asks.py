"""Where a text asks for something: its questions and commands, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from .texts import clean, sentences
from .words import Words, word_lists

__all__ = ["asking_sentences", "asks", "demand_count", "only_supposes"]

_REMEMBERED = 64
_LEAD = (
    r"(?:^|[,;:(]\s?|[–—-]\s|\b(?:and|then|please|also|finally|next|first|or|but|you\s\w+\sto|you\sto|now|"
    r"help\sme(?:\sto)?|let's|(?:task|goal|job|aim|challenge|assignment|mission)\sis\sto)\s)"
)
_FILLING = (
    r"(?:(?:please|kindly|carefully|briefly|critically|thoroughly|concisely|clearly|now|then|also|next|finally|first|again|"
    r"each|just|do\snot|don't|never)\s)*"
)
_MARKS = r"[\s\"'*#\d.)-]*"
_SUPPOSES = re.compile(r"(?:imagine|suppose|assume|consider|note|remember|picture|let|given)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[^，,。；;：:！!？?\n]+[？?]?")
_ZH_LEAD = (
    "(?:(?:请|再|并|并且|然后|同时|接着|最后|首先|试|尝试|你|您|来|帮我|为我|给我|要求|需要|需|且|也|还|另外|此外|要|"
    "分别|逐一|简要|详细|具体|重新)+)?"
)
_ZH_BEFORE = (
    "(?:(?:把|将|用|以|为|给|从|对|按|按照|根据|结合|针对|围绕|通过|使用|利用|站在|假设|就|向|在|依据|参照|模仿|仅用|只用)"
    ".{1,40}?)?"
)
_ZH_QUESTION = re.compile(
    r"(?<![不没任无])(?:多少|什么|为何|怎么|怎样|如何|哪[些里个种一几家位]|谁|是否|能否|吗|可否|多[长久远大高深快重宽])(?!都|也)"
)
_ZH_HOW_MANY = re.compile(r"(?<!好)几[^乎何.]")


def asks(sentence: str, words: Words) -> bool:
    """Whether this sentence asks or commands, by the lists of one language."""
    if words.measures:  # Chinese: no word boundaries, so a verb counts at the start of a clause only
        return bool(re.search(r"[?？]", sentence)) or _asks_in_chinese(sentence, words)
    if "?" in sentence or "？" in sentence:
        return True
    command = rf"{_LEAD}{_MARKS}{_FILLING}(?:{words['commands'].pattern})"
    question = rf"(?:^|\band\s|[,:;]\s(?!which|who|where|when)){_MARKS}(?:{words['questions'].pattern})"
    return bool(
        words["asking"].search(sentence)
        or re.search(command, sentence, re.IGNORECASE)
        or re.search(question, sentence, re.IGNORECASE)
        or re.match(rf"{_MARKS}(?:{words['openings'].pattern})", sentence, re.IGNORECASE)
    )


def _asks_in_chinese(sentence: str, words: Words) -> bool:
    clauses = [clause.strip() for clause in _CLAUSE.findall(sentence)]
    command = re.compile(rf"(?:[\d.、()（）\s*#-]*){_ZH_LEAD}{_ZH_BEFORE}{_ZH_LEAD}(?:{words['commands'].pattern})")
    return any(command.match(clause) or _ZH_QUESTION.search(clause) for clause in clauses) or bool(
        clauses and _ZH_HOW_MANY.search(clauses[-1])
    )


@lru_cache(maxsize=_REMEMBERED)
def asking_sentences(text: str, language: str) -> tuple[bool, ...]:
    """For each sentence of a text whether it asks for something."""
    lists = word_lists(language)
    return tuple(any(asks(sentence, words) for words in lists) for sentence in sentences(clean(text)))


def demand_count(text: str, language: str) -> int:
    """How many things a text asks for: sentences that ask, and commands joined to them by `and`, `then`, 并, 再."""
    body = sentences(clean(text))
    flags = asking_sentences(text, language)
    asked = [s for s, flag in zip(body, flags, strict=True) if flag and not only_supposes(s)]
    return len(asked) + sum(_joined(sentence, word_lists(language)) for sentence in asked)


def only_supposes(sentence: str) -> bool:
    """Whether a sentence sets a scene (`Imagine …`, `Suppose …`) and asks nothing yet."""
    if not _SUPPOSES.match(sentence) or re.search(r"[?？]", sentence):
        return False
    rest = re.split(r",\s|\s(?:and|then)\s", sentence, maxsplit=1)[1:]
    return not any(asks(part, words) for part in rest for words in word_lists("en"))


def _joined(sentence: str, lists: Sequence[Words]) -> int:
    count = 0
    for words in lists:
        verbs = words["commands"].pattern
        if words.measures:
            count += len(re.findall(rf"[，,；;](?:并|再|同时|然后|以及|最后|接着|另外)+(?:{verbs})", sentence))
        else:
            joined = rf"(?:\band|,|;|\bthen)\s(?:then\s|also\s|finally\s)?(?:{verbs})\s"
            second = r"\band\s(?:how|why|what|which|when|where|who|by\show)\s"
            count += len(re.findall(rf"{joined}|{second}", sentence, re.IGNORECASE))
    return count
