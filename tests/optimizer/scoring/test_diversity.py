"""How diverse a set of texts is, and when a method makes it narrower."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autoevol.optimizer.scoring.diversity import LEAST, diversity_of, narrower

WIDE = [f"{word} the {number} boxes that {word} left behind" for number, word in enumerate(
    ("Count", "Weigh", "Paint", "Move", "Sell", "Hide", "Draw", "Name", "Sort", "Stack", "Mark", "List"))]  # fmt: skip
NARROW = [f"Imagine that you are a teacher. {text}" for text in WIDE]


@given(st.lists(st.text(max_size=60), max_size=12))
def test_figures_are_shares(texts: list[str]) -> None:
    """Of nothing and of rubbish, too."""
    found = diversity_of(texts)

    assert all(0 <= share <= 1 for share in (found.openings, found.bigrams, found.trigrams, found.commonest))


def test_texts_that_all_begin_alike_are_narrow() -> None:
    """The same lead-in for all is what a method that lost its diversity looks like."""
    assert (1.0, 1 / 12) == (diversity_of(WIDE).openings, diversity_of(NARROW).openings)
    assert "distinct openings fall from 100% to 8%" in narrower(WIDE, NARROW, 0.1)
    assert "" == narrower(NARROW, WIDE, 0.1)
    assert "" == narrower(WIDE, WIDE, 0.0)


def test_longer_texts_do_not_look_narrower() -> None:
    """Only the beginning of a text is looked at: the share of distinct words falls with length alone."""
    long = [f"{text}. " + " ".join(f"{word}{number}" for number in range(80)) + " and so on" * 30
            for text, word in zip(WIDE, "abcdefghijkl", strict=True)]  # fmt: skip

    assert "" == narrower(WIDE, long, 0.1)


def test_of_a_few_texts_nothing_is_said() -> None:
    """Shares of nine texts are chance."""
    assert "" == narrower(WIDE[: LEAST - 1], NARROW[: LEAST - 1], 0.1)
