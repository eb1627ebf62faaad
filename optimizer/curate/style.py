"""Rules of style for responses: speaking of oneself, of other answers, and what only makes sense on a page.

After LIMA (arXiv 2305.11206, section 2.1), which names the rules; the words are ours. Code is not looked at, nor are
formulas between marks; a letter I that mathematics names something by speaks of nobody, and `a<b and c>d` is no HTML.
"""

from __future__ import annotations

import re

__all__ = ["first_person", "length_of", "links", "references"]

_CODE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\$\$.+?\$\$|\\\(.+?\\\)|\\\[.+?\\\]"
    r"|\$(?=[^\s$])[^$\n]*(?<=\S)\$(?!\d)",  # "$5 or $6" is no formula
    re.DOTALL,
)
_QUOTED = re.compile(r"\"[^\"\n]{1,300}\"|“[^”\n]{1,300}”|「[^」\n]{1,300}」|«[^»\n]{1,300}»")
# "World War I began" speaks of nobody: such words take the numeral with them.
_NUMERAL = r"(?:War|Part|Type|Phase|Class|Stage|Chapter|Volume|Act|Book|Level|Section|Elizabeth|Charles|James) I\b"
# "Where I is the current", "an ideal I of R": what follows a letter, and no pronoun.
_LETTER = r"is|are|of|in|on|and|to|with|from|such|where|which|that|denotes?|contains|equals|consists|has"
_SELF = re.compile(
    rf"\b{_NUMERAL}|(?<![\w./])"
    rf"(?P<self>(?<!\b[Ll]et )I(?:['’](?:m|ve|d|ll)\b|(?=\s+(?!(?:{_LETTER})\b)[a-z]))|[Mm]y(?:self)?\b|[Mm]ine\b)"
    r"|(?P<wo>我(?!们|國|国))"
)
# Of programs: nobody is called so.
_MARKS = (
    r"property|staticmethod|classmethod|abstractmethod|dataclass|override|deprecated|overload|cached_property|lru_cache"
    r"|wraps|pytest|test|beforeeach|aftereach|autowired|component|injectable|nullable|media|import|keyframes|font"
    r"|param|params|return|returns|throws|see|author|since|interface|end|implementation"
)
_OTHERS = re.compile(
    r"\bas (?:mentioned|noted|stated|pointed out|others? (?:have )?(?:said|mentioned|noted|pointed out))\b"
    r"|\b(?:other|previous|accepted|existing|above|top|earlier) (?:answers?|posters?|commenters?|replies|comments?)\b"
    r"|\bstack ?(?:exchange|overflow)\b|\b(?:sub)?reddit\b|\bquora\b|\b(?:up|down)vot\w+|\boriginal poster\b|\bthe op\b"
    rf"|(?<![\w.])@(?!(?:{_MARKS})\b)[^\W\d]\w+\b(?!\.\w|[({{]|\s+(?:decorator|annotation|directive|tag|rule)\b"
    r"|[ \t]*\n\s*(?:@|def\b|async\b|class\b|public\b|private\b|protected\b))"
    r"|楼上|楼主|题主|(?:其他|其它|前面|上面|以上)的?(?:回答|答案)(?:者|里|中)?|评论区|知乎",
    re.IGNORECASE,
)
_TAGS = "a|img|br|p|div|span|table|tr|td|ul|ol|li|b|i|em|strong|h[1-6]|iframe|video|sup|sub|font"
_PAGE = re.compile(
    r"https?://\S|\bwww\.\w|!\[[^\]\n]*\]\("
    r"|(?<![A-Za-z0-9_)\]])\[[^\]\n]+\]\((?=[^\s)]*[./#:@])\S+?\)"  # and not `handlers[i](x)`
    rf"|</(?:{_TAGS})\s*>|(?<![\w)\]])<[abip]\s*>|<(?![abip]\s*/?>)(?:{_TAGS})"
    r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s>\"'=]+))*\s*/?>",
    re.IGNORECASE,
)
_WIDE = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def length_of(text: str) -> int:
    """Characters; one of a script without spaces says as much as three letters."""
    return len(text) + (0 if text.isascii() else 2 * len(_WIDE.findall(text)))


def first_person(text: str) -> str:
    """Where a text speaks of itself, outside of quotations; empty where it does not. `We` is no such word."""
    for found in _SELF.finditer(_QUOTED.sub(" ", _CODE.sub(" ", text))):
        if found["self"] or found["wo"]:
            return _around(found)
    return ""


def references(text: str) -> str:
    """Where it speaks of other answers, of a forum or of somebody there; empty where it does not."""
    found = _OTHERS.search(_CODE.sub(" ", text))
    return _around(found) if found else ""


def links(text: str) -> str:
    """Where it has an address, an image or HTML; empty where it has none."""
    found = _PAGE.search(_CODE.sub(" ", text))
    return _around(found) if found else ""


def _around(found: re.Match[str]) -> str:
    """The words around a match."""
    return " ".join(found.string[max(0, found.start() - 20) : found.end() + 20].split())
