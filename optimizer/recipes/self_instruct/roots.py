"""What an instruction asks to do, and with what: its root verb and the noun that is its direct object.

The published analysis (Self-Instruct, section 3.2) parses every sentence with a trained parser of several hundred
megabytes. Here it is told by rules: instructions mostly begin with their verb, and the object is the last word before
the first preposition, conjunction or sign. How often the rules are right is in docs/self-instruct.md. Questions have
no root verb here: they are counted by their question word. Chinese has a verb, but no object.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ...dataset.language import language_of

__all__ = ["Root", "root_of"]


class Root(NamedTuple):
    """Verb in its base form (`what?` for a question), object in the singular; empty where none was found."""

    verb: str
    thing: str


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VERBS = _set(
    """
    act add advise analyse analyze answer argue arrange ask assess assign assume brainstorm break build
    calculate categorise categorize change check choose cite classify clean combine come comment compare compile
    complete compose compress compute conclude consider construct continue contrast convert convince correct
    count craft create criticise criticize critique debate debug decide decode decompose deduce define delete
    derive describe design detect determine develop devise differentiate discuss display distinguish divide
    draft draw edit elaborate eliminate emphasise emphasize encode enumerate estimate evaluate examine expand
    explain explore express extend extract fill filter find finish fix follow form formulate generate get give
    group guess help highlight hypothesise identify illustrate imagine implement improve include infer insert
    interpret introduce invent invert judge justify keep label list locate look make mark match mention merge
    modify multiply name narrate negate note number offer order organise organize outline paraphrase parse
    perform pick plan play point predict prepare present pretend print prioritise prioritize process produce
    prompt pronounce proofread propose prove provide punctuate put rank rate read rearrange recommend
    reconstruct record reduce refactor reflect rephrase remove reorder reorganise replace reply report represent
    research reshape respond restate retrieve return reverse review revise reword rewrite rhyme role round say
    search select separate set share shorten show simplify simulate sketch solve sort speculate spell split spot
    state suggest sum summarise summarize suppose synthesise take talk teach tell test think trace transcribe
    transform translate try turn tweak type underline unscramble update use validate verify visualise weigh work
    write
    """
)
_QUESTIONS = _set(
    """
    what how why who whom whose which when where is are was were do does did can could should would will has
    have had am may might shall
    """
)
_LEADS = (
    r"please|kindly|now|first|next|then|also|just|and|question\s*:|(?:can|could|would|will)\s+you(?:\s+please)?|"
    r"i(?:'d|\s+would)?\s+(?:want|need|like)\s+you\s+to|i\s+(?:want|need|have)\s+to|your\s+(?:task|job|goal)\s+is\s+to|"
    r"you\s+(?:should|must|need\s+to|have\s+to|will|are\s+(?:asked|going)\s+to)|help\s+me(?:\s+to)?|let(?:'s|\s+us)|"
    r"try\s+to|try\s+your\s+best\s+to|do\s+your\s+best\s+to|in\s+this\s+task\s*,?(?:\s+you\s+(?:are|will))?"
)
_LEAD = re.compile(rf"(?:{_LEADS})\b[\s,]*", re.IGNORECASE)
_CLAUSE = re.compile(
    r"(?:given|based|using|if|suppose|assume|imagine|in|for|from|with|as|after|before|when|to|by|according|you\s+are|"
    r"here|i|this|the|there|let)\b[^.!?]*?[,.:;!]\s+",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d[\d.,]*|[^\w\s]")
_STOPS = _set(
    """
    about above across after against along among and around as at based because before behind below between but
    by containing describing during explaining for from given how if in including inside into like made near of
    off on onto or over per showing since so than that the-following through to toward towards under until using
    versus via vs what when where whether which while who whom whose why with within without you i we it he she
    they is are was were can could should would will has have had do does did so
    """
)
_SKIPPED = _set(
    """
    a an the this that these those your my our his her its their some any all each every both another me us him
    them following below given such out up down
    """
)
_NOUN_LIKE = frozenset(_SKIPPED - {"out", "up", "down", "me", "us", "him", "them"}) | {"one", "two", "three", "five"}
_IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "criteria": "criterion",
              "analyses": "analysis", "data": "data", "news": "news", "series": "series", "movies": "movie",
              "cookies": "cookie", "lives": "life", "indices": "index"}  # fmt: skip
_HAN_LEAD = re.compile(r"(?:请你|请|麻烦你|麻烦|帮我|帮忙|你需要|你的任务是|我想让你|试着)+")
_HAN_VERBS = (
    "总结|概括|翻译|解释|说明|描述|介绍|列出|列举|写出|写|编写|撰写|创作|生成|设计|制定|计算|求|判断|分析|比较|对比|分类|归类|"
    "提取|找出|找到|选出|选择|改写|改成|修改|纠正|润色|缩写|扩写|续写|补全|完成|回答|给出|提供|推荐|建议|预测|评价|评估|"
    "排序|排列|整理|转换|命名|编|画|讲|谈谈|讨论|解决|证明|识别|标注|模拟|扮演|规划|安排|回复|告诉|想|起"
)
_HAN_VERB = re.compile(_HAN_VERBS)
_HAN_QUESTION = re.compile(r"什么|为什么|怎么|如何|怎样|谁|哪|几|多少|是否|吗|呢")


def root_of(text: str) -> Root:
    """The root of an instruction's first sentence that has one."""
    if language_of(text) == "zh":
        return _root_in_chinese(text)
    rest = text.strip()
    for _ in range(4):
        found = _root_at(_LEAD.sub("", rest, count=1) if _LEAD.match(rest) else rest)
        if found.verb:
            return found
        clause = _CLAUSE.match(rest)
        if clause is None:
            break
        rest = rest[clause.end() :]
    return Root("", "")


