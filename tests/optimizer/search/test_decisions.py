"""Decisions from standings: the level of a step, the record, the way back, the slices, and when to stop."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.messages import Instruction
from autoevol.agents.method import Method
from autoevol.optimizer.dataset.report import ReadReport
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.dataset.split import Split
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.search.archive import look_back, never_back, retire
from autoevol.optimizer.search.decision import BACK_SHARE, Decision, Evidence, PairedEvidence, replay
from autoevol.optimizer.search.evaluate import Contestant, Standing
from autoevol.optimizer.search.referee import Rules
from autoevol.optimizer.search.stopping import AfterSteps, BelowRegret, WithoutChange
from autoevol.optimizer.search.strategies import strategies_of

EVIDENCE = Evidence(Rules((16, 48)), 0.05, 4, 30)
DEV = tuple(Seed(f"seed-{n:06d}", n, Instruction(f"item {n}")) for n in range(200))


def _standing(label: str, scores: Sequence[float]) -> Standing:
    by_seed = {seed.id: score for seed, score in zip(DEV, scores, strict=False)}
    return Standing(Contestant(label, Method((label,), name=label)), {}, by_seed)


def _decide(*scores: Sequence[float], past: Sequence[Decision] = (), evidence: Evidence = EVIDENCE) -> Decision:
    standings = [_standing("incumbent" if not n else f"c{n}", each) for n, each in enumerate(scores)]
    return PairedEvidence(evidence)(len(past), standings, DEV[: len(scores[0])], past)


def _kept(used: float = 0.01, plausible: float | None = 0.1) -> Decision:
    return Decision(None, "", (), used=used, plausible=plausible)


def test_an_acceptance_says_on_what_by_how_much_and_how_surely() -> None:
    """The interval is the one that decides: its lower end is above the margin, at the level that is granted."""
    better = [0.5, 1.0] * 100

    decision = _decide([0.5] * 200, better, [0.25] * 200)

    assert (1, 0.25, False, "race") == (decision.accepted, decision.difference, decision.undecidable, decision.kind)
    assert 0 < (decision.low or 0) < 0.25 < (decision.high or 0)
    assert (decision.chance or 1) < (1 - (decision.confidence or 0)) / 2 <= decision.granted == decision.used
    for words in (
        "c1 is better by 0.250",
        "97.8 % interval +0.2",
        f"on {decision.n} items that had no part",
        "chance of error",
    ):
        assert words in decision.reason
    assert {"n", "difference", "low", "high", "chance", "granted", "calls", "usd", "kind"} <= decision.as_row().keys()
    assert json.loads(json.dumps(decision.as_row(), allow_nan=False))


def test_a_race_that_nobody_can_win_uses_no_level() -> None:
    """Nobody was tested, so no error was risked."""
    decision = _decide([0.9] * 200, [0.1] * 200, [0.2] * 200)

    assert (None, 0.0) == (decision.accepted, decision.used)
    assert "no candidate can still win" in decision.reason
    assert {"cannot win"} == {row["left"] for row in decision.figures[1:]}


def test_a_tested_leader_that_proves_nothing_uses_the_level() -> None:
    """Of the whole step, wherever the test ended."""
    rng = random.Random(3)
    old = [rng.random() for _ in range(200)]
    decision = _decide(old, [min(1.0, max(0.0, score + rng.gauss(0.03, 0.3))) for score in old])

    assert (None, decision.granted) == (decision.accepted, decision.used)
    assert "Kept the incumbent: c1 led and" in decision.reason


def test_too_few_items_decide_nothing_however_good_it_looks() -> None:
    """The figures are told all the same."""
    decision = _decide([0.0] * 29, [1.0] * 29)

    assert (None, True, 0.0) == (decision.accepted, decision.undecidable, decision.used)
    assert "29 dev items are too few to decide (at least 30)" in decision.reason
    assert pytest.approx(1.0) == decision.figures[1]["difference"]


def test_scores_that_are_not_there_are_not_decided_on() -> None:
    """A race is told whole heats."""
    with pytest.raises(ValueError, match="before it was run"):
        PairedEvidence(EVIDENCE)(0, [_standing("incumbent", [0.5] * 50), _standing("c1", [1.0, 0.2] * 25)], DEV, ())
    referee = replay(EVIDENCE.referee(1, 200, 0.01), [_standing("i", [0.5] * 20), _standing("c1", [0.6] * 20)], DEV)
    assert 16 == (referee.heat.start if referee.heat else 0)


def test_the_level_is_shared_by_the_steps_and_comes_back_with_an_acceptance() -> None:
    """What a step without one used is gone; the next steps share the rest."""
    whole = 0.05 * (1 - BACK_SHARE)

    assert pytest.approx(whole / 4) == EVIDENCE.level(())
    assert pytest.approx(whole / 3) == EVIDENCE.level([_kept(used=0.0)])
    assert pytest.approx((whole - 0.01) / 3) == EVIDENCE.level([_kept(used=0.01)])
    assert pytest.approx(whole / 3) == EVIDENCE.level([replace(_kept(used=0.01), accepted=1)])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=0, max_size=12))
def test_steps_that_keep_the_incumbent_never_use_more_than_the_run_has(steps: list[tuple[bool, bool]]) -> None:
    """Whatever the course; beyond the last step next to nothing is granted."""
    past: list[Decision] = []
    for tested, accepted in steps:
        level = EVIDENCE.level(past)
        assert level > 0
        past.append(Decision(1 if accepted else None, "", (), used=level if tested else 0.0))

    used = sum(decision.used for decision in past if decision.accepted is None)
    assert used <= 0.05 * (1 - BACK_SHARE) + 1e-6


# ---------------------------------------------------------------- the way back


def test_an_earlier_method_that_is_better_after_all_comes_back() -> None:
    """On all items that both have met, by a bound above the margin; a decision of its own kind."""
    start, other = _standing("start", [0.8] * 150), _standing("other", [0.1] * 150)

    back = look_back(EVIDENCE, _standing("incumbent", [0.5] * 120), [other, start])

    assert back is not None
    assert (1, "roll-back", 120) == (back.accepted, back.kind, back.n)
    assert (back.low or 0) > 0
    assert "Went back to start: on 120 items that both have met it is better by 0.300" in back.reason


@pytest.mark.parametrize("earlier", [[0.5] * 150, [0.4] * 150, [0.9] * 29, [0.5] * 110 + [0.9] * 10])
def test_without_evidence_there_is_no_way_back(earlier: list[float]) -> None:
    """The same, worse, better on too few items, or by too little."""
    assert None is look_back(EVIDENCE, _standing("incumbent", [0.5] * 120), [_standing("start", earlier)])
    assert None is look_back(EVIDENCE, _standing("incumbent", [0.5] * 120), [])
    assert None is never_back(_standing("incumbent", [0.5] * 120), [_standing("start", [0.9] * 150)])


def test_a_method_is_in_the_archive_once() -> None:
    """With what it showed last."""
    one, two = _standing("one", [0.5]), _standing("two", [0.5])
    again = replace(one, scores={**one.scores, "more": 1.0})

    assert ["two", "one"] == [each.contestant.label for each in retire(retire([one], two), again)]
    assert 2 == len(retire([one, two], again)[-1].scores)


# ---------------------------------------------------------------- slices and stops


def test_slices_of_dev_move_on_by_a_quarter_of_the_pool() -> None:
    """So four steps in a row choose their leaders on other items, and all items are met."""
    said = {"model": "m", "endpoints": {"default": {"base_url": "u"}}, "search": {"dev": 100, "dev_pool": 160}}
    held = resolve(None, said)
    split = Split((), DEV[: held.search.held_out], (), 200, "", ReadReport())
    dev_of = strategies_of(held).dev_of

    slices = [[seed.line for seed in dev_of(split, step)] for step in range(5)]

    assert [0, 40, 80, 120, 0] == [each[0] for each in slices]
    assert {100} == {len(set(each)) for each in slices}
    assert [*range(120, 160), *range(60)] == slices[3]
    assert () == tuple(dev_of(Split(DEV, (), (), 200, "", ReadReport()), 3))


def test_the_search_stops_where_another_step_could_gain_too_little() -> None:
    """By the upper bounds of the last two steps, if both kept the incumbent and raced."""
    stop = BelowRegret(0.05)

    assert "" == stop([_kept(plausible=0.01)])
    assert "" == stop([_kept(plausible=0.01), _kept(plausible=0.06)])
    assert "" == stop([_kept(plausible=0.01), replace(_kept(plausible=0.01), accepted=1)])
    assert "" == stop([_kept(plausible=None), _kept(plausible=0.01)])
    assert "another step could plausibly gain 0.040 at most, less than 0.05" == stop(
        [_kept(plausible=0.9), _kept(plausible=0.01), _kept(plausible=0.04)]
    )
    assert "" == AfterSteps(1)([])
    assert "the one step was made" == AfterSteps(1)([_kept(plausible=0.04)])
    either = AfterSteps(9) | WithoutChange(5) | stop
    assert "0.040" in either([_kept(plausible=0.04)] * 2)
