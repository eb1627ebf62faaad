"""The published rules one by one, quirk by quirk: what decides, what is lost, which items a step looks at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.messages import Instruction
from autoevol.agents.method import Method
from autoevol.optimizer.dataset.report import ReadReport
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.dataset.split import Split
from autoevol.optimizer.search.evaluate import Contestant, Standing
from autoevol.optimizer.search.published import Forward, ObservedRate, batches_of, dev_slices, is_lost
from autoevol.optimizer.search.trajectory import Trajectory

SEEDS = [Seed(f"s{number}", number, Instruction(f"Add {number}.")) for number in range(60)]
SPLIT = Split(tuple(SEEDS[:30]), tuple(SEEDS[30:42]), tuple(SEEDS[42:]), 60, "", ReadReport())
PLAIN, TIES = ObservedRate(), ObservedRate(ties=True)
CODE = ObservedRate(length_ratio=True, ties=True, survivors=True)


def _item(seed: Seed, answer: str | None = "12345678", fault: str = "", response_fault: str = "") -> Trajectory:
    stages = (seed.instruction.text,) if fault else (seed.instruction.text, "Abcd")
    return Trajectory(seed, "", stages, answer, "", fault, response_fault, (), ())


def _standing(marks: str, *, answer: str = "12345678", name: str = "") -> Standing:
    """One item a letter: `+` passed, `-` failed, `x` lost to its evolver's call, `r` to its responder's."""
    method = Method((name or f"{marks} {answer}",))
    standing = Standing(Contestant(name or "c", method), {}, {})
    for mark, seed in zip(marks, SEEDS, strict=False):
        lost = {"x": _item(seed, None, "content_filter"), "r": _item(seed, None, "", "unanswerable")}
        standing.trajectories[seed.id] = lost.get(mark) or _item(seed, answer)
        standing.scores[seed.id] = float(mark == "+")
    return standing


def _accepted(rule: ObservedRate, *standings: Standing) -> int | None:
    return rule(0, standings, SEEDS[: len(standings[0].scores)], ()).accepted


@pytest.mark.parametrize(
    ("rule", "incumbent", "candidates", "accepted"),
    [
        (PLAIN, "++--", ["+++-", "++++", "++++"], 2),
        (PLAIN, "++--", ["--++", "+---"], None),
        (TIES, "++--", ["--++", "++--"], 1),
        (TIES, "++--", ["+---"], None),
        (PLAIN, "++++", ["+++-"], None),
        (ObservedRate(candidates_only=True), "++++", ["+---", "++--"], 2),
    ],
)
def test_the_lowest_observed_rate_wins(
    rule: ObservedRate, incumbent: str, candidates: list[str], accepted: int | None
) -> None:
    """One item decides. A tie keeps the incumbent unless ties are accepted, and of equals the earlier is taken."""
    standings = [_standing(incumbent), *(_standing(one, name=f"c{n}") for n, one in enumerate(candidates, 1))]

    assert accepted == _accepted(rule, *standings)


def test_longer_answers_win_at_the_same_success_and_pay_for_none_of_it() -> None:
    """The product decides, and neither figure may fall."""
    long, short = "x" * 20, "x" * 4
    rule = ObservedRate(length_ratio=True)

    assert 2 == _accepted(rule, _standing("++--"), _standing("++-+"), _standing("++--", answer=long))
    assert None is _accepted(rule, _standing("++--"), _standing("+---", answer=long))
    assert None is _accepted(rule, _standing("++--"), _standing("++++", answer=short[:1]))
    assert None is _accepted(PLAIN, _standing("++--"), _standing("++--", answer=long))
    assert (None, 1) == (
        _accepted(rule, _standing("++--"), _standing("--++", name="c1")),
        _accepted(ObservedRate(length_ratio=True, ties=True), _standing("++--"), _standing("--++", name="c1")),
    )


def test_survivors_alone_are_counted_where_the_code_counts_them() -> None:
    """Two of two is all, and without the quirk it is two of four; what is unreadable survived, and failed."""
    lossy, whole = _standing("++xr", name="c1"), _standing("+++-")

    assert 1 == _accepted(ObservedRate(survivors=True), whole, lossy)
    assert None is _accepted(PLAIN, whole, lossy)
    decision = CODE(0, [whole, lossy], SEEDS[:4], ())
    assert [(0.75, 4), (1.0, 2)] == [(row["success_rate"], row["survivors"]) for row in decision.figures]
    assert [2.0, 2.0] == [row["length_ratio"] for row in decision.figures]
    bad = [_item(SEEDS[0], None, fault) for fault in ("unreadable", "truncated", "empty")]
    lost = [_item(SEEDS[0], None, "unanswerable"), _item(SEEDS[0], None, "", "content_filter")]
    assert [False, False, False, True, True] == [is_lost(item) for item in (*bad, *lost)]


def test_where_nothing_survived_nothing_is_proved() -> None:
    """The code divides by zero there."""
    decision = CODE(0, [_standing("+-"), _standing("xx", name="c1")], SEEDS[:2], ())

    assert (None, 0.0, 0.0) == (decision.accepted, decision.figures[1]["success_rate"], decision.figures[1]["score"])


def test_the_old_method_again_is_no_change() -> None:
    """Where it comes first the incumbent stays, and those behind it are not asked, as in the code."""
    old, other = _standing("++--", name="old"), _standing("--++", name="c2")
    again = Standing(Contestant("c1", old.contestant.method), old.trajectories, old.scores)

    decision = TIES(0, [old, again, other], SEEDS[:4], ())

    assert (None, True) == (decision.accepted, "c1 was the first to be taken, and is the old method" in decision.reason)
    assert 1 == _accepted(TIES, old, other, again)


@given(st.lists(st.text("+-xr", min_size=5, max_size=5), min_size=2, max_size=6))
def test_the_plain_rule_never_takes_a_method_that_fails_as_often(marks: list[str]) -> None:
    """Whatever was observed."""
    standings = [_standing(each, name=f"c{number}") for number, each in enumerate(marks)]
    taken = _accepted(PLAIN, *standings)

    rates = [each.count("+") for each in marks]
    assert taken is None if max(rates[1:]) <= rates[0] else taken == rates.index(max(rates[1:]), 1)


def test_dev_slices_roll_stay_or_go_on_by_a_quarter() -> None:
    """By the code, the paper, and us; round the end they begin again."""

    def starts(forward: Forward, size: int = 5) -> list[list[int]]:
        of = dev_slices(7, size, forward, overlapping=False)
        return [[seed.line - 30 for seed in of(SPLIT, step)] for step in range(3)]

    assert [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 0, 1, 2]] == starts("slice")
    assert [[0, 1, 2, 3, 4]] * 3 == starts("none")
    assert [[0, 1, 2, 3, 4], [3, 4, 5, 6, 7], [6, 7, 8, 9, 10]] == starts("quarter")
    assert [12, 12] == [len(each) for each in starts("slice", 50)[:2]]


@given(st.integers(0, 99), st.integers(0, 20), st.integers(1, 60))
def test_no_pool_holds_a_seed_of_test(run_seed: int, step: int, size: int) -> None:
    """However dev and train are mixed; and nothing comes up twice in a slice."""
    dev = dev_slices(run_seed, size, "slice", overlapping=True)(SPLIT, step)
    batch = batches_of(run_seed, size, in_turn=True, overlapping=True)(SPLIT, step)

    for items in (dev, batch):
        assert min(size, 42) == len({seed.id for seed in items}) == len(items)
        assert max(seed.line for seed in items) < 42


def test_batches_are_drawn_anew_or_taken_in_turn() -> None:
    """In turn no seed comes up again before all did; of two pools the order is not the same."""
    turn = batches_of(7, 10, in_turn=True, overlapping=False)
    drawn = batches_of(7, 10, in_turn=False, overlapping=False)
    shared = batches_of(7, 21, in_turn=True, overlapping=True)

    assert {seed.id for seed in SPLIT.train} == {seed.id for step in range(3) for seed in turn(SPLIT, step)}
    assert 30 > len({seed.id for step in range(3) for seed in drawn(SPLIT, step)})
    assert {seed.id for seed in SEEDS[:42]} == {seed.id for step in range(2) for seed in shared(SPLIT, step)}
    assert list(shared(SPLIT, 0)) != list(dev_slices(7, 21, "slice", overlapping=True)(SPLIT, 0))


def test_nothing_to_take_from_is_nothing_taken() -> None:
    """A split may have no dev items."""
    empty = Split(SPLIT.train, (), (), 30, "", ReadReport())

    assert [] == list(dev_slices(0, 5, "slice", overlapping=False)(empty, 1))
    assert 5 == len(dev_slices(0, 5, "slice", overlapping=True)(empty, 1))
