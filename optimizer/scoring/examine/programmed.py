"""Running the code of an answer as a check: does it do what its instruction says by examples?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ....agents.messages import ProgramTask, Ran, RoleName
from ..programs import code_finding, program_for
from .exam import Item, Report

__all__ = ["PLACE", "Programmed"]

PLACE = "program"


@dataclass(frozen=True, slots=True)
class Programmed:
    """Has the sandbox run the answer's code against the examples that the evolved instruction states."""

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return "code-fails"

    @property
    def price(self) -> Mapping[RoleName, float]:
        """It costs no call."""
        return {}

    def next_tasks(self, item: Item) -> Sequence[ProgramTask]:
        """The program, where the answer holds code."""
        program = None if PLACE in item.replies else program_for(item.evolved.text, item.response)
        return (ProgramTask(id=item.name(PLACE), stage=item.stage, program=program.text),) if program else ()

    def report(self, item: Item) -> Report:
        """A finding where the program failed. A program that could not be run says nothing."""
        ran = item.replies.get(PLACE)
        program = program_for(item.evolved.text, item.response) if isinstance(ran, Ran) else None
        if not isinstance(ran, Ran) or program is None or ran.skipped:
            return Report()
        finding = code_finding(program, ran.ok, ran.detail)
        return Report((finding,)) if finding else Report()
