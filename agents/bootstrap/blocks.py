"""How answers of Self-Instruct are read: numbered lists, tasks in blocks, and blocks of examples.

Tolerant of white space and full-width signs; what has not the form that was asked for is not there. Nothing is changed
in a text but white space: the official parser capitalises, which turns every other letter into a small one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from ..reading import one_line, several_lines
from .asking import Pair, Thought

__all__ = ["NO_INPUT", "has_input", "instances_in", "instances_of", "listed", "tasks_in", "tasks_of"]

NO_INPUT = frozenset({"", "<noinput>", "noinput", "none", "n/a", "na", "no input", "empty", "(empty)", "无", "没有"})
_LINES = re.IGNORECASE | re.MULTILINE
_NUMBER = re.compile(r"^[ \t]*[#*]*[ \t]*\(?(\d{1,3})\)?[.、．)：:](?!\d)[*]*[ \t]*", re.MULTILINE)
_EXAMPLE = re.compile(r"^[ \t*#]*(?:example|instance|示例|例子|例)[ \t]*\d+[ \t]*[:：.)]?[* \t]*$", _LINES)
_OUTPUT = re.compile(r"^[ \t*#]*(?:output|answer|输出|答案)[ \t]*[*]*[ \t]*[:：][*]*[ \t]*", _LINES)
_INPUT = re.compile(r"^[ \t*#]*(?:input|输入)[ \t]*[*]*[ \t]*[:：][*]*[ \t]*", _LINES)
_LABEL = re.compile(r"^[ \t*#]*(?:class[ \t]*label|label|类别|标签)[ \t]*[*]*[ \t]*[:：][*]*[ \t]*(.*)$", _LINES)
_PART = re.compile(r"^[ \t*#]*(instruction|task|input|output|指令|任务|输入|输出)[* \t]*[:：][*]*[ \t]*", _LINES)
_PARTS = {"instruction": "instruction", "task": "instruction", "指令": "instruction", "任务": "instruction",
          "input": "input", "输入": "input", "output": "output", "输出": "output"}  # fmt: skip


def has_input(text: str) -> bool:
    """Whether an input is more than a way to say that there is none."""
    return text.strip().strip("[].\"'").lower() not in NO_INPUT


def listed(text: str, first: int = 1) -> list[str]:
    """Items of a numbered list, each in one line.

    Args:
        text: the list; lines before the first number are left out.
        first: a number that the text goes on from, as a raw model does whose prompt ends with it; 1 for none.
    """
    if first > 1 and not _NUMBER.match(text):
        text = f"{first}. {text}"
    items = (one_line(item) for _, item in _after(_NUMBER, text))
    return [item for item in items if item]


def _after(marks: re.Pattern[str], text: str) -> list[tuple[re.Match[str], str]]:
    """Each mark in the text with what follows it, up to the next."""
    found = list(marks.finditer(text))
    ends = (*(mark.start() for mark in found[1:]), len(text))
    return [(mark, text[mark.end() : end]) for mark, end in zip(found, ends, strict=False)]


def tasks_in(text: str, first: int = 1) -> list[Thought]:
    """Tasks with instruction, input and output, set apart by `###` or by their numbers (Alpaca).

    A block that lacks an instruction or an output has no task.
    """
    blocks = re.split(r"^[ \t]*#{3,}[ \t]*$", text, flags=re.MULTILINE)
    if len(blocks) == 1:
        blocks = re.split(r"^[ \t]*\d{1,3}[.、)][ \t]*(?=(?:instruction|task|指令|任务))", text, flags=_LINES)
    found: list[Thought] = []
    for number, block in enumerate(blocks):
        own = block.lstrip()
        own = own[mark.end() :] if (mark := _NUMBER.match(own)) else own
        parts = _parts(f"Instruction: {own}" if number == 0 and first > 1 and not _PART.match(own) else own)
        if parts.get("instruction") and "output" in parts:
            given = several_lines(parts.get("input", ""))
            pair = Pair(given if has_input(given) else "", several_lines(parts["output"]))
            found.append(Thought(one_line(parts["instruction"]), pair))
    return [thought for thought in found if thought.instruction]


def _parts(block: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    name = ""
    for mark, text in _after(_PART, block):
        named = _PARTS[mark[1].lower()]
        if named in parts:  # a word of the text that only looks like a new part
            parts[name] += mark[0] + text
        else:
            name, parts[named] = named, text
    return {name: text.strip() for name, text in parts.items()}


def tasks_of(values: object) -> list[Thought]:
    """The same from JSON: objects with instruction, input and output; a bare text is an instruction alone."""
    found: list[Thought] = []
    for value in cast("list[object]", values) if isinstance(values, list) else []:
        if isinstance(value, str) and value.strip():
            found.append(Thought(one_line(value)))
        elif isinstance(value, dict):
            row = cast("dict[str, object]", value)
            instruction, output = row.get("instruction"), row.get("output")
            if isinstance(instruction, str) and instruction.strip() and isinstance(output, str):
                found.append(Thought(one_line(instruction), Pair(_given(row), several_lines(output))))
    return [thought for thought in found if thought.instruction]


def instances_in(text: str, *, labels_first: bool) -> list[Pair]:
    """Instances from blocks headed `Example 1`; a text without such heads is one block.

    Input first: what stands before `Output:` is the input, whatever its fields are called. Label first: what stands
    after the line of the label is the input, and the label is the output.
    """
    heads = _after(_EXAMPLE, text)
    # A raw model goes on after the head of the first, so that the text before any head is a block, too.
    blocks = [text[: heads[0][0].start()] if heads else text, *(block for _, block in heads)]
    found: list[Pair] = []
    for block in blocks:
        found += _labelled(block) if labels_first else _answered(block)
    return found


def _answered(block: str) -> Iterable[Pair]:
    """One instance of a block, input first."""
    mark = _OUTPUT.search(block)
    if mark is None:
        return ()
    given = _bare(block[: mark.start()])
    return (Pair(given if has_input(given) else "", several_lines(block[mark.end() :])),)


def _labelled(block: str) -> Iterable[Pair]:
    """Instances of a block, label first; several labels may share one head."""
    for mark, text in _after(_LABEL, block):
        given = _bare(text)
        yield Pair(given if has_input(given) else "", one_line(mark[1]))


def _bare(text: str) -> str:
    """An input without the word `Input:` before it, where that is its only field."""
    return several_lines(_INPUT.sub("", text.strip(), count=1) if _INPUT.match(text.strip()) else text)


def instances_of(values: object) -> list[Pair]:
    """The same from JSON: objects with an output and perhaps an input."""
    found: list[Pair] = []
    for value in cast("list[object]", values) if isinstance(values, list) else []:
        if isinstance(value, dict):
            row = cast("dict[str, object]", value)
            output = row.get("output")
            if isinstance(output, str | int | float):
                found.append(Pair(_given(row), several_lines(str(output))))
    return found


def _given(row: Mapping[str, object]) -> str:
    given = row.get("input")
    text = several_lines(given) if isinstance(given, str) else ""
    return text if has_input(text) else ""
