"""Whether two final answers say the same: amounts as values, choices by letter, mathematics, words as words."""

from __future__ import annotations

import re
from typing import Literal

from .expressions import same_expression
from .quantities import Quantity, quantity_of, same_quantity, standard
from .texts import clean, tokens
from .words import word_lists

__all__ = ["canonical", "same_answer"]

_CHOICE = re.compile(
    r"(?:(?:option|choice|answer|选项?|答案)\s*[:：]?\s*)?"
    r"(?:[(\[]\s?([A-J])\s?[)\]][.:,]?|([A-J])(?:[.:、),]|(?=\s*\Z)))\s*(.{0,200})",
    re.DOTALL,
)
_YES_WORDS = "yes true correct right yeah 是 对 正确 是的 对的 会 可以 能 有"
_NO_WORDS = "no false incorrect wrong 否 错 错误 不是 不对 不正确 不会 不可以 不能 没有"
_SIDES = {word: words is _YES_WORDS for words in (_YES_WORDS, _NO_WORDS) for word in words.split()}
_MATHS = re.compile(
    r"[\\^√π∞]|\d!|[=<>≤≥∪∈]|\d\s?[a-z](?![a-z])|(?<![A-Za-z])[a-z]\s?[-+*/]\s?\w|\bsqrt\b|^\s*[\[({].*,.*[\])}]\s*$"
)
_DRESS = re.compile(r"\\[()\[\]]|\$|\\boxed\s?(?=\{)")
_BETWEEN = re.compile(
    r"\s*(?:,(?!\d{3}(?!\d))|，|、|;|；)\s*(?:and\s|or\s|和|或)?\s*|\s+(?:and|or)\s+|(?<=.)(?:和|或者?|以及)(?=.)"
)
_JOINS = re.compile(r"\b(?:and|or)\b|和|或|以及")
_FEW, _FREE = 4, 8  # words of a name; of a text that is still no free text
_EMPTY = "a an the of is are was were in on at to it its 的 了 是"
_EMPTY_WORDS = frozenset(_EMPTY.split())

_Verdict = Literal["", "same", "different", "open"]  # "": this rule does not apply


def same_answer(one: str, other: str, language: str) -> bool | None:
    """Whether two final answers say the same.

    Args:
        one, other: final answers (`answer_span`), not whole responses.
        language: ISO 639-1 code.

    Returns:
        None where it cannot be told: long texts in other words, a letter against a text, mathematics beyond the bounds.
    """
    forms = (canonical(one, language), canonical(other, language))
    if forms[0] == forms[1] or not all(forms):
        return True if all(forms) else None
    verdict: _Verdict = ""
    for rule in (_by_choice, _by_side, _by_amount, _by_mathematics, _by_items, _by_words):
        verdict = verdict or rule(one, other, language)
    return None if verdict in {"", "open"} else verdict == "same"


def canonical(answer: str, language: str) -> str:
    """One form for answers that look alike: equal forms are the same answer, unequal ones may be.

    Amounts become a value with the dimension of a known unit, choices `(B)`, yes and no one word each, texts their
    words.
    """
    choice = _choice(answer)
    if choice and not choice[1]:
        return f"({choice[0]})"
    side = _side(answer)
    if side is not None:
        return "yes" if side else "no"
    amount = quantity_of(answer, language)
    if amount is not None:
        return _form(amount)
    if _MATHS.search(answer):
        return re.sub(r"\s+", "", _bare(answer))
    return " ".join(_words(answer))


def _form(amount: Quantity) -> str:
    value, dimension = standard(amount)
    return f"{value} {dimension}".strip()


def _choice(text: str) -> tuple[str, str] | None:
    """The letter of a choice and the text that stands with it; None for what is none (`A dog`)."""
    match = _CHOICE.fullmatch(_bare(clean(text).strip(" .*")))
    return (match[1] or match[2], match[3].strip()) if match else None


def _side(text: str) -> bool | None:
    """Yes or no, also at the start of a sentence that goes on after a comma."""
    first = re.match(r"[^\W\d_]+(?=\s*(?:[,.!;:，。！；：]|\Z))", clean(text).strip(" *\"'").casefold())
    return _SIDES.get(first[0]) if first else None


def _bare(text: str) -> str:
    """Without the marks that show mathematics as such."""
    body = _DRESS.sub("", text).strip(" .。\n")
    return body[1:-1] if "\\boxed" in text and body[:1] == "{" and body[-1:] == "}" else body


def _words(text: str) -> list[str]:
    return [word for word in tokens(text) if word not in _EMPTY_WORDS]


# ---------------------------------------------------------------- rules, in this order


def _verdict(same: bool | None) -> _Verdict:
    return "open" if same is None else "same" if same else "different"


def _by_choice(one: str, other: str, language: str) -> _Verdict:
    here, there = _choice(one), _choice(other)
    if here and there:
        return _verdict(here[0] == there[0])
    if not here and not there:
        return ""
    told = (here[1] if here else one, there[1] if there else other)
    return _verdict(same_answer(*told, language)) if all(told) else "open"


def _by_side(one: str, other: str, language: str) -> _Verdict:
    here, there = _side(one), _side(other)
    return _verdict(here == there) if here is not None and there is not None else ""


def _by_amount(one: str, other: str, language: str) -> _Verdict:
    here, there = quantity_of(one, language), quantity_of(other, language)
    return _verdict(same_quantity(here, there)) if here and there else ""


def _by_mathematics(one: str, other: str, language: str) -> _Verdict:
    if not (_MATHS.search(one) or _MATHS.search(other)):
        return ""
    same = same_expression(_bare(one), _bare(other))
    return "" if same is None else _verdict(same)


def _by_items(one: str, other: str, language: str) -> _Verdict:
    """Two lists: all items the same, in the same order unless they are joined by `and` or `or`."""
    here, there = _BETWEEN.split(clean(one)), _BETWEEN.split(clean(other))
    if len(here) < 2 or len(there) < 2:
        return ""
    if len(here) != len(there):
        return _verdict(False if all(quantity_of(item, language) for item in [*here, *there]) else None)
    row = [same_answer(a, b, language) for a, b in zip(here, there, strict=True)]
    if all(row):
        return "same"
    left = list(there)
    for item in here:
        twin = next((at for at, text in enumerate(left) if same_answer(item, text, language)), None)
        if twin is None:
            return "open" if None in row else "different"
        del left[twin]
    return "same" if _JOINS.search(one) or _JOINS.search(other) else "open"


def _by_words(one: str, other: str, language: str) -> _Verdict:
    """Names by their words. One inside of the other may be the same in more words; long texts nobody can tell here."""
    amounts = (quantity_of(one, language), quantity_of(other, language))
    if amounts != (None, None):
        free = other if amounts[1] is None else one
        return "open" if re.search(r"\d", free) or len(tokens(free)) > _FREE else "different"
    shorter, longer = sorted((_words(one), _words(other)), key=len)
    if not shorter:
        return "open"
    strong = frozenset[str]().union(*(words.strong for words in word_lists(language)))
    if (set(shorter) ^ set(longer)) & strong:
        return "different"
    inside = any(longer[at : at + len(shorter)] == shorter for at in range(len(longer) - len(shorter) + 1))
    wordless = any(ord(word[0]) > 0x2E80 for word in longer)
    few, free_text = (2 * _FEW, 2 * _FREE) if wordless else (_FEW, _FREE)
    if inside or len(longer) > free_text:
        return "open"
    if not set(shorter) & set(longer):
        return "different"
    return "different" if len(longer) <= few and not any(word.isdigit() for word in shorter) else "open"
