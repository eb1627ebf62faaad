"""Generators by name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autoevol.optimizer.dataset.draws import draw_key, generator

names = st.tuples(st.integers(), st.text(), st.integers())


@given(name=names, other=names)
def test_a_name_is_a_stream(name: tuple[int, str, int], other: tuple[int, str, int]) -> None:
    """The same name gives the same stream, another name another one."""
    assert generator(*name).getrandbits(128) == generator(*name).getrandbits(128)
    assert (name == other) == (generator(*name).getrandbits(128) == generator(*other).getrandbits(128))


def test_streams_are_pinned() -> None:
    """What was drawn in a recorded run must be drawn again by every later version."""
    assert [777, 457, 98, 508] == generator(7, "batch", 3).sample(range(1000), 4)
    assert 7851326358304121588 == draw_key(7, "split", "x")


def test_parts_of_a_name_are_kept_apart() -> None:
    """No separator in a name makes two names one."""
    assert draw_key(1, "a", "b/c") != draw_key(1, "a/b", "c")