def _root_at(text: str) -> Root:
    """The root where a text begins with it."""
    while (lead := _LEAD.match(text)) is not None:
        text = text[lead.end() :]
    words = [word.lower() for word in _TOKEN.findall(text[:400])]
    if not words:
        return Root("", "")
    if words[0].endswith("ly") and words[0] not in _VERBS and len(words) > 1:
        words = words[1:]  # "politely decline"
    first = _base(words[0])
    asked = re.split("['’]", first, maxsplit=1)[0]  # "what's"
    if asked in _QUESTIONS:
        return Root(f"{asked}?", "")
    if first in _VERBS or (len(words) > 1 and first.isalpha() and first not in _STOPS | _SKIPPED
                           and words[1] in _NOUN_LIKE):  # fmt: skip
        return Root(first, _object(words[1:]))
    return Root("", "")


def _base(word: str) -> str:
    """`solving` as `solve`, where that is a verb that is known."""
    stem = word.removesuffix("ing")
    return next((verb for verb in (stem, f"{stem}e", stem[:-1]) if stem != word and verb in _VERBS), word)


def _object(words: list[str]) -> str:
    """The last word of the noun group that follows a verb; empty where none does."""
    group: list[str] = []
    for word in words:
        if not word[0].isalnum() and word not in "\"'“”‘’(`":
            break
        if word in _STOPS and not (word in _SKIPPED and not group):
            break
        if word[0].isalpha() and word not in _SKIPPED and not word.endswith("ly"):
            group.append(word)
    return _singular(group[-1]) if group else ""


def _singular(word: str) -> str:
    word = re.sub(r"['’]s?$", "", word)
    if word in _IRREGULAR or len(word) < 4 or word.endswith(("ss", "us", "is", "as", "ics")):
        return _IRREGULAR.get(word, word)
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zzes")):
        return word[:-2]
    return word.removesuffix("s")


def _root_in_chinese(text: str) -> Root:
    clauses = re.split(r"[，。！？；：,!?;:\n]", text.strip())
    for clause in clauses:
        found = _HAN_VERB.search(_HAN_LEAD.sub("", clause.strip(), count=1))
        if _HAN_QUESTION.search(clause) and (found is None or found.start() > 0):
            return Root("问？", "")
        if found is not None:
            return Root(found[0], "")
    return Root("", "")
