"""The dear checks: what each asks, in which order, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.messages import (
    Answered,
    Failed,
    Finding,
    Instruction,
    JudgeTask,
    ProgramTask,
    Ran,
    Reply,
    SolveTask,
    Task,
    Verdict,
)
from autoevol.optimizer.scoring.examine.agreed import Agreed
from autoevol.optimizer.scoring.examine.exam import Examiner, Item
from autoevol.optimizer.scoring.examine.judged import Judged
from autoevol.optimizer.scoring.examine.programmed import Programmed
from autoevol.optimizer.scoring.examine.solved import Band, Solved, usefulness
from autoevol.optimizer.scoring.pair import Pair
from autoevol.optimizer.scoring.programs import SeedTests

PAIR = Pair("What is 2 + 3?", "#### 5", "What is 2 + 3 less 1?", "It is 4. #### 4")
ITEM = Item("dev/c1/seed-1", "dev", "seed-1", Instruction(PAIR.instruction), Instruction(PAIR.evolved or ""), PAIR)
BAND = Band(0.25, 0.75)
YES = {"valid": True, "self_contained": True, "consistent": True, "intent_kept": True}


def ask(exam: Examiner, answer: Callable[[Task], Reply], item: Item = ITEM) -> tuple[list[Task], Item]:
    """Answer all that a check asks; its tasks, and the item in the end."""
    asked: list[Task] = []
    while tasks := exam.next_tasks(item):
        asked += tasks
        item = replace(
            item, replies={**item.replies, **{t.id.removeprefix(f"{item.place}/"): answer(t) for t in tasks}}
        )
        assert len(asked) < 50
    return asked, item


def say(*texts: str) -> Callable[[Task], Reply]:
    """Answers with these texts in turn."""
    given_texts = iter(texts)
    return lambda task: Answered(id=f"{task.id}/reply", parent=task.id, text=next(given_texts))


def fail(task: Task) -> Reply:
    """A call that gives nothing."""
    return Failed(id=f"{task.id}/reply", parent=task.id, reason="content_filter")


def judge(harder: str | None, **rubric: bool | None) -> Callable[[Task], Reply]:
    """A verdict that is the same whatever is asked."""
    return lambda task: Verdict(
        id=f"{task.id}/reply", parent=task.id, **{**YES, **rubric}, harder=harder, evidence="quoted"  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_judge_sees_both_orders_and_the_mean_counts() -> None:
    """A judge that always prefers the first place says nothing in sum."""

    def first_is_harder(task: Task) -> Reply:
        assert isinstance(task, JudgeTask)
        return judge("evolved" if task.swap else "original")(task)

    asked, item = ask(Judged(2, 0.0, 0), first_is_harder)

    assert [True, False] == sorted((task.swap for task in asked if isinstance(task, JudgeTask)), reverse=True)
    assert {"harder": 0.5} == dict(Judged(2, 0.0, 0).report(item).measures)


def test_what_the_judge_refuses_is_not_shown_again() -> None:
    """A refusal with its evidence is a finding; the other order is saved."""
    asked, item = ask(Judged(2, 1.0, 0), judge("evolved", consistent=False))

    assert ["dev/c1/seed-1/judge", "dev/c1/seed-1/judge/again"] == [task.id for task in asked]
    assert (Finding("judged-inconsistent", "quoted", "judge"),) == Judged(2, 1.0, 0).report(item).findings


def test_a_drawn_share_of_the_seeds_is_judged_again() -> None:
    """The same seeds for every contestant, in the same order as the first look, with another draw."""
    exam = Judged(1, 0.3, 7)
    again = set[str]()
    for label in ("incumbent", "c1"):
        for number in range(200):
            item = replace(ITEM, place=f"dev/{label}/seed-{number}", seed_id=f"seed-{number}")
            asked, _ = ask(exam, judge("same"), item)
            if len(asked) == 2:
                assert (0, 1) == (asked[0].sample, asked[1].sample)
                assert asked[0].swap == asked[1].swap  # type: ignore[attr-defined]
                again.add(f"{label} {number}")
    seeds = {name.split()[1] for name in again}
    assert 2 * len(seeds) == len(again)
    assert 40 < len(seeds) < 80


@pytest.mark.parametrize("reply", [fail, judge(None, valid=None, consistent=None)])
def test_a_judge_that_says_nothing_leaves_it_undecided(reply: Callable[[Task], Reply]) -> None:
    """It neither helps nor harms the item."""
    _, item = ask(Judged(2, 0.0, 0), reply)

    report = Judged(2, 0.0, 0).report(item)
    assert ((), {"harder": 0.5}) == (report.findings, dict(report.measures))


def test_answers_that_all_differ_are_a_finding() -> None:
    """Two of three that agree are enough; what cannot be compared says nothing."""
    exam = Agreed(3, 0.5)
    _, differ = ask(exam, say("#### 7", "#### 9"))
    _, agree = ask(exam, say("So it is 4.\n#### 4", "#### 9"))
    _, failed = ask(exam, fail)

    assert ["no-agreement"] == [finding.kind for finding in exam.report(differ).findings]
    assert () == exam.report(agree).findings
    assert pytest.approx(2 / 3) == exam.report(agree).measures["agreement"]
    assert ((), {}) == (exam.report(failed).findings, dict(exam.report(failed).measures))


def test_what_does_not_hang_on_an_answer_is_asked_at_once() -> None:
    """All further answers, all of the student's; of the judge what its first look leaves open."""
    seen = {"judge": judge("evolved")(JudgeTask(id="j", stage="dev", original=ITEM.original, evolved=ITEM.evolved,
                                                response=""))}  # fmt: skip

    assert [1, 2, 3, 4] == [task.sample for task in Agreed(5, 0.5).next_tasks(ITEM)]
    assert 8 == len(Solved(4, BAND).next_tasks(ITEM))
    assert 1 == len(Judged(2, 1.0, 0).next_tasks(ITEM))
    assert [0, 1] == [task.sample for task in Judged(2, 1.0, 0).next_tasks(replace(ITEM, replies=seen))]


