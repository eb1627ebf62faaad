"""Best fit: nothing lost, nothing split, nothing over; what a trainer derives from the lengths."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.curate.packing.fitting import (
    best_fit,
    cu_seqlens,
    document_mask,
    first_fit,
    position_ids,
    utilisation,
)

MOST = 200
LENGTHS = st.lists(st.integers(1, MOST), max_size=60)


def _slow(lengths: list[int]) -> list[list[int]]:
    """The same rule by looking at every pack; packs of one space in the order in which they got it."""
    rooms: list[tuple[int, int, int]] = []  # space, when it was got, pack
    packs: list[list[int]] = []
    for turn, index in enumerate(sorted(range(len(lengths)), key=lambda each: -lengths[each])):
        fitting = [room for room in rooms if room[0] >= lengths[index]]
        space, _, pack = room = min(fitting, default=(MOST, -1, len(packs)))
        if fitting:
            rooms.remove(room)
        else:
            packs.append([])
        packs[pack].append(index)
        rooms.append((space - lengths[index], turn, pack))
    return packs


@settings(max_examples=60)
@given(LENGTHS)
def test_every_row_is_in_one_pack_as_the_rule_says(lengths: list[int]) -> None:
    """No row is lost, doubled or split, no pack is over; the quick way finds what the slow one does."""
    packs = best_fit(lengths, MOST)

    assert list(range(len(lengths))) == sorted(index for pack in packs for index in pack)
    assert all(sum(lengths[index] for index in pack) <= MOST for pack in packs)
    assert _slow(lengths) == packs


@settings(max_examples=40)
@given(LENGTHS)
def test_lengths_in_packs_do_not_depend_on_the_order(lengths: list[int]) -> None:
    """Rows in another order give packs of the same lengths."""
    other = sorted(lengths)

    assert [[lengths[index] for index in pack] for pack in best_fit(lengths, MOST)] == [
        [other[index] for index in pack] for pack in best_fit(other, MOST)
    ]


@settings(max_examples=60)
@given(st.lists(st.integers(1, MOST), min_size=1, max_size=60))
def test_it_is_near_the_least_number_of_packs(lengths: list[int]) -> None:
    """At most 11/9 of the fewest and 6/9 (Dosa 2007, for the longest first), and first fit's packs lose nothing."""
    packs, plain = best_fit(lengths, MOST), first_fit(lengths, MOST)
    fewest = -(-sum(lengths) // MOST)
    large = sum(length > MOST // 2 for length in lengths)

    assert len(packs) >= max(fewest, large)
    assert 9 * len(packs) <= 11 * len(plain) + 6  # the fewest are at most first fit's
    assert 0 < utilisation(packs, lengths, MOST) <= 1


@pytest.mark.parametrize("seed", range(3))
def test_it_uses_no_less_than_first_fit_on_usual_rows(seed: int) -> None:
    """2,000 rows whose lengths look like those of answers."""
    from random import Random  # noqa: PLC0415

    chance = Random(seed)
    lengths = [min(4096, 1 + int(chance.lognormvariate(5.5, 0.9))) for _ in range(2000)]

    assert utilisation(first_fit(lengths, 4096), lengths, 4096) <= utilisation(best_fit(lengths, 4096), lengths, 4096)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 20), max_size=8))
def test_positions_restart_where_rows_begin(lengths: list[int]) -> None:
    """Beginnings, positions and documents say the same."""
    begins, positions, rows = cu_seqlens(lengths), position_ids(lengths), document_mask(lengths, sum(lengths) + 3)

    assert lengths == [end - begin for begin, end in pairwise(begins)]
    assert begins[:-1] == [place for place, position in enumerate(positions) if position == 0]
    assert all(after in (0, before + 1) for before, after in pairwise(positions))
    assert [0, 0, 0] == rows[-3:]
    assert lengths == [rows.count(number) for number in range(1, len(lengths) + 1)]


def test_the_published_example() -> None:
    """Rows of 11 and 6 tokens begin at 0 and 11; documents count from 1, padding is 0."""
    assert [0, 11, 17] == cu_seqlens([11, 6])
    assert [0, 1, 0, 1, 2] == position_ids([2, 3])
    assert [1, 1, 2, 2, 2, 0] == document_mask([2, 3], 6)


@pytest.mark.parametrize("lengths", [[0], [201], [5, -1]])
def test_rows_that_cannot_be_packed_are_refused(lengths: list[int]) -> None:
    """Empty, or longer than a pack."""
    with pytest.raises(ValueError, match="empty or longer"):
        best_fit(lengths, MOST)


@pytest.mark.parametrize("most", [1, 63, 64, 65, 4096, 300_000])
def test_any_size_of_pack_works(most: int) -> None:
    """Also at the edges of the tree of words."""
    lengths = [most, 1, *([most - 1] if most > 1 else [])]

    assert [[0], [2, 1]] == best_fit(lengths, most) if most > 2 else best_fit([1, 1], 1) == [[0], [1]]
