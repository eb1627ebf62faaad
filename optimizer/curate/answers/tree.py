"""The tree of one task: its programs, what became of each, and the explanations and repairs of those that failed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ....agents.explainer import Explained
from ....agents.messages import Answered, Reply
from ...record.curating.self_repair import SelfRepairSettings
from ...scoring.programs import SeedTests, code_of
from .desk import Errand
from .pass_at_k import Program
from .unit_tests import error_in, ran_of, solution_program

__all__ = ["Branch", "Tree", "Twig", "explanation_in"]

_ANNOUNCED = re.compile(r"(?:(?<=[.!?。！？])|(?<=\n)|\A)[^.!?。！？\n]*[:：]\Z")
_NO_CODE = "there is no Python program in the answer"


@dataclass(frozen=True, slots=True)
class Twig:
    """A repair.

    Args:
        task: its task.
        explanation: what was said to be wrong.
        answer: as it was written; empty where nothing came.
        code: the mended program; empty where there is none.
        passed: None while that is not known.
    """

    task: str
    explanation: str
    answer: str
    code: str
    passed: bool | None

    @property
    def name(self) -> str:
        """What it is called in ids of rows."""
        return self.task.replace("/", "-")


@dataclass(frozen=True, slots=True)
class Branch:
    """A program.

    Args:
        name: its task.
        answer: as it was written; empty where nothing came.
        code: of it; empty where there is none.
        passed: None while that is not known.
        error: why it failed, in a line.
        explanations: by the name of their task; empty texts are those that could not be read.
        twigs: its repairs.
    """

    name: str
    answer: str
    code: str
    passed: bool | None
    error: str
    explanations: dict[str, str]
    twigs: tuple[Twig, ...]

    @property
    def can_be_mended(self) -> bool:
        """Whether there is a program, and it failed."""
        return self.passed is False and bool(self.code)

    def as_program(self, repairs: int) -> Program:
        """For the table: repairs that never came have failed."""
        passed = [bool(twig.passed) for twig in self.twigs]
        return Program(bool(self.passed), () if self.passed else (*passed, *[False] * (repairs - len(passed))))


@dataclass(frozen=True, slots=True)
class Tree:
    """All of a task."""

    branches: tuple[Branch, ...]

    @classmethod
    def of(cls, errand: Errand, tests: SeedTests, part: SelfRepairSettings) -> Tree:
        """What a journey holds so far."""
        return cls(tuple(
            _branch(errand, tests, number, part) for number in range(part.programs)
            if f"code/{number}" in errand.replies
        ))  # fmt: skip

    def solution(self) -> tuple[Branch, Twig | None] | None:
        """The first program that passes, or the first repair that does; None where none does."""
        whole = next((branch for branch in self.branches if branch.passed), None)
        if whole is not None:
            return whole, None
        return next(((branch, twig) for branch in self.branches for twig in branch.twigs if twig.passed), None)

    def records(self, task: str, seed_id: str) -> list[dict[str, Any]]:
        """Every repair as a record, for `trajectories.jsonl`."""
        return [
            {
                "id": f"{seed_id}.{twig.name}", "task": task, "program": branch.code, "error": branch.error,
                "explanation": twig.explanation, "repair": twig.code, "passed": bool(twig.passed),
            }
            for branch in self.branches for twig in branch.twigs
        ]  # fmt: skip


def _branch(errand: Errand, tests: SeedTests, number: int, part: SelfRepairSettings) -> Branch:
    name = f"code/{number}"
    answer, code, passed, error = _tested(errand, tests, name)
    told = {what: _text(errand.replies[what]) for at in range(part.feedbacks)
            if (what := f"{name}/why/{at}") in errand.replies}  # fmt: skip
    twigs: list[Twig] = []
    for why in told or {"": ""}:
        for at in range(part.repairs):
            place = f"{why or name}/mend/{at}"
            if place in errand.replies:
                said, mended, right, _ = _tested(errand, tests, place)
                twigs.append(Twig(place, told.get(why, "") or explanation_in(said), said, mended, right))
    return Branch(name, answer, code, passed, error, told, tuple(twigs))


def _tested(errand: Errand, tests: SeedTests, name: str) -> tuple[str, str, bool | None, str]:
    """The answer to a task, its program, whether it passed, and why not."""
    answer = _text(errand.replies[name])
    code = code_of(answer) or ""
    programs = solution_program(errand.seed.instruction.text, answer, tests)
    if not code or programs is None:
        return answer, "", False, _NO_CODE
    ran = ran_of(errand.replies.get(f"{name}/run"))
    if ran is None:
        return answer, code, None, ""
    return answer, code.strip("\n"), ran.ok, "" if ran.ok else error_in(ran.detail, *programs)


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, Answered | Explained) else ""


def explanation_in(answer: str) -> str:
    """The explanation in an answer that goes on with a program, without the sentence that only announces it."""
    text = answer.partition("```")[0].strip()
    return _ANNOUNCED.sub("", text).strip() if text.endswith((":", "：")) else text
