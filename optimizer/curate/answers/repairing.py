"""Self-Repair (arXiv 2306.09896, section 3): programs, their errors, explanations, repairs; each a row if it is right.

task with tests ─► n_p programs ─► run ─► those that fail ─► n_f explanations ─► n_r repairs each ─► run
                                                        └──► n_fr repairs, each behind its own explanation
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from pydantic import JsonValue

from ....agents.coder import CodeTask, RepairTask
from ....agents.contract import whole
from ....agents.explainer import ExplainTask
from ....agents.messages import ProgramTask, Task
from ....prompts import Prompts, check_all, shipped
from ...dataset.draws import generator
from ...dataset.rows import DataRow, DroppedRow, Provenance
from ...dataset.seed import Seed
from ...recipes.book import Book, Made, cost_of, keys_of, models_of
from ...record.curating.self_repair import SelfRepairSettings
from ...record.folder import RowsFile
from ...record.run import Run
from ...scoring.programs import SeedTests
from ...scoring.selection import Drop
from .desk import Errand, calls_of, need_sandbox, work_through
from .pass_at_k import Cell, Program, baseline, table
from .tested import tests_row
from .tree import Branch, Tree, Twig
from .unit_tests import solution_program

__all__ = ["self_repair"]

_RECIPE = "self-repair"


async def self_repair(run: Run, part: SelfRepairSettings, place: str, rows: Iterable[Seed]) -> Made:
    """Have programs written for every task, those that fail mended, and both kept where they pass.

    Raises:
        UsageError: this machine cannot shut a program in.
        SessionStopped: budget, key, quota or outage; rows finished by then are in the files.
    """
    await need_sandbox(run, place)
    prompts = check_all(Path(run.settings.prompts)) if run.settings.prompts else shipped()
    with ExitStack() as stack:
        book = stack.enter_context(Book(run, place))
        trajectories = stack.enter_context(run.folder.rows(f"{place}/trajectories.jsonl"))
        course = _Course(part, prompts, book, trajectories)
        await work_through(run, place, course, book, rows)
        chance = generator(run.settings.run_seed, f"{place}/pass-at-k")
        sizes = (
            tuple(n for n in part.programs_table if n <= part.programs),
            tuple(n for n in part.repairs_table if n <= part.mended),
        )
        cells = table(course.trees, sizes, part.draws, chance, replacement=part.replacement)
        run.folder.write_json(f"{place}/{_RECIPE}.json", _figures(part, course, cells))
        book.lines += _lines(course, cells)
        return book.made


class _Course:
    """The way of every task.

    Attributes:
        trees: whether each program and each repair passed, for the table.
    """

    def __init__(self, part: SelfRepairSettings, prompts: Prompts, book: Book, trajectories: RowsFile) -> None:
        self.trees: list[tuple[Program, ...]] = []
        self.counts: Counter[str] = Counter()
        self._part = part
        self._prompts = prompts
        self._book = book
        self._trajectories = trajectories

    # ------------------------------------------------------------ what is asked

    def begin(self, errand: Errand) -> Task | Drop:
        """The first program; a row without tests is none."""
        if errand.seed.tests is None:
            return Drop("no-tests", "a program for it could not be tested")
        return self._program(errand, 0)

    def follow(self, errand: Errand) -> Sequence[Task]:
        """The other programs; runs; explanations; repairs; their runs."""
        tests, part = errand.seed.tests, self._part
        assert tests is not None  # noqa: S101  else nothing was begun
        programs = [self._program(errand, at) for at in range(part.programs) if errand.lacks(f"code/{at}")]
        tree = Tree.of(errand, tests, part)
        names = [branch.name for branch in tree.branches if branch.passed is None]
        runs = self._runs(errand, tests, names)
        if programs or runs:
            return [*programs, *runs]
        broken = [branch for branch in tree.branches if branch.can_be_mended]
        asked = [task for branch in broken for task in self._mending(errand, branch)]
        names = [task for branch in broken for task in _unrun(branch)]
        return asked or self._runs(errand, tests, names)

    def _program(self, errand: Errand, number: int) -> CodeTask:
        return CodeTask(
            id=errand.id(f"code/{number}"), stage=errand.stage, sample=number, instruction=errand.seed.instruction,
            temperature=self._part.temperature,
        )  # fmt: skip

    def _runs(self, errand: Errand, tests: SeedTests, names: Sequence[str]) -> list[Task]:
        tasks: list[Task] = []
        for name in names:
            reply = errand.replies[name]
            programs = solution_program(errand.seed.instruction.text, getattr(reply, "text", ""), tests)
            if programs is not None:
                tasks.append(ProgramTask(id=errand.id(f"{name}/run"), stage=errand.stage, program=programs[0]))
        return tasks

    def _mending(self, errand: Errand, branch: Branch) -> Iterator[Task]:
        """Explanations of a program that failed, or its repairs."""
        instruction, heat = errand.seed.instruction, self._part.temperature
        whys = [f"{branch.name}/why/{at}" for at in range(self._part.feedbacks)]
        first = [what for what in whys if errand.lacks(what)]
        for what in first:
            yield ExplainTask(
                id=errand.id(what), stage=errand.stage, sample=int(what.rpartition("/")[2]), instruction=instruction,
                program=branch.code, error=branch.error, temperature=heat,
            )  # fmt: skip
        for why in [] if first else [why for why in whys if branch.explanations.get(why)] if whys else [branch.name]:
            for at in range(self._part.repairs):
                if errand.lacks(f"{why}/mend/{at}"):
                    yield RepairTask(
                        id=errand.id(f"{why}/mend/{at}"), stage=errand.stage, sample=at, instruction=instruction,
                        program=branch.code, error=branch.error, explanation=branch.explanations.get(why, ""),
                        temperature=heat,
                    )  # fmt: skip

    # ------------------------------------------------------------ what comes of it

    def finish(self, errand: Errand, drop: Drop | None) -> None:
        """Write the solution of a task, and its repairs."""
        seed, tests = errand.seed, errand.seed.tests
        if drop is not None or tests is None:
            why = drop or Drop("no-tests")
            self._book.drop(DroppedRow(seed.id, errand.stage, why.reason, why.detail))
            return
        tree = Tree.of(errand, tests, self._part)
        self.trees.append(tuple(branch.as_program(self._part.mended) for branch in tree.branches))
        self._count(tree)
        for record in tree.records(whole(seed.instruction), seed.id):
            self._trajectories.write(record)
        self._solution(errand, tree, tests)
        if self._part.rows != "solutions":
            for branch in tree.branches:
                self._repairs(errand, branch)

    def _solution(self, errand: Errand, tree: Tree, tests: SeedTests) -> None:
        """What becomes of the row of the task itself. All calls are booked on it."""
        found, calls, seed = tree.solution(), calls_of(errand), errand.seed
        notes: dict[str, JsonValue] = {
            "tests": tests_row(tests), "programs": len(tree.branches),
            "passed": sum(bool(branch.passed) for branch in tree.branches),
            "errors": [branch.error for branch in tree.branches if branch.error],
        }  # fmt: skip
        if found is None or self._part.rows == "repairs":
            reason = "not-solved" if found is None else "not-wanted"
            detail = f"none of {len(tree.branches)} programs and their repairs passes" if found is None else "it passes"
            self._book.drop(DroppedRow(
                seed.id, errand.stage, reason, detail, calls=keys_of(calls), cost=cost_of(calls), notes=notes,
            ))  # fmt: skip
            return
        branch, twig = found
        notes |= {"solved_by": "repair" if twig else "program", "solution": twig.code if twig else branch.code}
        came = Provenance(
            seed.id, seed.line, seed.instruction.text, calls=keys_of(calls), cost=cost_of(calls),
            models=models_of(calls), recipe=_RECIPE, parents=(seed.id,), notes=notes,
        )  # fmt: skip
        text = f"```python\n{twig.code}\n```" if twig else branch.answer.strip()
        asked = seed.instruction
        self._book.keep(DataRow(seed.id, asked.text, text, came, asked.system, asked.context))

    def _repairs(self, errand: Errand, branch: Branch) -> None:
        """Rows of the repairs of one program: the first that pass, and why the others are none."""
        kept: set[str] = set()
        for twig in branch.twigs:
            name = f"{errand.seed.id}.{twig.name}"
            notes: dict[str, JsonValue] = {
                "program": branch.code, "error": branch.error, "explanation": twig.explanation,
                "repair": twig.code, "passed": bool(twig.passed),
            }  # fmt: skip
            reason = ""
            if not twig.passed:
                reason = "repair-fails"
            elif twig.code in kept:
                reason = "same-repair"
            elif len(kept) == self._part.per_program:
                reason = "enough-repairs"
            if reason:
                self._book.drop(DroppedRow(name, errand.stage, reason, notes=notes))
                continue
            kept.add(twig.code)
            self._book.keep(self._row(errand.seed, name, branch, twig, notes))

    def _row(self, seed: Seed, name: str, branch: Branch, twig: Twig, notes: dict[str, JsonValue]) -> DataRow:
        asked = seed.instruction
        text = self._prompts.get("make-answers-row", asked.language).fill(
            task=asked.text, program=branch.code, error=branch.error
        )  # fmt: skip
        explained = f"{twig.explanation}\n\n" if twig.explanation else ""
        came = Provenance(seed.id, seed.line, asked.text, recipe=_RECIPE, parents=(seed.id,), cost=0.0, notes=notes)
        return DataRow(name, text, f"{explained}```python\n{twig.code}\n```", came, asked.system, asked.context)

    def _count(self, tree: Tree) -> None:
        count = self.counts
        count["tasks"] += 1
        count["programs"] += len(tree.branches)
        count["passing"] += sum(bool(branch.passed) for branch in tree.branches)
        count["repairs"] += sum(len(branch.twigs) for branch in tree.branches)
        count["mended"] += sum(bool(twig.passed) for branch in tree.branches for twig in branch.twigs)
        count["solved"] += any(branch.passed for branch in tree.branches)
        count["solved_with_repairs"] += tree.solution() is not None


def _unrun(branch: Branch) -> list[str]:
    """Tasks of the repairs that were not run yet."""
    return [twig.task for twig in branch.twigs if twig.passed is None]


def _figures(part: SelfRepairSettings, course: _Course, cells: Sequence[Cell]) -> dict[str, JsonValue]:
    """For `self-repair.json`: counts, pass@k without repair, and the table."""
    without = {str(k): baseline(course.trees, k) for k in range(1, part.programs + 1)}
    return {
        "preset": part.preset, **dict(course.counts), "n_p": part.programs, "n_fr": part.mended,
        "joint": not part.feedbacks, "draws": part.draws, "replacement": part.replacement,
        "pass_at_k_without_repair": dict(without), "table": [cell.as_row() for cell in cells],
    }  # fmt: skip


def _lines(course: _Course, cells: Sequence[Cell]) -> list[str]:
    """What there is to tell: counts, and the table, a line for each n_p."""
    count = course.counts
    if not count["tasks"]:
        return ["No task had tests."]
    lines = [
        f"Of {count['programs']:,} programs for {count['tasks']:,} tasks {count['passing']:,} pass; of"
        f" {count['repairs']:,} repairs {count['mended']:,} do. Solved: {count['solved']:,} without, "
        f"{count['solved_with_repairs']:,} with repairs.",
        "Pass rates by n_p programs and n_fr repairs of each, k = n_p (1 + n_fr) (in brackets: k programs, no repair):",
    ]
    for programs in dict.fromkeys(cell.programs for cell in cells):
        told = [_told(cell) for cell in cells if cell.programs == programs]
        lines.append(f"  n_p={programs}: {', '.join(told)}")
    return lines


def _told(cell: Cell) -> str:
    beside = "" if cell.baseline is None else f" ({cell.baseline:.3f})"
    return f"n_fr={cell.repairs} k={cell.k} {cell.rate:.3f} ± {cell.spread:.3f}{beside}"
