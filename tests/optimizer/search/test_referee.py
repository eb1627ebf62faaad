"""The referee: who leaves, who is tested on what, who wins; and what no race can bring about."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.record.rungs import choosing_items, most_scores, rungs_of
from autoevol.optimizer.scoring.statistics import paired
from autoevol.optimizer.search.referee import Heat, Referee, Rules

RULES = Rules(rungs=(8, 24, 48))
GRADES = (0.0, 0.25, 0.5, 0.75, 1.0)


def _race(scores: Sequence[Sequence[float]], level: float = 0.05, rules: Rules = RULES) -> tuple[Referee, list[Heat]]:
    """A whole race; the first row is the incumbent's."""
    referee = Referee(rules, len(scores) - 1, len(scores[0]), level)
    heats: list[Heat] = []
    while heat := referee.heat:
        heats.append(heat)
        referee.tell({number: scores[number][heat.start : heat.stop] for number in heat.contestants})
    return referee, heats


def _scores(draw: random.Random, mean: float, items: int) -> list[float]:
    return [draw.choice(GRADES) if draw.random() < 0.5 else float(draw.random() < mean) for _ in range(items)]


@st.composite
def _fields(draw: Callable[[st.SearchStrategy[int]], int]) -> list[list[float]]:
    """An incumbent and one to five candidates on some items, each better or worse by luck."""
    rng = random.Random(draw(st.integers(0, 10**6)))
    items = draw(st.integers(1, 130))
    return [_scores(rng, rng.random(), items) for _ in range(draw(st.integers(2, 6)))]


def test_half_leave_at_each_rung_and_one_is_tested() -> None:
    """Four that are equally promising: two, then one, who meets the incumbent on all other items."""
    better = [1.0, 1.0, 1.0, 0.0] * 25
    referee, heats = _race([[0.5] * 100, better, better[1:] + better[:1], better, better])

    assert [Heat((0, 1, 2, 3, 4), 0, 8), Heat((0, 1, 2), 8, 24), Heat((0, 1), 24, 48)] == heats[:3]
    assert ["not among the better half"] * 2 + ["not the leader"] == [leave.why for leave in referee.left]
    assert referee.ruling is not None
    assert (1, 1, heats[-1].stop - 24) == (referee.ruling.accepted, referee.ruling.leader, referee.ruling.tested.n)


def test_the_items_that_chose_the_leader_do_not_accept_it() -> None:
    """Both won all of them, and are no better on the others."""
    lucky = [1.0] * 24 + [0.5] * 76
    referee, _ = _race([[0.5] * 100, lucky, lucky])

    assert referee.ruling is not None
    assert (1, None, 0.0) == (referee.ruling.leader, referee.ruling.accepted, referee.ruling.tested.difference)


def test_a_lone_candidate_is_tested_from_the_first_item() -> None:
    """There is nobody to choose from."""
    referee, heats = _race([[0.2] * 60, [0.9, 0.7] * 30])

    assert Heat((0, 1), 0, 8) == heats[0]
    assert referee.ruling is not None
    assert (1, heats[-1].stop) == (referee.ruling.accepted, referee.ruling.tested.n)


def test_a_great_gain_ends_the_race_early() -> None:
    """The rest of its items would tell nothing new."""
    _, heats = _race([[0.0] * 400, [1.0, 0.9] * 200, [0.0] * 400], rules=Rules((16, 48, 96, 192)))

    assert heats[-1].stop == 192


@pytest.mark.parametrize("scores", [0.0, 0.5, 1.0])
def test_constant_scores_keep_the_incumbent_early(scores: float) -> None:
    """All unreadable, or all perfect: nobody can win, and that shows before all items are paid for."""
    referee, heats = _race([[scores] * 400] * 6, rules=Rules((16, 48, 96, 192)))

    assert referee.ruling is not None
    assert (None, True) == (referee.ruling.accepted, heats[-1].stop < 400)


@settings(max_examples=150, deadline=None)
@given(_fields(), st.sampled_from([0.0, 0.05]), st.sampled_from([0.2, 0.05, 0.005]))
def test_whoever_is_accepted_was_proven_better_on_items_of_its_own(
    scores: list[list[float]], margin: float, level: float
) -> None:
    """Lower bound above the margin, from scores that did not choose it; and it had not left."""
    rules = Rules(RULES.rungs, margin)
    referee, heats = _race(scores, level, rules)
    ruling = referee.ruling

    assert ruling is not None
    assert (ruling.accepted is not None) == (ruling.leader is not None and ruling.low > margin)
    assert ruling.accepted not in {leave.candidate for leave in referee.left}
    assert 0 < ruling.level <= level
    if ruling.leader is not None:
        stop = heats[-1].stop
        start = stop - ruling.tested.n
        assert paired(scores[0][start:stop], scores[ruling.leader][start:stop]) == ruling.tested
        assert all(heat.contestants == (0, ruling.leader) for heat in heats if heat.start >= start)


