"""Rules on what the rewriting left in the text: its headings and lead-ins, and open places of a template."""

from __future__ import annotations

import re

from ...agents.messages import Finding
from .pair import Pair
from .texts import clean, quote
from .words import Words, word_lists

__all__ = ["scaffold_leak", "unfilled_template"]

_CONTRACT = re.compile(
    r"</?\s?evolved(?:-[0-9a-f]{8})?\s?>|<<<\s?TEXT\b|\bTEXT [0-9a-f]{8}>>>"
    r"|</?\s?(?:think|thinking|reasoning|plan|analysis|output|rewrit\w+|final\w*|new_\w+|instruction|prompt|task|question|"
    r"answer|result|response|review|method\w*|step ?\d*)\s?>"
    r"|\[/?INST\]|<\|[a-z_]{2,20}\|>|</?s>(?=\s|$)|^###? ?(?:Instruction|Response|Input)\b",
    re.IGNORECASE | re.MULTILINE,
)
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
_SLOT = re.compile(
    r"(?<![A-Za-z0-9$\\^_({=`\"'])\{[A-Za-z\u4e00-\u9fff][\w /-]{1,30}\}(?!\})|\[[A-Z][A-Z_ /]{2,30}\](?!\()"
    r"|[【［]\s?[\u4e00-\u9fff/]{1,8}\s?[】］]|\[(?:姓名|名字|日期|地点|主题|物品|公司|时间|对象|原因)\]"
)
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
    evidence = _tags(seed, text) or _phrases(seed, text, lists) or _headings(seed, text, lists)
    return Finding("scaffold-leak", quote(evidence)) if evidence else None


def _tags(seed: str, text: str) -> str:
    tag = _CONTRACT.search(text)
    if tag and not _CONTRACT.search(seed):
        return tag[0]
    if _WHOLE_JSON.match(text) and "{" not in seed:
        return text[:80]
    return text[:80] if _WHOLE_FENCE.fullmatch(text) and "```" not in seed else ""


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
    if not pair.evolved:
        return None
    hit = _PLACEHOLDER.search(pair.evolved)
    if hit and not _PLACEHOLDER.search(pair.instruction):
        return Finding("unfilled-template", quote(hit[0]))
    slots = _SLOT.findall(pair.evolved)
    if not slots or _SLOT.search(pair.instruction) or _CODE.search(pair.evolved):
        return None
    text = clean(pair.evolved)
    if any(words["speaks_of_places"].search(text) for words in word_lists(pair.language)):
        return None
    return Finding("unfilled-template", quote(", ".join(slots)))
