"""Where a text asks for something: its questions and commands, in English and Chinese."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from .texts import clean, sentences
from .words import LANGUAGES, WORDLESS, word_lists

__all__ = ["asking_sentences", "asks", "demand_count", "only_supposes"]

_REMEMBERED, _PIECES = 64, 1024
_LEAD = (
    r"(?:^|[,;:(]\s?|[–—-]\s|\b(?:and|then|please|also|finally|next|first|or|but|you\s\w+\sto|you\sto|now|"
    r"help\sme(?:\sto)?|let's|(?:task|goal|job|aim|challenge|assignment|mission)\sis\sto)\s)"
)
# Forms that are participles, too: behind a comma they tell of something (`, set in 1911`).
_PARTICIPLE = r"(?<!,\s)|(?!set|put|read|cut|split|let|cast|shut|spread|cost)"
_FILLING = (
    r"(?:(?:please|kindly|carefully|briefly|critically|thoroughly|concisely|clearly|now|then|also|next|finally|first|again|"
    r"each|just|do\snot|don't|never)\s){0,4}"
)
_MARKS = r"[\s\"'*#\d.)-]{0,12}"
_SUPPOSES = re.compile(r"(?:imagine|suppose|assume|consider|note|remember|picture|let|given)\b", re.IGNORECASE)
_QUOTED = re.compile(r"[“\"「『《][^”\"」』》]{1,300}[”\"」』》]")
_CLAUSE = re.compile(r"[^，,。；;：:！!？?\n]+[？?]?")
_ZH_LEAD = (
    "(?:(?:请|再|并|并且|然后|同时|接着|最后|首先|试|尝试|你|您|来|帮我|为我|给我|要求|需要|需|且|也|还|另外|此外|要|"
    "分别|逐一|简要|详细|具体|重新){1,5})?"
)
_ZH_BEFORE = (
    "(?:(?:把|将|用|以|为|给|从|对|按|按照|根据|结合|针对|围绕|通过|使用|利用|站在|假设|就|向|在|依据|参照|模仿|仅用|只用)"
    ".{1,40}?)?"
)
_ZH_QUESTION = re.compile(
    r"(?<![不没任无])(?:多少|什么|为何|怎么|怎样|如何|哪[些里个种一几家位]|谁|是否|能否|吗|可否|多[长久远大高深快重宽])(?!都|也)"
)
_ALSO_ASKS = re.compile(r"\band\s(?:by\s|in\s|of\s)?(how|why|what|which|when|where|who)\s", re.IGNORECASE)
_ZH_HOW_MANY = re.compile(r"(?<!好)几[^乎何.]")


@lru_cache(maxsize=_PIECES)
def asks(sentence: str, language: str) -> bool:
    """Whether this sentence asks or commands, by the lists of this language or of English."""
    if "?" in sentence or "？" in sentence:
        return True
    return any(
        _asks_in_chinese(sentence, name) if name in WORDLESS else any(form.search(sentence) for form in _forms(name))
        for name in dict.fromkeys([language if language in LANGUAGES else "en", "en"])
    )


@cache
def _forms(language: str) -> tuple[re.Pattern[str], ...]:
    """How a sentence asks without a question mark, in a language with word boundaries."""
    words = word_lists(language)[0]
    patterns = (
        rf"{_LEAD}{_MARKS}{_FILLING}(?:{_PARTICIPLE})(?:{words['commands'].pattern})",
        rf"(?:^|\band\s|[,;]\s(?!which|who|where|when)){_MARKS}(?:{words['questions'].pattern})",
        rf"\A{_MARKS}(?:{words['openings'].pattern})",
    )
    return (words["asking"], *(re.compile(pattern, re.IGNORECASE) for pattern in patterns))


@cache
def _zh_command(language: str) -> re.Pattern[str]:
    verbs = word_lists(language)[0]["commands"].pattern
    return re.compile(rf"(?:[\d.、()（）\s*#-]{{0,12}}){_ZH_LEAD}{_ZH_BEFORE}{_ZH_LEAD}(?:{verbs})")


def _asks_in_chinese(sentence: str, language: str) -> bool:
    """There are no word boundaries, so a verb counts at the start of a clause only."""
    clauses = [clause.strip() for clause in _CLAUSE.findall(_QUOTED.sub("“”", sentence))]
    command = _zh_command(language)
    return any(command.match(clause) or _ZH_QUESTION.search(clause) for clause in clauses) or bool(
        clauses and _ZH_HOW_MANY.search(clauses[-1])
    )


@lru_cache(maxsize=_REMEMBERED)
def asking_sentences(text: str, language: str) -> tuple[bool, ...]:
    """For each sentence of a text whether it asks for something."""
    return tuple(asks(sentence, language) for sentence in sentences(clean(text)))


def demand_count(text: str, language: str) -> int:
    """How many things a text asks for: sentences that ask, and commands joined to them by `and`, `then`, 并, 再."""
    body = sentences(clean(text))
    flags = asking_sentences(text, language)
    asked = [s for s, flag in zip(body, flags, strict=True) if flag and not only_supposes(s)]
    return len(asked) + sum(_joined(sentence, language) for sentence in asked)


def only_supposes(sentence: str) -> bool:
    """Whether a sentence sets a scene (`Imagine …`, `Suppose …`) and asks nothing yet."""
    if not _SUPPOSES.match(sentence) or re.search(r"[?？]", sentence):
        return False
    rest = re.split(r",\s|\s(?:and|then)\s", sentence, maxsplit=1)[1:]
    return not any(asks(part, "en") for part in rest)


def _joined(sentence: str, language: str) -> int:
    found = len(_joins(language).findall(sentence))
    if language in WORDLESS:
        return found + _joined(sentence, "en")
    # `which … and which …` may be two clauses about one thing; another word asks for another thing.
    return found + sum(
        hit[1].casefold() not in sentence[: hit.start()].casefold() or "?" in sentence
        for hit in _ALSO_ASKS.finditer(sentence)
    )


@cache
def _joins(language: str) -> re.Pattern[str]:
    """Commands that are joined to others."""
    verbs = word_lists(language)[0]["commands"].pattern
    if language in WORDLESS:
        return re.compile(rf"[，,；;](?:并|再|同时|然后|以及|最后|接着|另外){{1,3}}(?:{verbs})")
    return re.compile(rf"(?:\band|,|;|\bthen)\s(?:then\s|also\s|finally\s)?(?:{verbs})\s", re.IGNORECASE)