def test_a_pass_rate_is_measured_before_and_after() -> None:
    """Against the responder's answer after, and the seed's own before."""
    exam = Solved(4, BAND)
    asked, item = ask(exam, say("#### 4", "#### 4", "#### 1", "#### 2", "#### 5", "#### 5", "#### 5", "#### 5"))

    assert 8 == len(asked)
    assert {0, 1, 2, 3} == {task.sample for task in asked}
    assert {"pass_after": 0.5, "pass_before": 1.0, "useful": 1.0} == dict(exam.report(item).measures)


def test_without_a_known_answer_only_after_is_measured() -> None:
    """The seed had none."""
    item = replace(ITEM, pair=replace(PAIR, response=None))
    asked, item = ask(Solved(2, BAND), say("#### 4", "#### 3"), item)

    assert 2 == len(asked)
    assert {"pass_after": 0.5, "useful": 1.0} == dict(Solved(2, BAND).report(item).measures)


def test_code_of_a_student_is_run_on_the_tests_of_the_seed() -> None:
    """An answer without code has failed; one that nothing could shut in says nothing."""
    tests = SeedTests("def check(f):\n    assert f(2) == 4\n", "double")
    item = replace(ITEM, tests=tests, original=Instruction("Write double(x)."))
    exam = Solved(3, BAND, ("before",))
    texts = iter(
        ["```python\ndef double(x):\n    return 2 * x\n```", "I cannot.", "```python\ndef double(x): ...\n```"]
    )

    def answer(task: Task) -> Reply:
        if isinstance(task, ProgramTask):
            return Ran(id="r", parent=task.id, ok="return 2" in task.program, detail="passed", skipped=False)
        assert isinstance(task, SolveTask)
        return Answered(id="a", parent=task.id, text=next(texts))

    asked, item = ask(exam, answer, item)

    assert 2 == sum(isinstance(task, ProgramTask) for task in asked)
    assert pytest.approx(1 / 3) == exam.rate(item, "before")


@given(st.none() | st.floats(0, 1), st.floats(0, 1))
def test_use_lies_between_0_and_1_and_is_whole_in_the_band(before: float | None, after: float) -> None:
    """Never solved and always solved are of no use."""
    found = usefulness(before, after, BAND)

    assert 0 <= found <= 1
    assert (BAND.low <= after <= BAND.high) == (found == 1)
    assert 0 == usefulness(None, 1.0, BAND) == usefulness(1.0, 0.0, BAND)


def test_only_answers_with_code_are_run() -> None:
    """A failed example is a finding with what was tested."""
    plain, _ = ask(Programmed(), fail)
    item = replace(
        ITEM, evolved=Instruction("Write f(x) that doubles x, so that f(2) == 4."),
        pair=replace(PAIR, evolved_response="```python\ndef f(x):\n    return x\n```"),
    )  # fmt: skip

    def ran(task: Task) -> Reply:
        return Ran(id="r", parent=task.id, ok=False, detail="AssertionError: f(2) == 4: it is 2")

    asked, item = ask(Programmed(), ran, item)
    skipped = replace(item, replies={"program": Ran(id="r", parent="p", ok=False, detail="not run", skipped=True)})

    assert [] == plain
    assert 1 == len(asked)
    assert ["code-fails"] == [finding.kind for finding in Programmed().report(item).findings]
    assert () == Programmed().report(skipped).findings
