"""What selectors work out of numbers, each held against the plain way to say the same."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.curate.deita import score_first
from autoevol.optimizer.curate.facility import Likeness, facility_location
from autoevol.optimizer.curate.hybrid import fronts, relevant, scaled, weighted
from autoevol.optimizer.curate.k_center import k_center, radius_of
from autoevol.optimizer.curate.lengths import inverse_lengths
from autoevol.optimizer.curate.quotas import bounds_of, cell_weights, rows_in_turn, tempered
from autoevol.optimizer.curate.vectors import on_grid
from autoevol.optimizer.curate.vendi import vendi_score

Floats = npt.NDArray[np.float32]
sizes = st.integers(1, 40)
numbers = st.integers(0, 2**32 - 1)


def vectors(count: int, seed: int, width: int = 6) -> Floats:
    """Vectors of length 1 on the grid, in a few clusters, some of them twice."""
    draws = np.random.default_rng(seed)
    middles = draws.standard_normal((4, width))
    found = middles[draws.integers(4, size=count)] + 0.4 * draws.standard_normal((count, width))
    found[draws.integers(count, size=count // 5)] = found[0]
    made = [on_grid(vector) for vector in found]
    return np.array([vector for vector in made if vector is not None], np.float32)


def cosines(rows: Floats) -> npt.NDArray[np.float64]:
    """Of all pairs: on the grid no length is quite 1."""
    inverse = inverse_lengths(rows)
    return np.asarray((rows @ rows.T) * inverse * inverse[:, None], np.float64)


@settings(max_examples=20)
@given(sizes, numbers, sizes)
def test_k_center_takes_the_farthest_row(count: int, seed: int, wanted: int) -> None:
    """As from the matrix of all distances; its radius never grows, and a larger budget keeps a smaller one's rows."""
    rows = vectors(count, seed)
    near = cosines(rows)
    order = [seed % count]
    while len(order) < min(wanted, count):
        left = [row for row in range(count) if row not in order]
        order.append(min(left, key=lambda row: (max(near[row, order]), row)))
    found = k_center(rows, [seed % count], wanted)

    assert tuple(order) == found.order
    assert sorted(found.radius, reverse=True) == list(found.radius)
    assert found.left == radius_of(rows, found.order)
    assert found.order[: wanted // 2] == k_center(rows, [seed % count], wanted // 2).order
    assert min(wanted, count) == len(set(k_center(rows, [], wanted).order))


@settings(max_examples=20)
@given(sizes, numbers)
def test_the_vendi_score_is_that_of_the_whole_matrix(count: int, seed: int) -> None:
    """From the eigenvalues of all cosines; 1 for rows that are alike, their number for rows that share nothing."""
    rows = vectors(count, seed)
    values = np.linalg.eigvalsh((rows.astype(np.float64) @ rows.T.astype(np.float64)) / count)
    values = values[values > 1e-12] / values[values > 1e-12].sum()

    assert float(np.exp(-(values * np.log(values)).sum())) == pytest.approx(vendi_score(rows), rel=1e-6)
    assert 1.0 == pytest.approx(vendi_score(rows[[0, 0, 0]]))
    assert 5.0 == pytest.approx(vendi_score(np.eye(5, 8, dtype=np.float32)))
    assert vendi_score(rows, range(count)) == pytest.approx(vendi_score(rows))
    assert 0.0 == vendi_score(rows, ())


@settings(max_examples=20)
@given(st.integers(1, 1100), numbers, sizes, st.sampled_from((0.3, 0.8, 0.9)))
def test_score_first_accepts_what_is_unlike_all_before(count: int, seed: int, wanted: int, threshold: float) -> None:
    """As one row after the other; a refused row has the accepted one that is most like it."""
    rows = vectors(count, seed)
    near = cosines(rows)
    ranking = [int(row) for row in np.random.default_rng(seed).permutation(count)]
    order: list[int] = []
    for row in ranking:
        if len(order) < wanted and not (order and max(near[row, order]) > threshold):
            order.append(row)
    found = score_first(rows, ranking, wanted, threshold)

    assert tuple(order) == found.order
    assert set(ranking[: found.looked_at]) == {*found.order, *found.twins}
    for row, (twin, similarity) in found.twins.items():
        before = [each for each in order if ranking.index(each) < ranking.index(row)]
        assert similarity == pytest.approx(max(near[row, before])) == pytest.approx(near[row, twin])
    assert found.order[: wanted // 2] == score_first(rows, ranking, wanted // 2, threshold).order


@settings(max_examples=20)
@given(sizes, numbers, sizes, st.sampled_from(("cosine", "euclidean")))
def test_facility_location_is_greedy(count: int, seed: int, wanted: int, likeness: Likeness) -> None:
    """Each row adds as much as any could, and no more than the one before it."""
    rows = vectors(count, seed)
    near = np.maximum(rows @ rows.T, 0).astype(np.float64)
    if likeness == "euclidean":
        near = np.exp(-np.sqrt(np.maximum(2 - 2 * (rows @ rows.T).astype(np.float64), 0)) / rows.shape[1])
    found = facility_location(rows, wanted, likeness)
    covered = np.zeros(count)

    assert min(wanted, count) == len(set(found.order)) == len(found.order)
    for row, gain in zip(found.order, found.gains, strict=True):
        best = np.maximum(near - covered[:, None], 0).sum(axis=0).max()
        assert best == pytest.approx(gain, abs=1e-4)
        assert best == pytest.approx(np.maximum(near[:, row] - covered, 0).sum(), abs=1e-4)
        covered = np.maximum(covered, near[:, row])
    assert all(after <= before + 1e-6 for before, after in zip(found.gains, found.gains[1:], strict=False))
    assert found.order[: wanted // 2] == facility_location(rows, wanted // 2, likeness).order


@settings(max_examples=30)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=40))
def test_fronts_are_those_of_rows_that_none_beats(rows: list[tuple[int, int, int]]) -> None:
    """Taken away front by front; the third figure is to be low, the second does not count."""
    weights = (1.0, 0.0, -2.0)
    good = [(row[0], -row[2]) for row in rows]
    left, front, expected = set(range(len(rows))), 0, [0] * len(rows)
    while left:
        best = {
            n for n in left
            if not any(good[m] != good[n] and all(a >= b for a, b in zip(good[m], good[n], strict=True)) for m in left)
        }  # fmt: skip
        for n in best:
            expected[n] = front
        left, front = left - best, front + 1

    assert expected == fronts(np.array(rows, np.float64), weights).tolist()


def test_figures_are_made_comparable() -> None:
    """By rank, with the middle for equals, or by standard deviations; weights say how much and in which direction."""
    values = np.array([30.0, 10.0, 20.0, 20.0])

    assert [1.0, 0.0, 0.5, 0.5] == scaled(values, "rank").tolist()
    assert 0.0 == pytest.approx(scaled(values, "z").sum())
    assert [0.0, 0.0] == scaled(np.array([2.0, 2.0]), "z").tolist()
    assert [0.5] == scaled(np.array([2.0]), "rank").tolist()
    both = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])
    assert [0.0, 0.5, 1.0] == weighted(both, (1.0, -1.0), "rank").tolist()
    assert [0.25, 0.5, 0.75] == weighted(both, (3.0, 1.0), "rank").tolist()


