"""What is left of a run while it is at work."""

from __future__ import annotations

from typing import Any

import pytest

from autoevol.agents.gateway.books.ledger import Entry, Sum
from autoevol.agents.gateway.endpoints import Budget
from autoevol.agents.gateway.progress import Forecast, Progress
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.estimate import Estimate, Sizes, estimate
from autoevol.optimizer.record.forecast import Course, Forecaster, first_cap, remaining
from autoevol.optimizer.record.tree import merge

SIZES = Sizes(train=100, dev=20, test=10, total=130, seed_tokens=50)
PRICE = {"m": {"input": 1.0, "output": 2.0}}


ONCE = {"checks": {"judge_orders": 1, "judge_repeats": 0}}


def _estimate(**more: Any) -> Estimate:
    said = {"model": "m", "endpoints": {"default": {"base_url": "u", "prices": PRICE}}}
    return estimate(
        resolve(None, merge({**said, "search": {"steps": 4, "candidates": 2, "batch": 5}, **ONCE}, more)), SIZES
    )


def _done(stage: str, role: str, calls: int, usd: float = 0.0, tokens: int = 10) -> Entry:
    return Entry(role, stage, Sum(calls, tokens * calls, tokens * calls, usd=usd))


def _progress(*finished: Entry, calls: int = 100, waiting_on: str = "", per_min: float = 60.0) -> Progress:
    return Progress(
        calls, 0, 0, int(bool(waiting_on)), waiting_on, 0, 0.0, None, False, 5.0, per_min, 10 * per_min, finished
    )


def _look(now: Progress, course: Course | None = None, budget: Budget | None = None, **more: Any) -> Forecast:
    spent = Sum(sum(entry.sum.calls for entry in now.finished))
    forecaster = Forecaster(
        _estimate(**more), [], lambda: course or Course("batch", 0, 4), budget or Budget(), lambda: spent
    )
    found = forecaster.look(now).forecast
    assert found is not None
    return found


def test_at_the_start_everything_is_left() -> None:
    """Calls and money of the estimate, and no time as long as there is no rate."""
    whole = _estimate()

    found = _look(_progress(calls=0))

    assert (whole.calls, None, "seeds") == (found.calls, found.seconds, found.bound_by)
    assert pytest.approx(whole.expected_usd) == found.usd


def test_finished_calls_are_no_longer_left() -> None:
    """Of their role in their part of the run."""
    found = remaining(_estimate(), [_done("steps/000/batch", "evolver", 3)], Course("batch", 0, 4))
    lines = {(line.stage, line.role): line.calls for line in found.lines}

    assert (17, 20) == (lines["batches", "evolver"], lines["batches", "responder"])


def test_what_earlier_steps_did_not_use_is_gone() -> None:
    """In the third of four steps at most half of it can still come, less what this step has made."""
    done = [_done("steps/000/dev", "judge", 1), _done("steps/002/dev", "judge", 5)]
    found = remaining(_estimate(), done, Course("batch", 2, 4))
    lines = {(line.stage, line.role): line.calls for line in found.lines}

    assert 20 * 9 // 2 - 5 == lines["races on dev", "judge"]


def test_a_search_that_has_ended_leaves_nothing_of_itself() -> None:
    """Then what is left is confirming and applying, and at last applying alone."""
    assert {"test", "apply"} == {line.stage for line in remaining(_estimate(), [], Course("test", 1, 4)).lines}
    assert {"apply"} == {line.stage for line in remaining(_estimate(), [], Course("apply", 1, 4)).lines}


def test_calls_to_come_cost_what_those_of_the_role_did() -> None:
    """In money and in tokens; a role without a price makes the sum unknown."""
    rows: dict[str, Any] = {"recipe": "evolve", "judge": False}
    half = [_done("apply", "evolver", 65, 6.5), _done("apply", "responder", 65, 13.0)]
    assert pytest.approx(6.5 + 13.0) == remaining(_estimate(**rows), half, Course("apply")).expected_usd
    unknown = [*half, Entry("evolver", "apply", Sum(1, unpriced=1))]
    assert None is remaining(_estimate(**rows), unknown, Course("apply")).expected_usd


def test_time_goes_by_calls_where_requests_are_limited_and_else_by_tokens() -> None:
    """260 calls less 100, of 10 tokens each, at 60 calls or 600 tokens a minute."""
    rows: dict[str, Any] = {"recipe": "evolve", "judge": False}
    finished = (_done("apply", "evolver", 50, tokens=10), _done("apply", "responder", 50, tokens=30))
    by_calls = _look(_progress(*finished, waiting_on="default: rpm"), Course("apply"), **rows)
    by_tokens = _look(_progress(*finished), Course("apply"), **rows)

    assert (160, 160.0, "rpm") == (by_calls.calls, by_calls.seconds, by_calls.bound_by)
    assert (80 * 10 + 80 * 30) / 10 == by_tokens.seconds


def test_a_standstill_has_no_time_left() -> None:
    """Nothing finished for a minute: nobody knows."""
    assert None is _look(_progress(waiting_on="default: outage", per_min=0.0)).seconds


def test_the_first_cap_in_the_way_is_named() -> None:
    """Calls, then money, then tokens."""
    left = _estimate()
    spent = Sum(10, 1000, usd=1.0)

    assert "calls" == first_cap(left, Budget(calls=left.calls + 9, usd=0.1), spent)
    assert "usd" == first_cap(left, Budget(calls=left.calls + 10, usd=1.0, tokens=1), spent)
    assert "tokens" == first_cap(left, Budget(tokens=1000), spent)
    assert "" == first_cap(left, Budget(calls=10**6, usd=1e6, tokens=10**9), spent)


def test_a_moment_without_a_queue_does_not_change_what_binds() -> None:
    """Between two parts of the work nothing waits for a moment."""
    forecaster = Forecaster(_estimate(), [], lambda: Course("batch", 0, 4), Budget(), Sum)
    first = forecaster.look(_progress(waiting_on="default: tpm")).forecast
    then = forecaster.look(_progress()).forecast

    assert ("tpm", "tpm") == (first and first.bound_by, then and then.bound_by)
