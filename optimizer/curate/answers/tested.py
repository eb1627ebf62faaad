"""Questions, tests, solutions, and what runs: Code Llama's way to rows of code (arXiv 2308.12950, section 2.5).

    question ─► tests ─► tried on stubs ─► k solutions ─► each is run ─► the first that passes, where enough do

Tests come with the row, or the judge writes them. What a stub passes, too, says nothing: it is drawn anew, and in the
end the row is dropped for it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from ....agents.coder import CodeTask
from ....agents.messages import Answered, Failed, ProgramTask, Ran, Task
from ....agents.tester import TestsTask, TestsWritten
from ...dataset.rows import DataRow, DroppedRow, Provenance
from ...dataset.seed import Seed
from ...dataset.source import same_text
from ...recipes.book import Book, Made, cost_of, keys_of, models_of
from ...record.curating.tested_code import TestedCodeSettings
from ...record.run import Run
from ...scoring.programs import SeedTests, code_of
from ...scoring.selection import Drop
from .desk import Errand, calls_of, need_sandbox, work_through
from .unit_tests import error_in, first_of, read_tests, solution_program, stub_program, vacuous_by

__all__ = ["Bench", "question_sign", "tested_code", "tests_row"]

_CUT = 200  # characters of a reason


async def tested_code(run: Run, part: TestedCodeSettings, place: str, rows: Iterable[Seed]) -> Made:
    """Make tests and solutions for every row, and keep the first solution that passes. A response it had is not used.

    Raises:
        UsageError: this machine cannot shut a program in.
        SessionStopped: budget, key, quota or outage; rows finished by then are in the files.
    """
    await need_sandbox(run, place)
    with Book(run, place) as book:
        course = _Course(part, book)
        await work_through(run, place, course, book, rows)
        run.folder.write_json(f"{place}/tested-code.json", course.figures())
        book.lines += course.lines()
        return book.made


def tests_row(tests: SeedTests) -> dict[str, JsonValue]:
    """Tests as a row has them, from which a later part reads them."""
    return {"text": tests.tests, "entry_point": tests.entry_point, "prompt": tests.prompt}


@dataclass(frozen=True, slots=True)
class Bench:
    """What is known of a row so far.

    Args:
        tests: that can be used; None while, or where, there are none.
        given: whether the row brought them.
        sets: sets of tests that were tried, the last one included.
        faults: why sets were no use, in order.
        solutions: those drawn, each with its run where it came to one.
    """

    tests: SeedTests | None
    given: bool
    sets: int
    faults: tuple[Drop, ...]
    solutions: tuple[tuple[Answered | Failed, Ran | None], ...]

    @classmethod
    def of(cls, errand: Errand, part: TestedCodeSettings) -> Bench:
        """Read a journey."""
        given = errand.seed.tests if part.tests != "write" else None
        tests, faults, sets = None, list[Drop](), 0
        while tests is None and (given is not None or f"tests/{sets}" in errand.replies) and (sets == 0 or not given):
            found = given or _written(errand, sets)
            fault = found if isinstance(found, Drop) else _fault(found, errand, sets, part)
            sets += 1
            if fault is None and isinstance(found, SeedTests):
                tests = found
            elif fault is not None:
                faults.append(fault)
        solutions: list[tuple[Answered | Failed, Ran | None]] = []
        while isinstance(reply := errand.replies.get(f"code/{len(solutions)}"), Answered | Failed):
            ran = errand.replies.get(f"code/{len(solutions)}/run")
            solutions.append((reply, ran if isinstance(ran, Ran) else None))
        return cls(tests, given is not None, sets, tuple(faults), tuple(solutions))

    @property
    def passed(self) -> list[int]:
        """Places of the solutions that passed."""
        return [place for place, (_, ran) in enumerate(self.solutions) if ran is not None and ran.ok]


def _written(errand: Errand, number: int) -> SeedTests | Drop:
    reply = errand.replies[f"tests/{number}"]
    if not isinstance(reply, TestsWritten):
        return Drop("no-tests", reply.reason if isinstance(reply, Failed) else "")
    return read_tests(reply.text) or Drop("no-tests", reply.fault or "no assertion that calls a function")


def _fault(tests: SeedTests, errand: Errand, number: int, part: TestedCodeSettings) -> Drop | None:
    """Why tests are no use; None where they are, or where that is not known yet."""
    ran = errand.replies.get(f"stubs/{number}")
    if not part.stubs or not isinstance(ran, Ran) or ran.ok:
        return None if stub_program(tests) else Drop("no-tests", "it is not known what they call")
    stub = vacuous_by(ran.detail)
    if stub:
        return Drop("vacuous-tests", f"a program that only returns {stub} passes")
    return Drop("broken-tests", ran.detail.removeprefix("RuntimeError: broken: ").partition(" (line")[0][:_CUT])


class _Course:
    def __init__(self, part: TestedCodeSettings, book: Book) -> None:
        self._part = part
        self._book = book
        self._seen: dict[bytes, str] = {}
        self._counts: Counter[str] = Counter()

    # ------------------------------------------------------------ what is asked

    def begin(self, errand: Errand) -> Task | Drop:
        """Tests, or the trial of those that are there; a question that was asked before is not asked again."""
        twin = self._seen.setdefault(question_sign(errand.seed, given=self._part.tests != "write"), errand.seed.id)
        if twin != errand.seed.id:
            return Drop("duplicate-question", f"the same as {twin}")
        given = errand.seed.tests if self._part.tests != "write" else None
        if given is None and self._part.tests == "given":
            return Drop("no-tests", "the row brings none")
        if given is None:
            return self._tests(errand, 0)
        return self._stubs(errand, given, 0) or self._solution(errand, 0, given, given=True)

    def follow(self, errand: Errand) -> Sequence[Task]:
        """The trial of tests, other tests, solutions, their runs."""
        bench = Bench.of(errand, self._part)
        if bench.tests is None:
            again = not bench.given and bench.sets < self._part.tries
            return [self._tests(errand, bench.sets)] if again else []
        stubs = self._stubs(errand, bench.tests, bench.sets - 1)
        if stubs is not None and errand.lacks(f"stubs/{bench.sets - 1}"):
            return [stubs]
        runs = [task for number in range(len(bench.solutions)) if (task := _run(errand, bench, number)) is not None]
        return runs or self._solutions(errand, bench)

    def _tests(self, errand: Errand, number: int) -> TestsTask:
        return TestsTask(
            id=errand.id(f"tests/{number}"), stage=errand.stage, sample=number, instruction=errand.seed.instruction,
            count=self._part.assertions, temperature=self._part.temperature,
        )  # fmt: skip

    def _stubs(self, errand: Errand, tests: SeedTests, number: int) -> ProgramTask | None:
        asked = errand.seed.instruction.text
        program = stub_program(tests, asked=asked) if self._part.stubs else None
        return ProgramTask(id=errand.id(f"stubs/{number}"), stage=errand.stage, program=program) if program else None

    def _solutions(self, errand: Errand, bench: Bench) -> list[CodeTask]:
        """Those that are still to be drawn: all of them, or as many as are wanting."""
        assert bench.tests is not None  # noqa: S101  else there is nothing to solve for
        drawn, most = len(bench.solutions), self._part.solutions
        if self._part.until_enough:
            most = min(most, drawn + max(0, self._part.agree - len(bench.passed)))
        return [self._solution(errand, number, bench.tests, given=bench.given) for number in range(drawn, most)]

    def _solution(self, errand: Errand, number: int, tests: SeedTests, *, given: bool) -> CodeTask:
        show = "none" if given else self._part.show
        shown = {"first": first_of(tests), "all": tests.tests, "none": ""}[show]
        return CodeTask(
            id=errand.id(f"code/{number}"), stage=errand.stage, sample=number, instruction=errand.seed.instruction,
            tests=shown, temperature=self._part.temperature,
        )  # fmt: skip

    # ------------------------------------------------------------ what comes of it

    def finish(self, errand: Errand, drop: Drop | None) -> None:
        """Write the row with its solution, or why there is none."""
        bench = Bench.of(errand, self._part)
        calls, notes = calls_of(errand), _notes(errand, bench)
        drop = drop or self._drop(bench, notes.get("results"))
        self._count(bench, drop)
        if drop is not None:
            self._book.drop(DroppedRow(
                errand.seed.id, errand.stage, drop.reason, drop.detail, calls=keys_of(calls), cost=cost_of(calls),
                instruction=errand.seed.instruction.text, notes=notes,
            ))  # fmt: skip
            return
        answer = bench.solutions[bench.passed[0]][0]
        assert isinstance(answer, Answered)  # noqa: S101  it was run
        seed, asked = errand.seed, errand.seed.instruction
        came = Provenance(
            seed.id, seed.line, asked.text, calls=keys_of(calls), cost=cost_of(calls), models=models_of(calls),
            recipe="tested-code", parents=(seed.id,), notes={**notes, "solution": code_of(answer.text)},
        )  # fmt: skip
        self._book.keep(DataRow(seed.id, asked.text, answer.text.strip(), came, asked.system, asked.context))

    def _drop(self, bench: Bench, results: object) -> Drop | None:
        if bench.tests is None:
            return bench.faults[-1]
        passed, drawn = len(bench.passed), len(bench.solutions)
        if passed >= self._part.agree:
            return None
        if not passed:
            return Drop("no-solution-passes", f"none of {drawn}{_at_one(results, given=bench.given)}")
        return Drop("too-few-agree", f"{passed} of {drawn} pass, {self._part.agree} are wanted")

    # ------------------------------------------------------------ figures

    def _count(self, bench: Bench, drop: Drop | None) -> None:
        count = self._counts
        count["rows"] += 1
        count["kept"] += drop is None
        for fault in bench.faults:
            count[fault.reason] += 1
        count["sets"] += bench.sets
        if bench.tests is not None:
            count["tested"] += 1
            count["solutions"] += len(bench.solutions)
            count["passing"] += len(bench.passed)
            count["first_passes"] += bench.passed[:1] == [0]

    def figures(self) -> dict[str, JsonValue]:
        """What it came to, for `tested-code.json`. `pass_at_1` is over all solutions, and needs all to be drawn."""
        count, part = self._counts, self._part
        rate = count["passing"] / count["solutions"] if count["solutions"] and not part.until_enough else None
        return {
            "preset": part.preset, "questions": count["rows"], "kept": count["kept"],
            "sets_of_tests": count["sets"], "vacuous": count["vacuous-tests"], "broken": count["broken-tests"],
            "unreadable": count["no-tests"], "with_tests": count["tested"], "solutions": count["solutions"],
            "passing": count["passing"], "pass_at_1": rate, "first_solution_passes": count["first_passes"],
        }  # fmt: skip

    def lines(self) -> list[str]:
        """What there is to tell."""
        count, said = self._counts, self.figures()
        rate = "" if said["pass_at_1"] is None else f" (pass@1 {said['pass_at_1']:.3f})"
        return [
            f"Of {count['sets']:,} sets of tests {count['vacuous-tests']:,} are vacuous, {count['broken-tests']:,} do"
            f" not run, {count['no-tests']:,} cannot be read.",
            f"Of {count['solutions']:,} solutions {count['passing']:,} pass{rate}.",
        ]


def _at_one(results: object, *, given: bool) -> str:
    """Where several solutions fail alike, the test that a model wrote may be what is wrong."""
    told = cast("list[str]", results) if isinstance(results, list) else []
    alike = len(told) > 1 and len(set(told)) == 1 and told[0].startswith("AssertionError")
    return f"; all fail alike, so the test may be wrong: {told[0]}" if alike and not given else ""


def question_sign(seed: Seed, *, given: bool) -> bytes:
    """16 bytes for what is asked: system prompt, turns before it, text, and the tests that the row brings and uses.

    Case is left as it is: names of functions differ by it.
    """
    asked, tests = seed.instruction, seed.tests if given else None
    turns = [f"{turn.speaker} {turn.text}" for turn in asked.context]
    brought = [] if tests is None else [tests.tests, tests.entry_point, tests.prompt]
    said = "\x00".join([same_text(asked.system), *map(same_text, turns), same_text(asked.text), "", *brought])
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=16).digest()


def _run(errand: Errand, bench: Bench, number: int) -> ProgramTask | None:
    """The run of a solution that was not run yet; None where it was, or there is no program in it."""
    reply, ran = bench.solutions[number]
    if ran is not None or not isinstance(reply, Answered) or reply.fault or bench.tests is None:
        return None  # of an answer that was cut the beginning may pass, but it is no answer to be kept
    programs = solution_program(errand.seed.instruction.text, reply.text, bench.tests)
    if programs is None:
        return None
    return ProgramTask(id=errand.id(f"code/{number}/run"), stage=errand.stage, program=programs[0])


def _notes(errand: Errand, bench: Bench) -> dict[str, JsonValue]:
    notes: dict[str, JsonValue] = {}
    if bench.faults:
        notes["tests_refused"] = [{"reason": fault.reason, "detail": fault.detail} for fault in bench.faults]
    if bench.tests is None:
        return notes
    results = [_result(errand, bench, number) for number in range(len(bench.solutions))]
    return {
        **notes, "tests": tests_row(bench.tests), "tests_by": "row" if bench.given else "model",
        "solutions": len(bench.solutions), "passed": list(bench.passed), "results": list(results),
    }  # fmt: skip


def _result(errand: Errand, bench: Bench, number: int) -> str:
    """What became of a solution, in a line."""
    reply, ran = bench.solutions[number]
    if isinstance(reply, Failed):
        return reply.reason
    if reply.fault:
        return "cut at the bound of the responder's `max_tokens`"
    assert bench.tests is not None  # noqa: S101  solutions are drawn for tests
    programs = solution_program(errand.seed.instruction.text, reply.text, bench.tests)
    if ran is None or programs is None:
        return "there is no program in it"
    return "passed" if ran.ok else error_in(ran.detail, *programs)[:_CUT]