def test_diversity_takes_off_what_is_said_already() -> None:
    """The second best is like the best one; with diversity the third comes before it. A larger budget goes on."""
    rows = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    scores = np.array([1.0, 0.9, 0.5])

    assert (0, 1, 2) == relevant(scores, rows, 3, 0.0)
    assert (0, 2, 1) == relevant(scores, rows, 3, 0.5)
    assert (0, 2) == relevant(scores, rows, 2, 0.5)


@settings(max_examples=40)
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=2), st.tuples(st.integers(0, 12), st.floats(0, 5)), max_size=6),
    st.integers(0, 40),
)
def test_apportioned_rows_keep_to_their_shares(said: dict[str, tuple[int, float]], count: int) -> None:
    """No row twice, nothing of what has no share; a larger budget keeps all of a smaller one."""
    cells = {(name,): [hash((name, n)) for n in range(rows)] for name, (rows, _) in said.items()}
    weights = {(name,): weight for name, (_, weight) in said.items()}
    taken = rows_in_turn(cells, weights, count)
    had = Counter(row for cell in cells for row in cells[cell] if weights[cell] > 0)

    assert min(count, len(had)) == len(taken) == len(set(taken))
    assert set(taken) <= set(had)
    assert taken[: count // 2] == rows_in_turn(cells, weights, count // 2)


def test_shares_are_kept_and_what_a_cell_lacks_goes_to_the_others() -> None:
    """3 to 1, bounds of a value over all its cells, and `*` for the values that are not named."""
    cells = {
        ("en", "easy"): list(range(100)),
        ("en", "hard"): list(range(100, 110)),
        ("zh", "easy"): [*range(200, 300)],
    }
    counts = {cell: len(rows) for cell, rows in cells.items()}
    weights = cell_weights(counts, ({"en": 3, "zh": 1}, {}))
    of = {row: cell for cell, rows in cells.items() for row in rows}

    languages = Counter(of[row][0] for row in rows_in_turn(cells, weights, 40))
    assert {"en": 30, "zh": 10} == pytest.approx(languages, abs=1)
    hard = cell_weights(counts, ({}, {"hard": 1.0}))
    assert list(range(100, 110)) == rows_in_turn(cells, hard, 50)
    bounded = rows_in_turn(cells, weights, 200, ({}, {"easy": 20}))
    assert {"easy": 20, "hard": 10} == Counter(of[row][1] for row in bounded)
    assert {("en", "easy"): 0.5, ("en", "hard"): 0.5, ("zh", "easy"): 2.0} == cell_weights(
        {("en", "easy"): 1, ("en", "hard"): 1, ("zh", "easy"): 1}, ({"zh": 2.0, "*": 0.5}, {"easy": 1, "hard": 1})
    )


def test_levels_and_temperature() -> None:
    """Levels of one size, or by bounds; with a high temperature all values become as frequent."""
    assert [3.0, 5.0] == bounds_of([6, 1, 2, 3, 4, 5], 3)
    assert [0.2, 0.8] == bounds_of([], [0.8, 0.2])
    assert {"a": 0.9, "b": 0.1} == pytest.approx(tempered({"a": 9, "b": 1}, 1))
    assert {"a": 0.75, "b": 0.25} == pytest.approx(tempered({"a": 9, "b": 1}, 2))
    assert {"a": 0.5, "b": 0.5} == tempered({"a": 9, "b": 1}, math.inf)


@settings(max_examples=20)
@given(st.integers(2, 400), numbers)
def test_products_of_vectors_are_exact(width: int, seed: int) -> None:
    """The same in 32 and in 64 bits, and backwards: what is chosen does not hang on how sums are made."""
    one, two = (on_grid(np.random.default_rng(seed + n).standard_normal(width)) for n in (0, 1))
    assert one is not None
    assert two is not None

    exact = float(one.astype(np.float64) @ two.astype(np.float64))
    assert exact == float(one @ two) == float(one[::-1] @ two[::-1]) == float(np.cumsum(one * two)[-1])
    assert 1.0 == pytest.approx(float(one @ one), abs=width / 2000)
    assert on_grid(np.zeros(3)) is on_grid([math.nan, 1.0]) is None
