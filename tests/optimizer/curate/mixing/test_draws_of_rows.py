"""Draws: subsets, stratified, monotone, the same for any order; counts that add up."""

from __future__ import annotations

import hashlib
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.curate.mixing.drawing import apportioned, drawn, shuffled, with_copies
from autoevol.optimizer.curate.mixing.pool import PoolRow
from autoevol.optimizer.curate.mixing.ratio import Amount, counts_of, read_amount
from autoevol.optimizer.curate.mixing.stages import read_share, replay_count


def _row(number: int, group: str) -> PoolRow:
    return PoolRow(hashlib.sha256(str(number).encode()).hexdigest(), "a", group, str(number), 0, 0)


ROWS = st.lists(st.sampled_from("xyz"), min_size=1, max_size=40).map(
    lambda groups: [_row(number, group) for number, group in enumerate(groups)]
)


@settings(max_examples=25)
@given(ROWS, st.integers(0, 40), st.integers(0, 40))
def test_a_draw_is_a_monotone_subset_of_any_order(rows: list[PoolRow], few: int, more: int) -> None:
    """The same rows for any order of them, and a smaller draw within a larger one."""
    few, more = sorted((few, more))
    large, small = drawn(rows, more, 7, "t"), drawn(rows, few, 7, "t")
    other = sorted(rows, key=lambda row: row.key)

    assert min(more, len(rows)) == len(large) == len({row.key for row in large} & {row.key for row in rows})
    assert small == large[: len(small)]
    assert large == drawn(other, more, 7, "t")


@settings(max_examples=25)
@given(ROWS, st.integers(0, 40), st.integers(0, 99))
def test_each_stratum_has_its_share(rows: list[PoolRow], count: int, seed: int) -> None:
    """Within a row, and what the other two strata are off by, of its exact part of the draw."""
    count = min(count, len(rows))
    sizes, got = Counter(row.group for row in rows), Counter(row.group for row in drawn(rows, count, seed, "t"))

    assert all(abs(got[group] - count * size / len(rows)) < 3 for group, size in sizes.items())


@pytest.mark.parametrize("seed", range(6))
def test_many_small_strata_are_not_passed_over(seed: int) -> None:
    """Of forty rows fifty groups of two have about twenty, none of them more than one; one of a hundred the rest."""
    rows = [_row(number, f"g{number // 2}" if number < 100 else "large") for number in range(200)]
    got = Counter(row.group for row in drawn(rows, 40, seed, "t"))

    assert 18 <= got["large"] <= 22
    assert {1} == {count for group, count in got.items() if group != "large"}


@settings(max_examples=25)
@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1e9), min_size=1, max_size=5), st.integers(0, 10_000))
def test_quotas_add_up(weights: dict[str, float], count: int) -> None:
    """To the count, each within one of its exact part; weights that say nothing are refused."""
    if not any(weights.values()):
        with pytest.raises(ValueError, match="above 0"):
            apportioned(weights, count)
        return
    quotas = apportioned(weights, count)
    whole = sum(map(Fraction, weights.values()))

    assert count == sum(quotas.values())
    assert all(abs(quotas[name] - count * Fraction(weights[name]) / whole) < 1 for name in weights)


@settings(max_examples=30)
@given(ROWS, st.integers(0, 150))
def test_copies_are_as_even_as_can_be(rows: list[PoolRow], count: int) -> None:
    """No row stands more than once more than another."""
    copies = with_copies(rows, count, 1, "t")
    times = Counter(row.key for row, _ in copies)

    assert count == len(copies) == len(set(copies)) == len(set(shuffled(copies, 1, "t")))
    assert max(times.values(), default=0) - min((times[row.key] for row in rows), default=0) <= 1


@pytest.mark.parametrize(
    ("said", "total", "counts"),
    [
        ({"a": "30", "b": "all"}, None, {"a": 30, "b": 50}),
        ({"a": "70%", "b": "30%"}, None, {"a": 99, "b": 43}),
        ({"a": "70%", "b": "30%"}, 1000, {"a": 700, "b": 300}),
        ({"a": "3/4", "b": "50"}, None, {"a": 150, "b": 50}),
        ({"a": "0", "b": "all"}, None, {"a": 0, "b": 50}),
        ({"a": "50", "b": "50%"}, 100, {"a": 50, "b": 50}),
        ({"a": "49%", "b": "50%"}, 100, {"a": 49, "b": 51}),
        ({"a": "1/3", "b": "2/3"}, 100, {"a": 33, "b": 67}),
    ],
)
def test_amounts_make_counts(said: dict[str, str], total: int | None, counts: dict[str, int]) -> None:
    """Numbers, shares of the whole, and all of a set."""
    amounts = {name: read_amount(text) for name, text in said.items()}

    assert counts == counts_of(amounts, {"a": 100, "b": 50}, total)


@pytest.mark.parametrize(
    ("said", "total"),
    [
        ({"a": "70%", "b": "40%"}, None),
        ({"a": "100%", "b": "5"}, None),
        ({"a": "5", "b": "5"}, 11),
        ({"a": "9"}, 8),
        ({"a": "30%", "b": "0"}, 100),
        ({"a": "30%"}, None),
        ({"a": "50", "b": "30%"}, 100),
    ],
)
def test_amounts_that_do_not_fit_are_refused(said: dict[str, str], total: int | None) -> None:
    """In a sentence."""
    amounts: dict[str, Amount] = {name: read_amount(text) for name, text in said.items()}
    with pytest.raises(UsageError):
        counts_of(amounts, {"a": 100, "b": 50}, total)


@pytest.mark.parametrize("text", ["-1", "many", "1/0", "130%", "", "2.5", "nan", "inf"])
def test_what_is_no_amount_is_told(text: str) -> None:
    """Neither an amount nor a share."""
    with pytest.raises(UsageError):
        read_amount(text)
    with pytest.raises(UsageError):
        read_share(text)


def test_a_replay_has_at_least_one_row() -> None:
    """Of few rows too, but none where no share is wanted."""
    counts = [replay_count(rows, Fraction(1, 256)) for rows in (0, 1, 100, 384, 2000)]

    assert [0, 1, 1, 2, 8] == counts
    assert 0 == replay_count(50, Fraction(0))
    assert 50 == replay_count(50, Fraction(1))
