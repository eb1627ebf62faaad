"""Many contestants: claims share one level, groups are those that cannot be told apart, strengths stay finite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.optimizer.scoring.ranking import Duel, duels, holm, mean_interval, places
from autoevol.optimizer.scoring.strengths import Strength, bradley_terry, by_pairs, by_scores


def _scores(**rows: str) -> dict[str, dict[str, float]]:
    """`a="1100"`: the scores of a on items 0 to 3; a dot is an item that it lacks."""
    return {label: {f"i{n}": float(sign) for n, sign in enumerate(row) if sign != "."} for label, row in rows.items()}


def _strengths(rows: dict[str, dict[str, float]], baseline: str, run_seed: int = 0) -> dict[str, Strength]:
    return bradley_terry(list(rows), by_scores(rows), baseline, run_seed)


def test_only_items_that_both_have_are_compared() -> None:
    """Missing is not lost."""
    (duel,) = duels(_scores(a="1100.", b=".0011"), alpha=0.05, run_seed=0)

    assert (3, 1, 1, 1, 0.0) == (duel.n, duel.wins, duel.losses, duel.ties, duel.difference)
    assert (1.0, "") == (duel.p, duel.better)


def test_a_clear_winner_is_named_and_a_tie_says_what_could_be_shown() -> None:
    """14 of 14 differing items are evidence; 8 of 14 are not."""
    clear, tie = (
        duels(_scores(a="0" * 14 + "1" * 6, b=row), alpha=0.05, run_seed=0)[0]
        for row in ("1" * 20, "1" * 8 + "0" * 6 + "0" * 6)
    )

    assert ("b", 2 / 2**14) == (clear.better, clear.p_sign)
    assert (0.7, True) == (clear.difference, clear.low > 0.3)
    assert "" == tie.better
    assert tie.provable is not None
    assert 0.4 < tie.provable < 0.7


def test_what_could_be_shown_follows_how_widely_scores_differ() -> None:
    """Small differences are shown where scores differ by little; of a handful of items nothing is."""
    wide, narrow = (
        duels(
            {
                "a": {f"{n}": 0.5 - step * (n % 2) for n in range(80)},
                "b": {f"{n}": 0.5 - step * (n % 3 // 2) for n in range(80)},
            },
            alpha=0.05,
            run_seed=0,
        )[0]
        for step in (0.5, 0.1)
    )
    few = duels(_scores(a="01", b="10"), alpha=0.05, run_seed=0)[0]

    assert wide.provable is not None
    assert narrow.provable is not None
    assert 0.2 > wide.provable > 1.5 * narrow.provable > 0.05
    assert few.provable is None


def test_the_family_shares_the_level() -> None:
    """Three pairs: evidence that is enough for one pair alone is not for the same pair among others."""
    rows = _scores(a="0" * 6 + "10" * 7, b="1" * 6 + "10" * 7, c="0" * 3 + "1" * 3 + "10" * 7)
    alone = duels({"a": rows["a"], "b": rows["b"]}, alpha=0.03, run_seed=0)
    together = duels(rows, alpha=0.03, run_seed=0)
    against_c = duels(rows, alpha=0.03, run_seed=0, against="c")

    assert ["b"] == [duel.better for duel in alone]
    assert ["", "", ""] == [duel.better for duel in together]
    assert pytest.approx(3 * alone[0].p_adjusted) == together[0].p_adjusted
    assert [("c", "a"), ("c", "b")] == [(duel.first, duel.second) for duel in against_c]


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_lowers_and_keeps_the_order(p_values: list[float]) -> None:
    """Adjusted values are at least the raw ones and in the same order."""
    adjusted = holm(p_values)

    assert all(raw <= new <= 1 for raw, new in zip(p_values, adjusted, strict=True))
    assert all(
        adjusted[i] <= adjusted[j]
        for i in range(len(adjusted))
        for j in range(len(adjusted))
        if p_values[i] < p_values[j]
    )


def test_holm_on_a_worked_example() -> None:
    """Smallest times three, then times two, then as it is; never below the one before."""
    assert pytest.approx([0.06, 0.03, 0.06]) == holm([0.03, 0.01, 0.04])


def _told(first: str, second: str, better: str) -> Duel:
    return Duel(first, second, 10, 0, 0, 10, 0.0, 0.0, 0.0, 1.0, better=better)


def test_groups_share_a_letter_where_nobody_is_told_apart() -> None:
    """a beats c, b is between them: two groups, and b is in both."""
    found = places("abc", [_told("a", "b", ""), _told("b", "c", ""), _told("a", "c", "a")])

    assert [("a", 1, 2, "a"), ("b", 1, 3, "ab"), ("c", 2, 3, "b")] == [
        (place.label, place.best, place.worst, place.group) for place in found
    ]


def test_without_a_claim_all_are_one_group() -> None:
    """Everybody may be first or last."""
    assert [(1, 4, "a")] * 4 == [(place.best, place.worst, place.group) for place in places("abcd", [])]


def test_all_told_apart_are_places_one_by_one() -> None:
    """Each has its own place and letter."""
    found = places("abc", [_told("a", "b", "b"), _told("b", "c", "b"), _told("a", "c", "c")])

    assert [("a", 3, 3), ("b", 1, 1), ("c", 2, 2)] == [(place.label, place.best, place.worst) for place in found]
    assert ["a", "b", "c"] == [place.group for place in found]


def test_strengths_are_log_odds_against_the_baseline() -> None:
    """Two contestants, 30 wins to 10: log(30.5 / 10.5), by the half win that keeps it finite."""
    found = _strengths(_scores(a="0" * 30 + "1" * 10, b="1" * 30 + "0" * 10), "a", 0)

    assert (0.0, 0.0, 0.0, 0.5) == (found["a"].value, found["a"].low, found["a"].high, found["a"].chance)
    assert pytest.approx(1.0664, abs=1e-3) == found["b"].value
    assert found["b"].low < 1.0664 < found["b"].high


def test_one_who_always_wins_has_a_finite_strength() -> None:
    """And the highest."""
    found = _strengths(_scores(a="0000", b="1111", c="0101"), "a", 0)

    assert ["b", "c", "a"] == sorted(found, key=lambda label: -found[label].value)
    assert 5 > found["b"].value > 1


def test_contestants_that_never_met_have_no_common_scale() -> None:
    """Nothing is claimed."""
    assert {} == _strengths(_scores(a="11..", b="..00"), "a", 0)
    assert {} == _strengths(_scores(a="11"), "a", 0)


def test_strengths_put_on_one_scale_who_met_by_way_of_others() -> None:
    """a and c share no item."""
    found = _strengths(_scores(a="1111....", b="00001111", c="....0000"), "b", 0)

    assert found["a"].value > 0 > found["c"].value


def test_intervals_are_the_same_again() -> None:
    """They are drawn by name."""
    rows = _scores(a="0101010101", b="1111000011", c="1110101010")

    assert _strengths(rows, "a", 5) == _strengths(rows, "a", 5)
    assert duels(rows, alpha=0.05, run_seed=5) == duels(rows, alpha=0.05, run_seed=5)
    assert duels(rows, alpha=0.05, run_seed=5) != duels(rows, alpha=0.05, run_seed=6)


def test_a_mean_stays_a_score() -> None:
    """Its interval never leaves 0 to 1, also where all items are alike."""
    low, high = mean_interval([1.0] * 10, 0, "x")

    assert 0.3 < low < 1.0
    assert 1.0 == high


def test_what_was_said_of_pairs_is_ranked_too() -> None:
    """Values above a half are won by the second; a half is half a win for each."""
    pairs = {("a", "b"): {"i1": 1.0, "i2": 0.75, "i3": 0.5}, ("b", "c"): {"i1": 0.0, "i4": 0.25}}

    found = bradley_terry("abc", by_pairs("abc", pairs), "a", 0)

    assert ["b", "a", "c"] == sorted(found, key=lambda label: -found[label].value)
    assert {} == bradley_terry("abc", by_pairs("abc", {("a", "b"): {"i1": 1.0}}), "a", 0)
