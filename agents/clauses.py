"""What the clauses of a method may not be or say: the contract, seen from the text that evolves (design, law 5)."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["MOST_ADDED_CLAUSES", "MOST_ADDED_WORDS", "MOST_CLAUSES", "MOST_WORDS", "MOST_WORDS_IN_ALL",
           "MOST_WORDS_OF_WHOLE", "breaches", "whole_breaches", "word_count"]  # fmt: skip

MOST_CLAUSES = 8
MOST_WORDS = 60  # in a clause
MOST_WORDS_IN_ALL = 300
# What a small edit may add: about a clause at its longest. The published methods grew at every step until results fell
# (arXiv 2406.00770, appendix J); whoever wants more must take something out, or rewrite the list as a whole.
MOST_ADDED_CLAUSES = 2
MOST_ADDED_WORDS = 60
# Of a method that is one free text; the longest published ones have about 500, and the code cuts at 1,500 tokens.
MOST_WORDS_OF_WHOLE = 1000

_HAN = re.compile(r"[\u3400-\u9fff]")
_OURS = re.compile(
    r"<\s*/?\s*(?:evolved|clauses|why|findings|verdict|scratchpad|think|plan)\b[^>]*>|<<<|>>>|new_text", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"\{+\s*[a-z_][\w ]*\}+"
    r"|\$\{?(?:instruction|clauses|data|form|tag|text|input)\b"
    r"|\[\s*(?:insert|instruction|input|text)\b"
    r"|[【\[]\s*(?:插入|指令|原文|输入)",
    re.IGNORECASE,
)
_FORM = re.compile(
    r"\boutput (?:format|form|only)\b|(?<!\w)#\s*\w[\w ]*#"
    r"|\b(?:output|return|print|give|write|put|provide|wrap|enclose)\b[^.;]{0,40}"
    r"\b(?:instruction|prompt|rewrite|version)s?\b[^.;]{0,20}"
    r"\b(?:between|inside|within|as|in|under)\b[^.;]{0,20}\b(?:tags?|json|xml|fence|code block|heading|markers?)\b"
    r"|(?:输出|返回)格式|(?:输出|返回|写在|放在)[^。；]{0,20}(?:标签|JSON|代码块|标题下)",
    re.IGNORECASE,
)


def breaches(clauses: Sequence[str]) -> tuple[str, ...]:
    """What in these clauses breaks the contract, one phrase each; empty where nothing does."""
    found: list[str] = []
    if not clauses:
        found.append("it has no clauses")
    if len(clauses) > MOST_CLAUSES:
        found.append(f"it has {len(clauses)} clauses, at most {MOST_CLAUSES} are allowed")
    sizes = [word_count(clause) for clause in clauses]
    found += [
        f"clause {number} is about {size} words long, at most {MOST_WORDS} are allowed"
        for number, size in enumerate(sizes, 1)
        if size > MOST_WORDS
    ]
    if sum(sizes) > MOST_WORDS_IN_ALL:
        found.append(f"it is about {sum(sizes)} words long in all, at most {MOST_WORDS_IN_ALL} are allowed")
    for number, clause in enumerate(clauses, 1):
        found += [f"clause {number} {what}: {match[0][:60]!r}" for what, match in _foreign(clause)]
    return tuple(found)


def whole_breaches(text: str) -> tuple[str, ...]:
    """The same for a method that is one free text: it may say anything, but not nothing, and not without end."""
    words = word_count(text)
    if not words:
        return ("it is empty",)
    if words > MOST_WORDS_OF_WHOLE:
        return (f"it is about {words} words long, at most {MOST_WORDS_OF_WHOLE} are allowed",)
    return ()


def _foreign(clause: str) -> list[tuple[str, re.Match[str]]]:
    kinds = (("holds a tag or mark of the contract", _OURS), ("holds a placeholder", _PLACEHOLDER),
             ("talks about the output's form", _FORM))  # fmt: skip
    return [(what, match) for what, pattern in kinds if (match := pattern.search(clause)) is not None]


def word_count(text: str) -> int:
    """Words of a text; of Chinese, two characters count as one."""
    return len(_HAN.sub(" ", text).split()) + (len(_HAN.findall(text)) + 1) // 2
