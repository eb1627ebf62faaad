"""Rule on texts that break off: told by the fault of a call, and by how the text ends."""

from __future__ import annotations

import re

from ...agents.messages import Finding
from .pair import Pair
from .texts import quote, units
from .words import Words, word_lists

__all__ = ["truncated"]

_ENDS = tuple(".!?。！？…\"'”’」』)）]】}>:：;；`*_~|$#%/\\》")
_HANGS = re.compile(r"[,，、(（\[【{“「《<–—=+×÷&-]\s*\Z")
_LIST = re.compile(r"^\s*(?:[-*•·+]|\(?\d{1,2}[.)、]|\(?[a-zA-Z][.)]|#+|>|\|)")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_HALF_NUMBER = re.compile(r"\b(?:by|of|about|at|for|to|than|from) [$£€¥]?0\.\Z")
_URL_END = re.compile(r"(?:https?://|www\.)\S+\Z")
_DATA_END = re.compile(r"[\d°℃€$£%]\s*[\w²³/°℃]{0,6}\Z|[=:<>|]\s?\S{1,30}\Z")
_PAIRS = (("(", ")"), ("（", "）"), ("[", "]"), ("“", "”"), ("「", "」"), ("《", "》"))
_LEAST, _LEAST_HAN = 6, 6
_LOOKED_AT = 400  # characters at the end


def truncated(pair: Pair) -> Finding | None:
    """The evolver's or the responder's answer breaks off.

    Either its call says so (it was cut at its length limit), or the text does: a fence of code is not closed; it ends
    in a comma, an open bracket or a word that needs another one behind it (`the`, `and`, 的, 把); its last sentence has
    no end while those before it have one. Lists, code, verses, signatures and single lines may end as they like; an
    evolved text whose seed has no full stop either may do so, too.
    """
    sides = [
        side for side, fault in (("evolved", pair.fault), ("response", pair.response_fault)) if fault == "truncated"
    ]
    if sides:
        return Finding("truncated", " and ".join(sides))
    text = (pair.evolved or "").rstrip()
    if text and text != pair.instruction.rstrip():
        seed = pair.instruction.rstrip()
        closed = seed.endswith(_ENDS) and not seed.endswith((":", "：", ","))
        cut = _broken_off(text, pair.language, ended=closed, seed=seed)
        if cut:
            return Finding("truncated", quote(f"evolved: … {cut}"))
    answer = (pair.evolved_response or "").rstrip()
    if any(words["unfinished"].search(text) for words in word_lists(pair.language)):
        return None
    cut = _broken_off(answer, pair.language, ended=False, seed="") if answer else ""
    return Finding("truncated", quote(f"response: … {cut}")) if cut else None


def _broken_off(text: str, language: str, *, ended: bool, seed: str) -> str:
    """The end of a text that breaks off, else nothing. `ended`: a missing full stop is enough."""
    tail, last = text[-70:], text.splitlines()[-1][-_LOOKED_AT:]
    if len(_FENCE.findall(text)) % 2:
        return tail if len(_FENCE.findall(seed)) % 2 == 0 else ""
    if _FENCE.search(text) and text.endswith(("```", "~~~")):
        return ""
    lines = text.splitlines()
    if len(lines) >= 3 and last.startswith("|") and not text.endswith("|") and lines[-2].rstrip().endswith("|"):
        return tail
    if text[0] in "{[" and _open_object(text) and not seed.startswith(("{", "[")):
        return tail
    lists = word_lists(language)
    cut = _hangs(last, seed) or bool(_HALF_NUMBER.search(last)) or _needs_more(last, seed, lists)
    if not cut and not text.endswith(_ENDS) and not _URL_END.search(last):
        unclosed = _unclosed(last) and not _unclosed(seed.splitlines()[-1] if seed else "")
        cut = unclosed or _without_end(text, last, lists, ended=ended)
    return tail if cut else ""


def _needs_more(last: str, seed: str, lists: tuple[Words, ...]) -> bool:
    """Whether a line ends in a word that needs another one behind it."""
    if units(last) < _LEAST - 1 or seed.endswith(last[-12:]):
        return False
    return any(words["never_last"].search(last) for words in lists)


def _open_object(text: str) -> bool:
    """Whether a text that is an object or a list of JSON is not closed."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    return '"' in text and bare.count("{") + bare.count("[") > bare.count("}") + bare.count("]")


def _hangs(last: str, seed: str) -> bool:
    """Whether a line ends in a comma, an open bracket or a sign that joins."""
    hit = _HANGS.search(last)
    if hit is None or _HANGS.search(seed) or re.fullmatch(r"\W+", last) or last.endswith("--"):
        return False
    return not _LIST.match(last) or hit[0].strip() in {",", "，", "、", "(", "（"}


def _unclosed(line: str) -> bool:
    """A bracket or a quotation mark that is opened in the last line and not closed."""
    return any(
        line.count(opening) > line.count(closing) and line.rfind(opening) > len(line) - 120
        for opening, closing in _PAIRS
    )


def _without_end(text: str, last: str, lists: tuple[Words, ...], *, ended: bool) -> bool:
    """Whether the last sentence lacks its end where the others have one."""
    if (
        _DATA_END.search(last)
        or re.search(r"[:：][^:：]+$", last)
        or any(words["code_line"].search(last) for words in lists)
    ):
        return False
    sentence = re.split(r"(?<=[.!?。！？])\s+|(?<=[。！？])", last)[-1]
    size = units(sentence)
    if size < (_LEAST_HAN if re.search("[\u4e00-\u9fff]", sentence) else 4):
        return False
    others = [line.rstrip() for line in text.splitlines()[:-1] if units(line) >= 4]
    within = sentence != last  # sentences of the same line end with a mark
    if _LIST.match(last) or others:
        same = [line for line in others if bool(_LIST.match(line)) == bool(_LIST.match(last))]
        closed = [line for line in same if line.endswith(_ENDS[:7])]
        if len(same) >= 2 and len(closed) == len(same):
            return True
        return within and not _LIST.match(last) and size >= _LEAST
    prose = bool(re.search("[\u4e00-\u9fff]", sentence)) or any(
        sum(word.casefold() in words.stop for word in sentence.split()) * 5 >= len(sentence.split()) for words in lists
    )
    return prose and ((within and size >= 4) or (ended and size >= _LEAST))
