"""Chats as seeds: every user turn on its own, with what came before as its context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from ...agents.gateway.requests import Turn

__all__ = ["BadRow", "UserTurn", "described", "readable", "turns_of", "user_turns"]

Speaker = Literal["system", "user", "assistant"]
UserTurn = tuple[str, tuple[Turn, ...], str | None]

_SPEAKERS: Mapping[str, Speaker] = {
    "system": "system", "developer": "system",
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "chatgpt": "assistant", "model": "assistant", "bot": "assistant",
}  # fmt: skip

_TYPES: Mapping[str, str] = {
    "NoneType": "null", "bool": "true or false", "int": "a number", "float": "a number",
    "str": "text", "dict": "an object", "list": "a list",
}  # fmt: skip


class BadRow(Exception):
    """A row that is no seed; never leaves the package. `empty` where there is nothing rather than something wrong."""

    def __init__(self, why: str, *, empty: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.empty = empty


def described(value: object) -> str:
    """A value of the wrong type in a few words, as JSON calls it."""
    return _TYPES.get(type(value).__name__, f"a value of type {type(value).__name__}")


def readable(text: str, where: str) -> str:
    """The text itself.

    Raises:
        BadRow: it holds half characters, left by bytes that are not UTF-8 or by a broken escape.
    """
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise BadRow(f"{where} is not valid Unicode (bytes that are not UTF-8, or a broken \\u escape)")
    return text


def _content(value: object, where: str) -> str:
    """The text of a turn, which OpenAI's form may also give as a list of parts."""
    if isinstance(value, str):
        return readable(value, where)
    if value is None:
        return ""
    if not isinstance(value, list):
        raise BadRow(f"{where} is {described(value)}, not text")
    texts: list[str] = []
    for part in cast("list[object]", value):
        text = cast("dict[str, object]", part).get("text") if isinstance(part, dict) else part
        if not isinstance(text, str):
            raise BadRow(f"{where} has a part that is not text")
        texts.append(readable(text, where))
    return "\n".join(texts)


def turns_of(items: object, field: str) -> list[Turn]:
    """The turns of a chat in OpenAI's form (`role`, `content`) or ShareGPT's (`from`, `value`).

    Raises:
        BadRow: no list, a turn of the wrong form, a role that has no place here (`tool`, ...).
    """
    if not isinstance(items, list):
        raise BadRow(f"field `{field}` is {described(items)}, not a list of turns")
    turns: list[Turn] = []
    for number, item in enumerate(cast("list[object]", items), 1):
        if not isinstance(item, dict):
            raise BadRow(f"turn {number} is {described(item)}, not an object")
        turn = cast("dict[str, object]", item)
        role = turn.get("role", turn.get("from"))
        speaker = _SPEAKERS.get(role.strip().lower()) if isinstance(role, str) else None
        if speaker is None:
            raise BadRow(f"turn {number} has the role {str(role)[:30]!r}, which is none of system, user, assistant")
        content = turn["content"] if "content" in turn else turn.get("value")
        turns.append(Turn(speaker, _content(content, f"turn {number}")))
    return turns


def _check_order(turns: list[Turn], offset: int) -> None:
    """User and assistant take turns, the user first, and only the last answer may be missing.

    Raises:
        BadRow: says which turn is out of order. `offset` system turns came before.
    """
    for index, turn in enumerate(turns):
        number = index + offset + 1
        wanted = "assistant" if index % 2 else "user"
        if turn.speaker != wanted:
            raise BadRow(f"turn {number} is of the role {turn.speaker!r} where {wanted!r} should follow")
        if not turn.text.strip() and turn.speaker == "user":
            raise BadRow(f"turn {number} of the user is empty", empty=True)
        if not turn.text.strip() and index < len(turns) - 1:
            raise BadRow(f"turn {number} of the assistant is empty")


def user_turns(turns: list[Turn]) -> tuple[str, list[UserTurn]]:
    """The system prompt, and for each user turn its text, the turns before it and the answer to it.

    Raises:
        BadRow: no user turn, roles out of order, an empty turn.
    """
    begin = next((index for index, turn in enumerate(turns) if turn.speaker != "system"), len(turns))
    system = "\n\n".join(turn.text for turn in turns[:begin] if turn.text.strip())
    talk = turns[begin:]
    if not talk:
        raise BadRow("no turn of the user", empty=True)
    _check_order(talk, begin)
    found: list[UserTurn] = []
    for index in range(0, len(talk), 2):
        answer = talk[index + 1].text if index + 1 < len(talk) else ""
        found.append((talk[index].text, tuple(talk[:index]), answer if answer.strip() else None))
    return system, found
