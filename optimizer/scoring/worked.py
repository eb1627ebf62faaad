"""Solutions that are worked in the evolved text itself: equations, headings with a solution, code."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache

from .pair import Pair
from .texts import clean, numbers_of, units
from .words import Words, word_lists

__all__ = ["code_solution", "new_equations", "worked_solution", "works_on_code"]

_MARKED = re.compile(r"####\s*[-$£€]?[0-9]|\\boxed\s*\{")
_NUMBER = r"\(?[$£€¥]?([0-9][0-9,]*(?:\.[0-9]+)?)%?\)?"
_UNIT = r"(?:\s?[A-Za-z\u4e00-\u9fff]{1,12}(?:\s(?:per|a|each)\s[a-z]{1,9})?)?"
_EQUATION = re.compile(
    rf"(?<![\w.^/]){_NUMBER}{_UNIT}\s?([-+*/x×÷])\s?{_NUMBER}{_UNIT}\s?=\s?[$£€¥]?([0-9][0-9,]*(?:\.[0-9]+)?)"
)
_FENCED = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL)
_BODY = re.compile(
    r"^[ \t]*(?:(?:async )?def \w+\([^\n]*\n(?:[ \t]+[^\n]*\n?)+"
    r"|(?:export )?(?:async )?function \w+\((?:[^\n]*\n){1,80}?[^\n]*\}|\w+ ?= ?lambda [^\n]+"
    r"|SELECT\b[^;]{10,2000}?\bFROM\b[^;]{2,2000}|(?:public|private|static)[^\n(]*\((?:[^\n]*\n){1,80}?[^\n]*\}"
    r"|(?:const|let) \w+ ?= ?\([^)\n]*\) ?=>[^\n]+)",
    re.MULTILINE,
)
_DOES = re.compile(r"\b(?:return|yield|print|lambda|console\.log|SELECT)\b|=>")
_STUB = re.compile(
    r"^\s*(?:pass|\.\.\.|raise NotImplementedError.*|#\s*(?:TODO|your code|implement|write).*|"
    r"//\s*(?:TODO|your code).*|# 在此.*)$",
    re.MULTILINE | re.IGNORECASE,
)


def worked_solution(seed: str, text: str, language: str) -> str:
    """A solution in the text itself; both texts cleaned."""
    lists = word_lists(language)
    marked = _MARKED.search(text)
    if marked and not _MARKED.search(seed):
        return text[max(0, marked.start() - 60) : marked.end() + 20]
    for words in lists:
        found = _announced(seed, text, words) or _headed(seed, text, words)
        if found:
            return found
    new = new_equations(seed, text)
    given = numbers_of(seed, language).stated
    if not any(_operands(match) & given for match in new):
        return ""
    concluded = bool(new) and any(words["conclusions"].search(text[new[0].start() :]) for words in lists)
    return " ; ".join(match[0] for match in new) if len(new) >= 2 or concluded else ""


def _announced(seed: str, text: str, words: Words) -> str:
    if words["solutions"].search(seed):
        return ""
    for hit in words["solutions"].finditer(text):
        tail = text[hit.start() : hit.end() + 60]
        if re.search(r"[0-9]", tail[: len(hit[0]) + 12]) or words["given_away"].search(tail):
            return tail
    return ""


def _headed(seed: str, text: str, words: Words) -> str:
    """A heading such as `Solution:` with something behind it, or an answer in brackets."""
    heading, known = _heading(words["solution_headings"].pattern)
    if known.search(seed):
        return ""
    hit = heading.search(text)
    if hit is None or words["blank_answers"].match(hit["rest"].strip()):
        return ""
    bracketed = hit[0].lstrip()[:1] in "([（【"
    enough = units(hit["rest"]) >= (1 if bracketed else 3) or re.match(r"\s*[-$£€¥]?\d", hit["rest"])
    return hit[0] if enough else ""


@cache
def _heading(heads: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A heading with what follows it, and the same anywhere."""
    opening = r"(?:^|\n|[.?!。？！]\s?|[(\[（【]\s?)\s*[#*]*\s?"
    return (
        re.compile(rf"{opening}(?:{heads})\s?[*]*\s?[:：=][*]*(?P<rest>(?:.|\n){{0,400}})", re.IGNORECASE),
        re.compile(rf"(?:{heads})\s?[*]*[:：]", re.IGNORECASE),
    )


def new_equations(seed: str, text: str) -> list[re.Match[str]]:
    """Equations that hold and are not in the seed."""
    return [match for match in _EQUATION.finditer(text) if match[0] not in seed and _comes_out(match)]


def _operands(match: re.Match[str]) -> set[Fraction]:
    return {Fraction(match[group].replace(",", "").rstrip(".")) for group in (1, 3)}


def _comes_out(match: re.Match[str]) -> bool:
    """Whether an equation holds to the digits that it shows."""
    if any(len(match[group]) > 30 for group in (1, 3, 4)):
        return False
    left, right, result = (Fraction(match[group].replace(",", "").rstrip(".")) for group in (1, 3, 4))
    sign = match[2]
    if sign in "/÷":
        return right != 0 and abs(left / right - result) < Fraction(1, 100)
    value = left + right if sign == "+" else left - right if sign == "-" else left * right
    return abs(value - result) < Fraction(1, 100)


def code_solution(pair: Pair) -> str:
    """Code that does something, in a text that asks to program and whose seed holds no code.

    Code that the text calls wrong, given, to be extended or only an example of use is part of the task.
    """
    text = (pair.evolved or "").replace("\r\n", "\n")
    if _BODY.search(pair.instruction) or _FENCED.search(pair.instruction):
        return ""
    lists = word_lists(pair.language)
    if not any(words["programming"].search(clean(pair.instruction)) for words in lists):
        return ""
    pieces = [body for body in _FENCED.findall(text) if _BODY.search(body)] or [hit[0] for hit in _BODY.finditer(text)]
    whole = [piece for piece in pieces if _DOES.search(piece) and not _STUB.search(piece)]
    if not whole:
        return ""
    return "" if works_on_code(text, pair.language) else whole[0]


def works_on_code(text: str, language: str) -> bool:
    """Whether the prose of a text says that its code is given to work on."""
    around = clean(_BODY.sub(" ", _FENCED.sub(" ", text)))
    return any(words["code_to_work_on"].search(around) for words in word_lists(language))
