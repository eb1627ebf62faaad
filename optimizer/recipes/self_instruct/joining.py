"""An instruction and its input as one text: plainly, or in one of several forms as Self-Instruct trains on."""

from __future__ import annotations

import random
import re
from typing import Literal

__all__ = ["joined"]

_WITH_INPUT = (
    "{task}\n\n{given}",
    "{task}\n\nInput: {given}",
    "{task}\n{given}",
    "Task: {task}\n\n{given}",
    "Task: {task}\nInput: {given}\nOutput:",
    "{task}\n\n{given}\n\nOutput:",
    "{given}\n\n{task}",
)
_ALONE = (
    "{task}",
    "{task}\n\nOutput:",
    "{task}\nOutput:",
    "Task: {task}",
    "Task: {task}\n\nAnswer:",
    "Task: {task}\nOutput:",
)
_FIELD = re.compile(r"\A[^\W\d_][\w ]{0,30}:[ \t\n]*(?=\S)")


def joined(task: str, given: str, layout: Literal["plain", "varied"], draw: random.Random) -> str:
    """One text to be answered.

    Args:
        task: the instruction.
        given: its input; empty for none.
        layout: `plain` is the instruction, an empty line and the input. `varied` draws one of seven forms (six without
            an input), and half of the time takes the only field name before an input off and closes its empty lines.
        draw: what they are drawn with.
    """
    if layout == "plain":
        return f"{task}\n\n{given}" if given else task
    if given and draw.random() < 0.5:
        if len(re.findall(r"^[^\W\d_][\w ]{0,30}:", given, re.MULTILINE)) == 1:
            given = _FIELD.sub("", given)
        given = given.replace("\n\n", "\n")
    form = draw.choice(_WITH_INPUT if given else _ALONE)
    # Plain replacement in one go: what is put in is not looked at again.
    return "".join(
        {"{task}": task, "{given}": given}.get(part, part) for part in re.split(r"(\{task\}|\{given\})", form)
    )
