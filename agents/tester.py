"""The judge as a tester: unit tests for a question, before anybody has answered it.

Code Llama (arXiv 2308.12950, section 2.5) has a model write the tests that ten solutions of its own must pass. Whether
tests are worth anything is not asked of a model: they are run against programs that do nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .agent import drawn
from .contract import whole
from .gateway.outcomes import Answer, NoAnswer
from .messages import Failed, Instruction, Reply, Task
from .reading import fault_of, inside, json_list, tidy
from .schemas import TEXT, list_of, schema
from .seated import Framed

__all__ = ["Tester", "TestsTask", "TestsWritten"]

_TAG, _FIELD = "tests", "tests"
_SCHEMA = schema(function=TEXT, tests=list_of(TEXT))


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsTask(Task):
    """To the judge: so many assertions that a right solution passes; `temperature` draws them."""

    __test__ = False  # no test of pytest's

    instruction: Instruction
    count: int
    temperature: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsWritten(Reply):
    """From the judge: lines of Python; empty where nothing could be read."""

    __test__ = False

    text: str
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True)
class Tester(Framed):
    """Writes tests."""

    __test__ = False

    async def __call__(self, task: TestsTask) -> TestsWritten | Failed:
        """The tests as they were written: what of them is Python is for others to say."""
        shown, language = whole(task.instruction), task.instruction.language
        tag = self.tag(_TAG, shown)
        form = self.form("make-answers-tests", language, tag=tag)
        turns = self.turns(
            "make-answers-tests", language, data=self.data("PROBLEM", shown), count=str(task.count), form=form
        )  # fmt: skip
        seat = replace(self.seat, decoding=drawn(self.seat.decoding, temperature=task.temperature))
        outcome = await self.put(task, turns, _SCHEMA, seat)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        text = self._read(outcome, tag)
        return TestsWritten(
            **self.head(task, outcome), text=text, fault=fault_of(outcome, readable=bool(text))
        )  # fmt: skip

    def _read(self, answer: Answer, tag: str) -> str:
        """Tests that were cut are still tests, but for the last line."""
        if self.output_form == "json":
            return "\n".join(line for line in json_list(answer.text, _FIELD) if isinstance(line, str))
        text = tidy(inside(answer.text, tag)) or ""
        return text.rpartition("\n")[0] if self.cut(answer, tag) else text
