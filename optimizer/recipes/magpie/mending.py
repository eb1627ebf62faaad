"""Rules that change what a model wrote as a user; what they leave is always a piece of what it wrote."""

from __future__ import annotations

import re
from collections.abc import Callable

from ....agents.reading import several_lines

__all__ = ["mended"]

_WORDS = (
    r"tasks?|prompts?|questions?|problems?|scenarios?|contexts?|challenges?|quer(?:y|ies)|requests?|instructions?"
    # A model writes to itself by its name, too.
    r"|qwen\d?|smollm\d?|llama|gemma|phi|mistral|mixtral|deepseek|yi"
    r"|descriptions?|inputs?|user(?:'s)?(?: (?:question|request|message|input))?|human"
)
_LABEL = re.compile(
    rf"(?:#+[ \t]*)?[*_]{{0,3}}(?:(?:the|your|here is (?:the|a|your)) )?(?:{_WORDS}|q)(?:[ \t]*#?\d{{1,3}})?"
    r"[*_]{0,3}[ \t]*(?:[:：]|(?<=\d)[.)](?=\s))[*_]{0,3}\s*|(?:问题|题目|任务|指令|用户)\s*\d{0,3}\s*[:：]\s*",
    re.IGNORECASE,
)
_ITEM = re.compile(r"(?:\(?\d{1,2}[.)]|[-*•])[ \t]+")
_ITEM_LINE = re.compile(rf"^[ \t]*{_ITEM.pattern}", re.MULTILINE)
_TOKEN = re.compile(
    r"<[|｜][^<>\n]{1,40}[|｜]>|</?s>|<(?:start|end)_of_turn>|<[be]os>|<pad>|\[/?INST\]|<</?SYS>>"
    r"|</?(?:think|tool_call)>"
)
_TURN = re.compile(
    r"^[ \t]*[#*_]{0,4}(?:assistant|chatgpt|ai|bot|model|助手)\b[*_]{0,3}[ \t]*(?:[:：]|$)",
    re.MULTILINE | re.IGNORECASE,
)
_ANSWER = re.compile(
    r"^[ \t]*[#*_>]{0,4}[ \t]*(?:(?:the |correct |final |my |sample |expected )?(?:answer|solution|explanation|response"
    r"|output)(?: is)?[*_]{0,3}[ \t]*[:：]|(?:the )?(?:correct |right )?answer is\b"
    r"|#+[ \t]*(?:answer|solution|response)\b"
    r"|#+[ \t]*(?:explanation|step[ \t]*1)\b|(?:答案|解答|回答|解析)\s*[:：])",
    re.IGNORECASE | re.MULTILINE,
)
# A question under its letter and the answer under its own; where a B follows, the letters are those of choices.
_LETTERS = re.compile(
    r"\A\W*Q(?:uestion)?\s*\d{0,3}\s*[:：].*?^(?P<answer>[ \t]*A\s*\d{0,3}\s*[:：])", re.DOTALL | re.MULTILINE
)
_CHOICE = re.compile(r"^[ \t]*B\s*[:：.)]", re.MULTILINE)
_VOICE = re.compile(
    r"\n\s*\n\s*(?:as an ai\b|sure[,!]|certainly[,!]|of course[,!]"
    r"|(?:yes,? )?(?:i can|i would be happy to|i'd be happy to|i'd be glad to|let me) help(?: you)?\b)",
    re.IGNORECASE,
)
# An example or a form that is part of the task may name its own output.
_EXAMPLE = re.compile(r"\b(?:example|sample|format|input|template|given)\b|例", re.IGNORECASE)
_PAIRS = (('"', '"'), ("“", "”"), ("「", "」"), ("**", "**"), ("`", "`"))


def mended(raw: str) -> tuple[str, tuple[str, ...]]:
    """The text after all rules that change it, again and again until none does, and their names."""
    text, rules = raw.strip(), list[str]()
    for _ in range(_ROUNDS):
        before = text
        for name, rule in _MENDING:
            after = rule(text)
            if after != text:
                text = after
                rules += [] if name in rules else [name]
        if text == before:
            return text, tuple(rules)
    return text, tuple(rules)


def _without_token(text: str) -> str:
    match = _TOKEN.search(text)
    return text[: match.start()].rstrip() if match else text


def _without_turn(text: str) -> str:
    match = _TURN.search(text)
    return text[: match.start()].rstrip() if match and match.start() else text


def _without_label(text: str) -> str:
    match = _LABEL.match(text)
    rest = text[match.end() :].lstrip() if match else ""
    return rest or text


def _without_item(text: str) -> str:
    """A single item of a list that the model was about to write; a list of several is the text's own."""
    match = _ITEM.match(text)
    if match is None or len(_ITEM_LINE.findall(text)) > 1:
        return text
    return text[match.end() :].lstrip() or text


def _unquoted(text: str) -> str:
    for opening, closing in _PAIRS:
        inner = text[len(opening) : -len(closing)]
        if text.startswith(opening) and text.endswith(closing) and len(text) > len(opening) + len(closing):
            plain = inner.strip()
            if plain and not any(sign in inner for sign in {opening, closing}):
                return plain
    return text


def _without_answer(text: str) -> str:
    """The text before an answer that follows its question; a heading that an example names stays."""
    for match in _ANSWER.finditer(text):
        before = text[: match.start()].rstrip()
        if before and not _EXAMPLE.search(before):
            return before
    letters = _LETTERS.match(text)
    if letters and not _CHOICE.search(text, letters.end()):
        return text[: letters.start("answer")].rstrip()
    voice = _VOICE.search(text)
    return text[: voice.start()].rstrip() or text if voice else text


_MENDING: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("plain", several_lines), ("leaked-token", _without_token), ("assistant-turn", _without_turn),
    ("answer", _without_answer), ("label", _without_label), ("list-mark", _without_item), ("quotes", _unquoted),
)  # fmt: skip
_ROUNDS = 8
