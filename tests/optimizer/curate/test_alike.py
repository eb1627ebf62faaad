"""Cosines of vectors on the grid, whose lengths are not quite 1."""

from __future__ import annotations

from math import nextafter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.curate.alike import met_in_order
from autoevol.optimizer.curate.deita import score_first
from autoevol.optimizer.curate.duplicates.cosine import cosine_twins
from autoevol.optimizer.curate.hybrid import relevant
from autoevol.optimizer.curate.k_center import k_center, radius_of
from tests.optimizer.curate.test_numbers_of_selectors import vectors


@given(st.integers(0, 2**16), st.sampled_from((-0.2, 0.5, 0.9, 0.97, 1.0)))
@settings(max_examples=15)
def test_rows_are_met_as_one_after_the_other(seed: int, least: float) -> None:
    """More than a block of them, some of no length and some not of length 1 at all."""
    rows = vectors(900, seed)
    rows[7:9] = 0
    rows[9:20] *= 0.5
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    lengths[lengths == 0] = 1
    near = (rows.astype(np.float64) @ rows.T) / np.multiply.outer(lengths, lengths) + 1e-12
    kept: list[int] = []
    for met in met_in_order(rows, range(900), least):
        most = max(near[met.row, kept], default=-2.0)
        assert (most >= least) == (met.twin >= 0)
        if met.twin < 0:
            kept.append(met.row)
        else:
            assert most == pytest.approx(met.cosine, abs=1e-9) == pytest.approx(near[met.row, met.twin], abs=1e-9)


def test_copies_have_a_cosine_of_1_and_no_distance() -> None:
    """On the grid a vector's product with itself is not 1."""
    once = vectors(40, 3, 384)
    rows = np.concatenate((once, once[::-1]))
    copies = [(row, 79 - row) for row in range(40, 80)]
    twins = [(twin.row, twin.of, twin.similarity) for twin in cosine_twins(rows, range(80), 1.0)]
    found = score_first(rows, range(80), 80, nextafter(1.0, 0.0))
    different = len({row.tobytes() for row in once})

    assert 1e-4 < max(abs(float(row @ row) - 1) for row in once)
    assert {row for row, _ in copies} <= {row for row, _, _ in twins}
    assert {1.0} == {similarity for *_, similarity in twins} == {similarity for _, similarity in found.twins.values()}
    assert different == len(found.order)
    assert [0.0] * 40 == list(k_center(rows, range(40), 80).radius)
    assert 0.0 == radius_of(rows, range(40)) == k_center(rows, (), different).left
    assert set(range(40)) > set(relevant(np.ones(80), rows, different, 0.5))
