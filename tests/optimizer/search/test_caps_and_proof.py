"""What a cap leaves out, and what seeds can prove, before anything is spent."""

from __future__ import annotations

from typing import Any

import pytest

from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.estimate import Sizes, estimate
from autoevol.optimizer.record.settings import Settings
from autoevol.optimizer.record.tree import merge
from autoevol.optimizer.search.caps import Fit, fits
from autoevol.optimizer.search.proof import proof

SIZES = Sizes(train=1000, dev=200, test=100, total=1300, seed_tokens=50)


def _settings(**more: Any) -> Settings:
    said = {
        "model": "m",
        "endpoints": {"default": {"base_url": "u"}},
        "search": {"steps": 4, "candidates": 2},
        "checks": {"judge_orders": 1, "judge_repeats": 0},
    }
    return resolve(None, merge(said, more))


def _fit(at_limits: float | None = None, **budget: Any) -> Fit:
    settings = _settings(budget=budget)
    (found,) = fits(settings, estimate(settings, SIZES), at_limits)
    return found


def test_a_cap_above_the_worst_case_is_enough() -> None:
    """Calls have no worse case than the most."""
    most = estimate(_settings(), SIZES).calls

    assert (True, True, 4, 1.0) == ((fit := _fit(calls=most)).enough, fit.surely, fit.steps, fit.applied)
    assert (False, False) == ((fit := _fit(calls=most - 1)).enough, fit.surely)


def test_a_cap_that_is_too_small_ends_the_search_before_the_rest() -> None:
    """The rest keeps what it needs, as long as the search has half."""
    lines = estimate(_settings(search={"candidates": 5}), SIZES).lines
    final = sum(line.calls for line in lines if line.stage in ("test", "apply"))
    each = sum(line.calls for line in lines if line.stage not in ("test", "apply")) / 4

    settings = _settings(search={"candidates": 5}, budget={"calls": round(final + 3.5 * each)})
    (fit,) = fits(settings, estimate(settings, SIZES))

    assert 3 == fit.steps
    assert 1.0 == fit.applied


def test_the_first_step_is_begun_whatever_it_leaves() -> None:
    """As the search does it; then nothing may be left."""
    fit = _fit(calls=10)

    assert (1, 0.0) == (fit.steps, fit.applied)


def test_without_a_price_a_cap_in_money_cannot_be_judged() -> None:
    """It is unknown, neither enough nor not."""
    assert (None, False) == ((fit := _fit(usd=5)).enough, fit.surely)


def test_minutes_are_held_against_the_known_limits() -> None:
    """Where none is known nothing is said."""
    assert (False, None) == (_fit(30.0, minutes=20).enough, _fit(None, minutes=20).enough)


def test_dev_shares_its_level_and_test_does_not() -> None:
    """As the decision and the confirmation do; a quarter of dev chooses who is tested on the rest, at the last rung."""
    found = proof(_settings(), SIZES)

    assert found is not None
    assert (4, 200 - 48, 0.05) == (found.steps, found.dev[0].items, found.test[0].alpha)
    assert pytest.approx(0.05 * 0.9 / 4 * (1 - ((192 - 48) / 152) ** 3)) == found.dev[0].alpha
    assert found.smallest == max(found.dev[1].difference or 0, found.test[1].difference or 0)
    assert found.single is not None
    assert (found.single.difference or 1) < (found.dev[1].difference or 0)


def test_halving_takes_more_items_seeds_and_calls() -> None:
    """The split takes at most 40 % of the seeds for dev and 20 % for test."""
    found = proof(_settings(), SIZES)
    assert found is not None
    assert found.half is not None
    assert found.half.dev is not None
    assert found.half.test is not None
    assert found.half.seeds >= max(found.half.dev * 2.5, found.half.test * 5)
    assert found.half.calls > estimate(_settings(), SIZES).calls


@pytest.mark.parametrize(
    ("more", "sizes", "smallest", "why"),
    [
        ({}, Sizes(10, 20, 10, 40), None, "20 dev items are too few"),
        ({"search": {"test": 0}}, Sizes(10, 200, 0, 210), True, ""),
        ({"profile": "paper"}, SIZES, True, ""),
        ({"profile": "paper"}, Sizes(10, 50, 0, 60), None, "nothing is confirmed"),
    ],
)
def test_what_decides_nothing_proves_nothing(more: Any, sizes: Sizes, smallest: bool | None, why: str) -> None:
    """Published rules choose on dev without evidence, so only the test proves."""
    found = proof(_settings(**more), sizes)

    assert found is not None
    assert (smallest is True) == (found.smallest is not None)
    assert why in found.why_not


def test_without_a_search_there_is_nothing_to_prove() -> None:
    """Applying a method, or no steps."""
    assert None is proof(_settings(recipe="evolve"), SIZES)
    assert None is proof(_settings(search={"steps": 0}), SIZES)