@settings(max_examples=100, deadline=None)
@given(_fields(), st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(scores: list[list[float]], rng: random.Random) -> None:
    """But for ties, where the earlier one goes on; so scores are made different first."""
    field = [[min(1.0, max(0.0, s * 0.99 + number * 1e-5)) for s in row] for number, row in enumerate(scores)]
    order = list(range(1, len(field)))
    rng.shuffle(order)
    first, _ = _race(field)
    second, _ = _race([field[0], *(field[number] for number in order)])

    assert first.ruling is not None
    assert second.ruling is not None
    found = [None if number is None else order[number - 1] for number in (second.ruling.leader, second.ruling.accepted)]
    assert [first.ruling.leader, first.ruling.accepted] == found
    assert {(leave.candidate, leave.at) for leave in first.left} == {
        (order[leave.candidate - 1], leave.at) for leave in second.left
    }


@settings(max_examples=60, deadline=None)
@given(_fields())
def test_candidates_that_do_the_same_as_the_incumbent_are_never_accepted(scores: list[list[float]]) -> None:
    """A tie keeps it, at every level."""
    referee, _ = _race([scores[0]] * len(scores), 0.49)

    assert referee.ruling is not None
    assert referee.ruling.accepted is None


@settings(max_examples=100, deadline=None)
@given(_fields())
def test_a_race_takes_no_more_scores_than_the_estimate_says(scores: list[list[float]]) -> None:
    """Every item once, in order, and those of candidates at most as many as are paid for."""
    _, heats = _race(scores)
    candidates, items = len(scores) - 1, len(scores[0])

    assert [0, *(heat.stop for heat in heats[:-1])] == [heat.start for heat in heats]
    taken = sum((len(heat.contestants) - 1) * (heat.stop - heat.start) for heat in heats)
    assert taken <= most_scores(RULES.rungs, RULES.choosing, candidates, items)


def test_rungs_come_from_settings_and_items() -> None:
    """The end of choosing is the last rung in its share, or the share itself."""
    assert [96, 7, 1, 48] == [choosing_items(rungs, 0.25, items) for rungs, items in (
        ((16, 48, 96, 192), 400), ((10,), 30), ((), 3), ((16, 48, 96), 200))]  # fmt: skip
    assert [7, 10, 30] == rungs_of((10, 50), 0.25, 3, 30)
    assert [10, 30] == rungs_of((10,), 0.25, 1, 30)
    assert 5 * 16 + 3 * 32 + 2 * 48 + 304 == most_scores((16, 48, 96, 192), 0.25, 5, 400)
    assert 0 == most_scores((16,), 0.25, 5, 0)


@pytest.mark.parametrize(("candidates", "items", "level"), [(0, 10, 0.05), (2, 0, 0.05), (2, 10, 0.0), (2, 10, 1.0)])
def test_a_race_of_nobody_or_on_nothing_is_refused(candidates: int, items: int, level: float) -> None:
    """It is the caller's to say that nothing can be decided."""
    with pytest.raises(ValueError, match="race"):
        Referee(RULES, candidates, items, level)


def test_scores_must_be_those_that_are_due() -> None:
    """Of these contestants, so many, and numbers."""
    referee = Referee(RULES, 1, 8, 0.05)
    for wrong in ({0: [1.0] * 8}, {0: [1.0] * 8, 1: [1.0] * 7}):
        with pytest.raises(ValueError, match="scores"):
            referee.tell(wrong)
    with pytest.raises(ValueError, match="scores"):
        referee.tell({0: [0.5] * 8, 1: [0.5] * 7 + [math.nan]})
    assert Referee(RULES, 1, 8, 0.05).heat == Heat((0, 1), 0, 8)
    done = Referee(RULES, 1, 8, 0.05)
    done.tell({0: [0.5] * 8, 1: [0.5] * 8})
    with pytest.raises(ValueError, match="over"):
        done.tell({0: [], 1: []})


def test_false_acceptances_stay_under_the_level_of_the_step() -> None:
    """Five candidates like the incumbent, 1,500 races at 5 %: the bound of the tail is three standard errors."""
    rng, wrong, races = random.Random(4), 0, 1500
    for _ in range(races):
        shared = [rng.random() for _ in range(120)]
        field = [[float(rng.random() < share) for share in shared] for _ in range(6)]
        referee, _ = _race(field, 0.05, Rules((10, 30, 60)))
        wrong += referee.ruling is not None and referee.ruling.accepted is not None

    assert wrong <= races * 0.05 + 3 * (races * 0.05) ** 0.5
