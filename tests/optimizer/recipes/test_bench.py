"""What several runs of several strategies add up to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autoevol.optimizer.pages.bench_table import bench_table
from autoevol.optimizer.recipes.contest.bench import Outcome, bench_object, outcome_of, spread_of


def _outcome(strategy: str, run_seed: int, quality: float | None, calls: int = 10) -> Outcome:
    gain = None if quality is None else quality - 0.5
    run = f"{strategy}-s{run_seed}"
    return Outcome(strategy, run_seed, run, "finished", quality, 0.5, gain, -0.1, 0.2, 9, "confirmed", calls, 0.5, 1)


def test_a_mean_over_run_seeds_has_students_interval() -> None:
    """Three values: t is 4.303 with two degrees of freedom."""
    found = spread_of([0.1, 0.2, 0.3])

    assert pytest.approx((0.2, 0.2 - 4.3027 * 0.1 / 3**0.5), abs=1e-5) == (found.mean, found.low)
    assert (0.4, None) == (spread_of([0.4]).mean, spread_of([0.4]).low)
    assert None is spread_of([]).mean


def test_strategies_are_held_against_the_first_run_seed_by_run_seed() -> None:
    """What all runs of a seed have in common cancels out; a run without a test is left out and named."""
    outcomes = [_outcome("a", 1, 0.5), _outcome("a", 2, 0.7), _outcome("b", 1, 0.6), _outcome("b", 2, 0.8),
                _outcome("c", 1, None)]  # fmt: skip
    first, second, third = bench_object(outcomes, {"world": ""})["strategies"]

    assert None is first["less_first"]
    assert pytest.approx((0.1, 0.1, 0.1)) == tuple(second["less_first"][name] for name in ("mean", "low", "high"))
    assert 0 == third["quality"]["n"]
    assert "c-s1" in " ".join(bench_object(outcomes, {})["notes"])


def test_with_one_run_seed_the_interval_is_that_of_the_test_items() -> None:
    """There is no other."""
    (row,) = bench_object([_outcome("a", 1, 0.6)], {})["strategies"]

    assert pytest.approx((0.1, -0.1, 0.2)) == tuple(row["gain"][name] for name in ("mean", "low", "high"))
    assert "items" == row["gain"]["over"]


def test_costs_are_those_of_the_runs_that_the_quality_is_of() -> None:
    """A run that broke off early would make its strategy look cheap; the table says how many runs are counted."""
    outcomes = [_outcome("a", 1, 0.6, 100), _outcome("a", 2, None, 4), _outcome("b", 1, None, 4),
                _outcome("b", 2, None, 6)]  # fmt: skip
    record = bench_object(outcomes, {"world": "", "budget": "200 calls", "run_seeds": 2})
    row, none = record["strategies"]
    shown = bench_table(record, 120)

    assert (1, 2, 100) == (row["n"], row["runs"], row["calls"])
    assert (0, None, None) == (none["n"], none["calls"], none["usd"])
    assert "1 of 2" in shown
    assert "to +0.200, items)" in shown
    assert "a: of one run only" in shown


def test_a_run_is_read_from_its_folder(tmp_path: Path) -> None:
    """Quality is what the test said of the method that the search ended with; the start where it kept that."""
    (tmp_path / "test").mkdir()
    (tmp_path / "status.json").write_text('{"state": "finished", "calls": 7, "cost_usd": 1.5, "steps_done": 2}')
    test = {"verdict": "not confirmed", "standings": [{"label": "start", "mean": 0.4, "items": 5},
            {"label": "best", "mean": 0.6, "items": 5}],
            "against": {"start": {"difference": 0.2, "low": -0.1, "high": 0.4}}}  # fmt: skip
    (tmp_path / "test/confirmation.json").write_text(json.dumps(test))

    found = outcome_of(tmp_path, "gepa", 3)

    assert (0.6, 0.4, 0.2, 5, 7, 1.5, 2) == (
        found.quality, found.start, found.gain, found.items, found.calls, found.usd, found.steps,
    )  # fmt: skip
    assert None is outcome_of(tmp_path / "not there", "gepa", 3).quality
