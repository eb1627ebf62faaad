"""Which answer is kept: invariants of every choice, and what counts as the same answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.messages import Answered, Failed, Instruction, Ran, Reply
from autoevol.agents.preference import Preferred
from autoevol.agents.rewarder import Rewarded
from autoevol.optimizer.curate.answers.choosing import (
    Chosen,
    bout,
    by_agreement,
    by_reward,
    by_tests,
    by_the_judge,
    kind_of,
    lost_of,
)
from autoevol.optimizer.curate.answers.desk import Errand
from autoevol.optimizer.curate.answers.pairs import preference_pair
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.scoring.agreement import Agreement
from autoevol.optimizer.scoring.selection import Drop

MARKS = st.lists(st.one_of(st.none(), st.integers(1, 4).map(float)), min_size=1, max_size=6)


def _errand(text: str, **replies: Reply) -> Errand:
    named = {name.replace("_", "/"): reply for name, reply in replies.items()}
    return Errand(Seed("s", 1, Instruction(text)), "1-best-answer/s", "1-best-answer", named)


@settings(max_examples=50)
@given(MARKS)
def test_the_highest_reward_wins_and_the_first_of_equals(marks: list[float | None]) -> None:
    """Answers without a readable reward are not chosen; where none has one, nothing is."""
    texts = [str(place) for place in range(len(marks))]
    found = by_reward(texts, {n: Rewarded(id="r", value=mark) for n, mark in enumerate(marks)})
    known = [mark for mark in marks if mark is not None]

    assert isinstance(found, Chosen) == bool(known)
    assert not isinstance(found, Chosen) or (marks.index(max(known)), len(known)) == (found.place, len(found.rated))


@settings(max_examples=50)
@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_of_code_the_first_that_passes_is_kept(passed: list[bool]) -> None:
    """And the others that pass are its votes."""
    runs: dict[int, object] = {n: Ran(id="r", ok=ok, detail="") for n, ok in enumerate(passed)}
    found = by_tests(["code"] * len(passed), runs, "tests")

    assert isinstance(found, Chosen) == any(passed)
    assert not isinstance(found, Chosen) or (passed.index(True), sum(passed)) == (found.place, found.votes)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_a_majority_is_larger_than_any_other_group(sizes: list[int]) -> None:
    """Two of the same size are none."""
    sizes.sort(reverse=True)
    places = iter(range(100))
    groups = tuple(tuple(next(places) for _ in range(size)) for size in sizes)
    found = by_agreement(["x"] * sum(sizes), Agreement(groups, 0, (), comparable=True))
    tie = sizes[1:2] == sizes[:1]

    assert isinstance(found, Drop) == tie
    assert not isinstance(found, Chosen) or (sizes[0], groups[0][0]) == (found.votes, found.place)


@settings(max_examples=50)
@given(MARKS.filter(lambda marks: None not in marks), st.integers(0, 3))
def test_pairs_differ_by_the_margin_or_are_none(marks: list[float], margin: int) -> None:
    """The chosen answer is never in a pair with itself, and a tie makes none."""
    rated = {place: (mark, f"text {place}") for place, mark in enumerate(marks)}
    best = marks.index(max(marks))
    pair, why = preference_pair(Seed("s", 1, Instruction("?")), best, rated, "m", margin)
    gap = max(marks) - min(marks)

    assert ("too-few" if len(marks) < 2 else "tie" if not gap else "margin" if gap < margin else "") == why
    assert (pair is None) == bool(why)
    assert pair is None or gap == pair["chosen_reward"] - pair["rejected_reward"]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["The answer is \\boxed{\\frac{1}{2}}", "So it is 0.5.\n#### 0.5", "The answer is 2."], "agreement"),
        (["A horse ran home over the hills.\nIt was late.", "Rain fell on the roof.\nNobody came."], "text"),
        (["```python\ndef f(x):\n    return x\n```", "```python\ndef f(x):\n    return 2\n```"], "text"),
    ],
)
def test_the_kind_of_a_row_is_told_from_its_answers(texts: list[str], kind: str) -> None:
    """Mathematics is compared by value; code that nothing tests is a text."""
    found, groups = kind_of(_errand("What is it?"), texts)

    assert kind == found
    assert groups is None or (0, 1) == groups.groups[0]


@pytest.mark.parametrize(
    ("texts", "kind", "groups"),
    [
        ([None, "Therefore it is \\(\\boxed{216}\\).", None], "agreement", ((1,),)),
        (["#### 3", None, None, None, "#### 3.0"], "agreement", ((0, 4),)),
        ([None, "A horse ran home over the hills.\nIt was late.", None], "text", None),
    ],
)
def test_answers_that_were_cut_leave_the_others_comparable(
    texts: list[str | None], kind: str, groups: tuple[tuple[int, ...], ...] | None
) -> None:
    """Too few agree then, which is not the same as having no final answer: no judge may choose among them."""
    found, agreed = kind_of(_errand("What is it?"), texts)

    assert (kind, groups) == (found, None if agreed is None else agreed.groups)


def test_a_reason_says_how_many_answers_were_lost() -> None:
    """Cut ones name the setting that cut them."""
    lost: tuple[Reply, ...] = (
        Answered(id="a", text="It is", fault="truncated"), Failed(id="b", reason="refused"),
        Answered(id="c", text="It is 3.", fault=""),
    )  # fmt: skip
    errand = _errand("What is it?", answer_0=lost[0], answer_1=lost[1], answer_2=lost[2])

    assert "; 1 cut at the bound of the responder's `max_tokens`; 1 did not come" == lost_of(errand)
    assert not lost_of(_errand("What is it?", answer_0=lost[2]))


def test_examples_in_the_instruction_are_tests_of_code() -> None:
    """No row needs tests of its own for that."""
    texts = ["```python\ndef f(x):\n    return x\n```"]

    assert "examples" == kind_of(_errand("Write f.\n>>> f(1)\n2\n"), texts)[0]


@pytest.mark.parametrize(("picks", "best"), [(("new", "new"), 1), (("new", "old"), 0), (("new", None), 0)])
def test_a_judge_must_prefer_an_answer_in_both_orders(picks: tuple[str, str], best: int) -> None:
    """An abstention is no preference; the same text again is not asked about."""
    errand, texts = _errand("Why?"), ["one", "two", "one"]
    asked = by_the_judge(errand, texts)
    assert (0, 1) == asked
    replies = {
        task.id.removeprefix("1-best-answer/s/"): Preferred(id="p", pick=pick)  # type: ignore[arg-type]
        for task, pick in zip(bout(errand, texts, 0, 1), picks, strict=True)
    }
    replies |= {f"1-2/{order}": Preferred(id="p", pick="old") for order in ("first", "turned")}
    found = by_the_judge(Errand(errand.seed, errand.place, errand.stage, replies), texts)

    assert isinstance(found, Chosen)
    assert best == found.place
    assert {"new": {1: 1.0, 0: 0.0, 2: 0.0}, "old": {0: 1.0}, None: {0: 1.0}}[picks[1]] == found.rated
