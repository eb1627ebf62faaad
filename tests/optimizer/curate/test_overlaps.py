"""What choices of the same rows share, what drawn ones would, and which rows enough of them chose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.curate.overlaps import Chance, by_chance, overlaps
from autoevol.optimizer.curate.panel import voted

ROWS = 12
CHOICES = st.lists(st.permutations(range(ROWS)).flatmap(lambda order: st.integers(0, ROWS).map(lambda n: order[:n])),
                   min_size=1, max_size=4)  # fmt: skip
IDS = {index: f"r{index:02}" for index in range(ROWS)}


def ranks_of(choices: Sequence[Sequence[int]]) -> list[Mapping[int, int]]:
    """The rank of each chosen row, by member."""
    return [{index: rank for rank, index in enumerate(order, 1)} for order in choices]


@settings(max_examples=40)
@given(CHOICES)
def test_votes_go_from_the_union_to_what_all_chose(choices: list[list[int]]) -> None:
    """More votes keep the first of what fewer keep; the order is by votes, then the best rank, then the id."""
    kept = [voted(ranks_of(choices), votes, IDS) for votes in range(1, len(choices) + 1)]

    assert set().union(*choices) == set(kept[0])
    assert set(choices[0]).intersection(*choices) == set(kept[-1])
    assert all(fewer[: len(more)] == more for fewer, more in pairwise(kept))
    keys = [(-sum(i in c for c in choices), min(c.index(i) for c in choices if i in c), IDS[i]) for i in kept[0]]
    assert sorted(keys) == keys


@settings(max_examples=40)
@given(CHOICES)
def test_one_member_is_left_as_it_is(choices: list[list[int]]) -> None:
    """In its own order; and the order of the members does not matter."""
    ranks = ranks_of(choices)

    assert choices[0] == voted(ranks[:1], 1, IDS)
    assert voted(ranks, 1, IDS) == voted(ranks[::-1], 1, IDS)


@settings(max_examples=60)
@given(st.integers(1, 30), st.data())
def test_chance_is_that_of_drawn_sets(total: int, data: st.DataObject) -> None:
    """The range leaves out no more than one in 40 on either side, and could not be shorter."""
    one, other = data.draw(st.integers(0, total)), data.draw(st.integers(0, total))
    found = by_chance(total, one, other)
    ways = {shared: math.comb(one, shared) * math.comb(total - one, other - shared) / math.comb(total, other)
            for shared in range(max(0, one + other - total), min(one, other) + 1)}  # fmt: skip
    below = sum(way for shared, way in ways.items() if shared < found.low)
    above = sum(way for shared, way in ways.items() if shared > found.high)

    assert pytest.approx(sum(shared * way for shared, way in ways.items())) == found.mean
    assert 0.025 + 1e-9 >= max(below, above)
    assert found.low == found.high or 0.025 - 1e-9 < min(below + ways[found.low], above + ways[found.high])


def test_pairs_are_told_with_the_share_of_the_smaller() -> None:
    """Each pair once; an empty choice shares nothing."""
    pairs = overlaps({"a": [0, 1, 2, 3], "b": [3, 4], "c": []}, 10)

    assert [("a", "b", 1, 0.5), ("a", "c", 0, 0.0), ("b", "c", 0, 0.0)] == [
        (each.one, each.other, each.shared, each.share) for each in pairs
    ]
    assert Chance(20.0, 12, 28) == by_chance(2000, 200, 200)
