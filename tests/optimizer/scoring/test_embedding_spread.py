"""How far apart embeddings are."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.optimizer.scoring.diversity import spread_of

VECTORS = st.lists(st.lists(st.integers(-5, 5), min_size=3, max_size=3).filter(any), min_size=2, max_size=8)


@given(VECTORS)
def test_it_is_the_mean_cosine_distance_of_all_pairs(vectors: list[list[float]]) -> None:
    """In one pass, as if every pair had been looked at."""

    def distance(one: list[float], other: list[float]) -> float:
        dot = sum(a * b for a, b in zip(one, other, strict=True))
        return 1 - dot / (math.hypot(*one) * math.hypot(*other))

    pairs = list(combinations(vectors, 2))
    assert pytest.approx(sum(distance(*pair) for pair in pairs) / len(pairs), abs=1e-9) == spread_of(vectors)


@pytest.mark.parametrize("vectors", [[], [[1.0, 2.0]], [[0.0], [1.0]], [[1.0], [1.0, 2.0]], [[math.inf], [1.0]]])
def test_without_two_comparable_vectors_there_is_none(vectors: list[list[float]]) -> None:
    """One text, a vector of zeros, vectors of different length."""
    assert None is spread_of(vectors)
