"""Estimates of pass rates with repair, against sums over every sub-sample there is."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.curate.answers.pass_at_k import Program, baseline, pass_at, table, unbiased

PROGRAMS = st.booleans().flatmap(
    lambda passed: st.just(Program(True)) if passed else st.builds(
        Program, st.just(False), st.tuples(st.booleans(), st.booleans(), st.booleans())
    )
)  # fmt: skip
TASKS = st.lists(PROGRAMS, min_size=3, max_size=4)


def _every_tree(task: list[Program], programs: int, repairs: int) -> float:
    """Share of all sub-samples without replacement that hold a pass."""
    hits: list[float] = []
    for chosen in itertools.combinations(task, programs):
        if any(program.passed for program in chosen):
            hits.append(1.0)
            continue
        samples = [list(itertools.combinations(program.repairs, repairs)) for program in chosen]
        found = [any(map(any, tree)) for tree in itertools.product(*samples)]
        hits.append(sum(found) / len(found))
    return sum(hits) / len(hits)


@settings(max_examples=40)
@given(TASKS, st.integers(1, 3), st.integers(1, 3))
def test_the_estimate_is_the_mean_over_every_tree(task: list[Program], programs: int, repairs: int) -> None:
    """So it has no bias: sub-samples without replacement come to it in the mean."""
    assert _every_tree(task, programs, repairs) == pytest.approx(unbiased(task, programs, repairs))


@given(st.integers(1, 30), st.data())
def test_pass_at_k_is_that_of_codex(drawn: int, data: st.DataObject) -> None:
    """One minus the chance that k programs out of all fail, as a product."""
    passed, k = data.draw(st.integers(0, drawn)), data.draw(st.integers(1, drawn))
    fails = 1.0
    for place in range(k):
        fails *= max(0, drawn - passed - place) / (drawn - place)

    assert 1 - fails == pytest.approx(pass_at(drawn, passed, k))


def test_with_no_repair_that_passes_a_tree_is_pass_at_k() -> None:
    """The two estimates meet."""
    task = [Program(True), *[Program(False, (False, False))] * 4]

    assert pass_at(5, 1, 3) == pytest.approx(unbiased(task, 3, 2))
    assert 0.6 == pytest.approx(baseline([task], 3) or 0)
    assert None is baseline([task], 6)
    with pytest.raises(ValueError, match="cannot be told"):
        pass_at(5, 1, 6)


@pytest.mark.parametrize("replacement", [True, False])
def test_bootstrap_samples_come_to_the_exact_rate(replacement: bool) -> None:
    """Within what so many draws allow; with replacement somewhat lower, as a program may come twice."""
    task = [Program(True), Program(False, (True, False)), *[Program(False, (False, False))] * 3]
    (cell,) = table([task] * 20, ((2,), (1,)), 4000, random.Random(1), replacement=replacement)
    fails = 1 - (0 + 0.5 + 3) / 5
    expected = 1 - (1 - fails) ** 2 if replacement else unbiased(task, 2, 1)

    assert expected == pytest.approx(cell.rate, abs=0.01)
    assert unbiased(task, 2, 1) == cell.exact
    assert 4 == cell.k
    assert pass_at(5, 1, 4) == pytest.approx(cell.baseline or 0)


def test_the_same_seed_gives_the_same_table() -> None:
    """And no task gives no cell."""
    task = [Program(True), Program(False, (True, False)), Program(False, (False, False))]
    first, second = (
        table([task], ((1, 2), (1, 2)), 50, random.Random(7), replacement=True) for _ in range(2)
    )  # fmt: skip

    assert first == second
    assert [] == table([], ((1,), (1,)), 50, random.Random(7), replacement=True)
