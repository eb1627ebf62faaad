"""Rules on what the rewriting left in the text: its headings and lead-ins, and open places of a template."""

from __future__ import annotations

import json
import re
from typing import cast

from ...agents.messages import Finding
from .pair import Pair
from .sense import kinds_of
from .texts import clean, quote, units
from .words import Words, word_lists

__all__ = ["scaffold_leak", "unfilled_template"]

_CONTRACT = re.compile(
    r"</?\s?evolved(?:-[0-9a-f]{8})?\s?>|<<<\s?TEXT\b|\bTEXT [0-9a-f]{8}>>>"
    r"|</?\s?(?:think|thinking|rewrit\w+|final_\w*|new_\w+|instruction|evolved_\w+|新\S{2,6})\s?>"
    r"|\A<\s?(?:plan|analysis|output|prompt|task|question|result|response|review|method\w*|text|problem|题目|指令|问题)\s?>"
    r"|\[/?INST\]|<\|[a-z_]{2,20}\|>|</?s>(?=\s|$)|^###? ?(?:Instruction|Response|Input)\b",
    re.IGNORECASE | re.MULTILINE,
)
_LABEL = re.compile(r"[\s*#>\[【(（]*([^\n:：.?!。？！]{2,90}?)[\s*\]】)）]*(?:[:：]|\n)")
_LABEL_WORDS = 12
_LAST_BRACKET = re.compile(r"[(\[【（]([^()\[\]【】（）]{4,400})[)\]】）][\s.。]*\Z")
_FIRST_BRACKET = re.compile(r"\s*[(\[【（]([^()\[\]【】（）]{4,300})[)\]】）]")
_WHOLE_FENCE = re.compile(r"```[\w-]*\n(?:.|\n)*\n```")
_WHOLE_JSON = re.compile(
    r'\{\s?"(?!\w*(?:data|items|rows)\b)[\w ]*'
    r"(?:instruction|prompt|question|problem|task|text|rewritten|evolved|指令|题目|问题)"
    r'[\w ]*"\s?:\s?"',
    re.IGNORECASE,
)
_LINE_HEAD = re.compile(
    r"^[ #*>\[【]{0,12}([^\n:：#*\]】]{1,40}?) ?(?:[\]】]?[#*]+ ?[:：]?|[\]】]?[:：][*]*|[\]】]|$)", re.MULTILINE
)
_PLACEHOLDER = re.compile(
    r"\{\{\s?[\w .-]{1,60}\s?\}\}|\[(?:insert|your|add|fill in|enter|placeholder|todo|tbd|xxx?)\b[^\]\n]{0,60}\]"
    r"|<(?:insert|your|fill)\b[^>\n]{0,60}>|\{(?:insert|your|fill)\b[^}\n]{0,60}\}|\$\{\w{2,30}\}"
    r"|[\[【［](?:在此|此处|请)?(?:插入|填入|填写|输入|补充)[^\]】］\n]{0,40}[\]】］]"
    r"|lorem ipsum|\b(?:TODO|TBD|FIXME)\b(?=[:\s.]|$)",
    re.IGNORECASE,
)
# `{topic}` and `[NAME]` are places of a template, `{1, 2}` and `[3, 4]` are sets and lists; two of them, or one in a
# sentence without code.
_PLACE = (
    "name|topic|theme|style|author|dates?|places?|location|city|country|company|product|number|amount|subject|object|"
    "title|text|instruction|constraint|original|data|order|time|person|item|language|audience|tone|context|input|"
    "question|problem|prompt|condition|pronoun|noun|verb|adjective|recipient|sender|address|event|character|setting|value|variable"
)
_ZH_PLACE = (
    "姓名|名字|名称|日期|地点|主题|物品|公司|时间|对象|原因|风格|作者|题目|"
    "问题|数字|人物|产品|城市|内容|指令|条件|他/她"
)
_SLOT = re.compile(
    rf"(?<![A-Za-z0-9$\\^_({{=`\"'/:])\{{\s?(?:\w+[_ ])?(?:{_PLACE}|{_ZH_PLACE})s?"
    rf"(?:[_ ]\w+)?\s?\}}(?!\}})"
    rf"|\[\s?(?:(?:\w+[_ ])?(?:{_PLACE.upper()})S?(?:[_ ]\w+)?|{_ZH_PLACE})\s?\](?!\()"
    rf"|[【［]\s?(?:{_ZH_PLACE})\s?[】］]"
)
_INLINE_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_OF_CODE = re.compile(r"\$\{|\{\{|TODO|FIXME|<your", re.IGNORECASE)
_WHOLE_SLOT = re.compile(r"[\[<{【〈(]{1,2}[^\[\]<>{}【】〈〉()\n]{2,80}[\]>}】〉)]{1,2}")
_DOLLARS = re.compile(r"(?<![\w$`\\])\$[a-z_]{3,30}\b(?!\$)")
_CODE = re.compile(r"```|`[^`\n]+`|\bdef \w+\(|\bf\"|\bformat\(|\\(?:frac|sum|text|begin)\b")


