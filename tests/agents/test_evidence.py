"""A quote is evidence only where its words stand in the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.evidence import stands_in

TEXT = "The shop has 12 red apples and sells 3 of them each day. How many are left after 5 days?"
CHINESE = "小明有12个苹果，每天吃3个。五天之后还剩几个？"


@pytest.mark.parametrize(
    ("expected", "quote"),
    [
        (True, "sells 3 of them each day"),
        (True, "“SELLS 3 of them, each   day!”"),
        (True, "sell 3 off them each day"),
        (True, "The shop has 12 red apples ... after 5 days"),
        (True, '"has 12 red apples" but "after 5 days"'),
        (False, "sells 4 of them each day"),
        (False, "The shop has 12 red apples ... after 7 days"),
        (False, "the customer leaves the shop"),
        (False, "the"),
        (False, "none"),
        (False, ""),
        (False, "apple"),
        (False, "words copied from a text above that decide it"),
        (True, "apples"),
    ],
)
def test_words_must_stand_there(expected: bool, quote: str) -> None:
    """Case, spaces and punctuation do not count and a small slip is forgiven, but never another number."""
    assert expected == stands_in(quote, ("Another text.", TEXT))


@pytest.mark.parametrize(
    ("expected", "quote"),
    [
        (True, "每天吃3个"),
        (True, "每天吃３个；五天之后"),
        (True, "苹果"),
        (False, "果"),
        (False, "每天吃4个"),
        (False, "无"),
    ],
)
def test_chinese_words_must_stand_there(expected: bool, quote: str) -> None:
    """Two characters are a word; full-width digits are digits."""
    assert expected == stands_in(quote, (CHINESE,))


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_what_was_cut_out_stands_in_the_text(before: str, quote: str, after: str) -> None:
    """Any quote of enough letters stands where it was copied from, and no quote breaks the rule."""
    stands_in(quote, (before, after))
    words = f"{quote} evidence"

    assert (
        "..." in words
        or "…" in words
        or any(mark in words for mark in '"”“」「』『')
        or stands_in(words, (f"{before} {words} {after}",))
    )
