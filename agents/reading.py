"""How answers are read: the last complete pair of tags, a JSON object in text, labelled lines, lists of clauses.

Tolerant of the frame (fences, white space, a preface), strict about the result: what is not there is None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, cast

from .gateway.outcomes import Answer

__all__ = ["between_tags", "clause_lines", "cut_off", "fault_of", "inside", "json_lines", "json_list", "json_object",
           "json_objects", "json_value", "labelled_blocks", "neat", "one_line", "opened_by", "several_lines", "tidy",
           "yes_or_no"]  # fmt: skip

_WORD = re.compile(r"\w")
_NUMBERED = re.compile(r"\s{0,3}(?:\(?\d{1,2}\s*[.):、．](?!\d)|[-*•]\s)\s*")
# Control characters (a terminal would obey them) and lone surrogates (no file takes them).
_UNWANTED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_YES_OR_NO = {"yes": True, "no": False, "是": True, "否": False}
_DECODER = json.JSONDecoder(strict=False)


def _pair(tag: str) -> re.Pattern[str]:
    opening, closing = rf"<\s*{re.escape(tag)}\s*>", rf"<\s*/\s*{re.escape(tag)}\s*>"
    return re.compile(rf"{opening}((?:(?!{opening}|{closing}).)*){closing}", re.DOTALL | re.IGNORECASE)


def between_tags(text: str, tag: str) -> str | None:
    """The trimmed text of the last complete pair of tags; None where there is none or it holds no word."""
    found = [match[1] for match in _pair(tag).finditer(text)]
    return tidy(found[-1]) if found else None


def opened_by(text: str, tag: str) -> str | None:
    """What follows the last opening tag, of an answer that was cut before its closing tag."""
    found = re.split(rf"<\s*{re.escape(tag)}\s*>", text, flags=re.IGNORECASE)
    return found[-1] if len(found) > 1 else None


def inside(text: str, tag: str) -> str:
    """What stands between the last complete pair of tags, else behind an opening tag; empty where there is none."""
    return between_tags(text, tag) or opened_by(text, tag) or ""


def cut_off(answer: Answer, tag: str) -> bool:
    """Whether the token limit cut the answer before its result was complete.

    A pair that was closed before the cut is complete, unless another was opened after it: then the model was about
    to replace it.
    """
    if answer.finish != "length":
        return False
    pairs = list(_pair(tag).finditer(answer.text))
    rest = answer.text[pairs[-1].end() :] if pairs else answer.text
    return not pairs or re.search(rf"<\s*{re.escape(tag)}\s*>", rest, re.IGNORECASE) is not None


def fault_of(answer: Answer, *, readable: bool) -> Literal["", "unreadable", "truncated"]:
    """How a reply names an answer whose result could not be read."""
    if readable:
        return ""
    return "truncated" if answer.finish == "length" else "unreadable"


def tidy(text: str) -> str | None:
    """The trimmed text; None where it holds no letter or digit, or what UTF-8 cannot write."""
    text = text.replace("\x00", "").strip()
    if _WORD.search(text) is None or any("\ud800" <= char <= "\udfff" for char in text):
        return None
    return text


def json_object(text: str, field: str) -> Mapping[str, object] | None:
    """The last JSON object in a text that has the field; fences and words around it are passed over."""
    found = json_objects(text, field)
    return found[-1] if found else None


def json_objects(text: str, field: str) -> list[Mapping[str, object]]:
    """The outermost complete JSON objects in a text that have the field."""
    objects = (cast("dict[str, object]", value) for value in _json_values(text) if isinstance(value, dict))
    return [value for value in objects if field in value]


def json_value(text: str, field: str) -> object:
    """That field of the last JSON object that has it; None where none has."""
    return (json_object(text, field) or {}).get(field)


def json_list(text: str, field: str) -> list[object]:
    """The list in that field; empty where there is none."""
    value = json_value(text, field)
    return cast("list[object]", value) if isinstance(value, list) else []


def json_lines(rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as a model is shown them, one JSON object a line: inside its strings no text can pose as another field."""
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def _json_values(text: str) -> Iterator[object]:
    at = text.find("{")
    while at >= 0:
        try:
            # Models write real line breaks inside strings: strict=False takes them.
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError:
            end = at + 1
        except RecursionError:
            return
        else:
            yield value
        at = text.find("{", end)


def labelled_blocks(text: str, labels: Mapping[str, str], first: str) -> list[dict[str, str]]:
    """Blocks of `label: value` lines.

    Args:
        text: the lines; bullets, numbers, stars and white space before a label are passed over.
        labels: label as written, in lower case → name in the result.
        first: the name that begins a block; a name that comes twice in a block begins one too.

    Returns:
        One mapping of name → value a block. A line without a label goes on with the value before it.
    """
    words = "|".join(re.escape(label) for label in labels)
    line_form = re.compile(rf"[\s\-*•#>\d.)]*({words})[\s*]*[:：][\s*]*(.*)", re.IGNORECASE)
    blocks: list[dict[str, str]] = []
    last = ""
    for line in text.splitlines():
        match = line_form.fullmatch(line.rstrip())
        if match is not None:
            last = labels[match[1].lower()]
            if not blocks or last == first or last in blocks[-1]:
                blocks.append({})
            blocks[-1][last] = match[2].strip()
        elif last and line.strip():
            blocks[-1][last] = f"{blocks[-1][last]} {line.strip()}".strip()
    return blocks


def yes_or_no(text: str) -> bool | None:
    """A field that is only this word, however it is set; None for any other."""
    return _YES_OR_NO.get(text.strip(" \t[].。*\"'").casefold())


def clause_lines(text: str) -> tuple[str, ...]:
    """The clauses of a written list: numbered or bulleted lines, each with the unmarked lines that follow it.

    Where no line is marked, every line is a clause. Headings and rules of dashes are left out.
    """
    lines = [line for line in text.splitlines() if _WORD.search(line) and not line.lstrip().startswith(("#", "```"))]
    marked = any(_NUMBERED.match(line) for line in lines)
    clauses: list[str] = []
    for line in lines:
        match = _NUMBERED.match(line)
        if match is not None:
            clauses.append(line[match.end() :])
        elif marked and clauses:
            clauses[-1] += f" {line}"
        elif not marked:
            clauses.append(line)
    return neat(clauses)


def neat(clauses: Sequence[str]) -> tuple[str, ...]:
    """Clauses as they are kept: one line each, nothing around, no empty ones."""
    return tuple(clause for clause in map(one_line, clauses) if _WORD.search(clause))


def one_line(text: str) -> str:
    """White space in single spaces, without control characters."""
    return " ".join(_UNWANTED.sub("", text).split())


def several_lines(text: str) -> str:
    """A text of several lines as it is kept: no control characters, no white space at ends, one empty line at most."""
    plain = re.sub(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text)
    lines = (_UNWANTED.sub("", line).rstrip() for line in plain.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