def scaffold_leak(pair: Pair) -> Finding | None:
    """Words of the rewriting itself stand in the evolved text: headings, tags, a lead-in, talk about the change.

    What the seed has already does not count. Single headings such as `Plan:` or `Step 1:` belong to many honest
    tasks, so two different ones are asked for, or a series of steps that speak of adding; a numbered series
    (`Step 1`, `Step 2`) is one heading. The plan of a rewriting before the text counts where the seed asks for none.
    """
    if not pair.evolved:
        return None
    seed, text = clean(pair.instruction), clean(pair.evolved)
    lists = word_lists(pair.language)
    evidence = (
        _tags(seed, text) or _label(seed, text, lists) or _aside(seed, text, lists) or _phrases(seed, text, lists)
    )
    evidence = evidence or _headings(seed, text, lists)
    return Finding("scaffold-leak", quote(evidence)) if evidence else None


def _tags(seed: str, text: str) -> str:
    tag = _CONTRACT.search(text)
    if tag and not _CONTRACT.search(seed):
        return tag[0]
    if "{" not in seed and (_WHOLE_JSON.match(text) or _is_object(text)):
        return text[:80]
    return text[:80] if _WHOLE_FENCE.fullmatch(text) and "```" not in seed else ""


def _is_object(text: str) -> bool:
    """Whether the whole text is a JSON object of texts."""
    if not text.startswith("{") or not text.endswith("}"):
        return False
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and any(isinstance(part, str) for part in cast("dict[str, object]", value).values())


def _label(seed: str, text: str, lists: tuple[Words, ...]) -> str:
    """A label of the rewriting before the text: at most twelve words and a colon, or a line of its own."""
    label = _LABEL.match(text)
    if label is None or label[0] in seed or units(label[1]) > _LABEL_WORDS:
        return ""
    alone = label[0].endswith("\n")
    for words in lists:
        hit = words["meta_labels"].search(label[1])
        own = hit is not None and hit[0].split()[-1].casefold() in seed.casefold()  # the seed is about prompts itself
        if hit and not own and (not alone or hit[0] == label[1].strip(" *#[]【】()")):
            return label[0]
    return ""


def _aside(seed: str, text: str, lists: tuple[Words, ...]) -> str:
    """Words in brackets at the end or the beginning of the text that speak of the rewriting."""
    for aside in (_LAST_BRACKET.search(text), _FIRST_BRACKET.match(text)):
        if aside and aside[1] not in seed and any(words["asides"].search(aside[1]) for words in lists):
            return aside[0]
    return ""


def _phrases(seed: str, text: str, lists: tuple[Words, ...]) -> str:
    for words in lists:
        hit = words["scaffold"].search(text)
        if hit and not words["scaffold"].search(seed):
            return text[max(0, hit.start() - 30) : hit.end() + 60]
        for name in ("lead_ins", "plan_openings"):
            if words[name].match(text) and not words[name].match(seed):
                return text[:120]
        closing = words["closings"].search(text[-200:])
        if closing and not words["closings"].search(seed):
            return text[-200:][closing.start() :]
    return ""


def _headings(seed: str, text: str, lists: tuple[Words, ...]) -> str:
    heads = {head.group(1).strip().casefold() for head in _LINE_HEAD.finditer(text)}
    found: dict[str, str] = {}
    for words in lists:
        for head in sorted(heads):
            hit = words["headings"].fullmatch(head)
            if hit and head not in seed.casefold():
                found.setdefault(re.sub(r"[\d一二三四五六]+", "n", head), head)
    return " / ".join(found.values()) if len(found) >= 2 else ""


def unfilled_template(pair: Pair) -> Finding | None:
    """A place to fill in was left open (`{{name}}`, `[insert text]`, `{topic}`, `[NAME]`) that the seed does not have.

    A text that asks for a template, or for code, may hold such places.
    """
    if not pair.evolved or pair.evolved == pair.instruction:
        return None
    prose = _INLINE_CODE.sub(" ", pair.evolved)
    hit = _PLACEHOLDER.search(prose) or _WHOLE_SLOT.fullmatch(pair.evolved.strip())
    code = "code" in kinds_of(prose, pair.language)
    if hit and not _PLACEHOLDER.search(pair.instruction) and not (code and _OF_CODE.match(hit[0])):
        return Finding("unfilled-template", quote(hit[0]))
    slots = _SLOT.findall(pair.evolved)
    dollars = _DOLLARS.findall(pair.evolved)
    slots += dollars if len(dollars) >= 2 and "$" not in pair.instruction else []
    if not slots or _SLOT.search(pair.instruction) or _CODE.search(pair.evolved):
        return None
    text = clean(pair.evolved)
    if any(words["speaks_of_places"].search(text) for words in word_lists(pair.language)):
        return None
    return Finding("unfilled-template", quote(", ".join(slots)))
