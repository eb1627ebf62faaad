from __future__ import annotations

from collections import Counter

import pytest

from autoevol.optimizer.scoring.labelled import FLAWS, LabelledRow, load_labelled

NAMED = ("answer-leak", "not-harder", "contradiction", "unsolvable", "near-copy", "lost-numbers", "task-changed")
"""Classes that a set needs more of, because they are the most common or the hardest to see."""


@pytest.fixture(scope="module")
def rows() -> list[LabelledRow]:
    """The Chinese rows of the shipped set."""
    return [row for row in load_labelled() if row.language == "zh"]


def test_enough_chinese_rows(rows: list[LabelledRow]) -> None:
    """At least 90 rows, of which at least 30 are good, so that precision can be told."""
    assert (True, True) == (len(rows) >= 90, sum(row.good for row in rows) >= 30)


@pytest.mark.parametrize("flaw", FLAWS)
def test_every_class_is_there_in_chinese(rows: list[LabelledRow], flaw: str) -> None:
    """Each class is the main flaw of at least three rows, of four where it matters most."""
    main = Counter(row.flaws[0] for row in rows if row.flaws)
    assert main[flaw] >= (4 if flaw in (*NAMED, "scaffold-leak", "solution-hint") else 3)


def test_chinese_ids_follow_the_lines(rows: list[LabelledRow]) -> None:
    """Ids are numbered through, so that a person finds a row by its id."""
    assert [f"zh-{number:03d}" for number in range(1, len(rows) + 1)] == [row.id for row in rows]


def test_no_two_chinese_rows_are_alike(rows: list[LabelledRow]) -> None:
    """Every row has a seed of its own."""
    assert len(rows) == len({row.seed for row in rows})


def test_good_chinese_rows_are_whole(rows: list[LabelledRow]) -> None:
    """A good row is another text than its seed and has an answer."""
    assert [] == [row.id for row in rows if row.good and (row.seed == row.evolved or not (row.response or "").strip())]


def test_maths_is_the_largest_chinese_domain(rows: list[LabelledRow]) -> None:
    """Word problems are what evolved data is made of most, but no domain is a token one."""
    domains = Counter(row.domain for row in rows)
    assert ("maths", True) == (domains.most_common(1)[0][0], min(domains.values()) >= 10)


def test_the_order_of_chinese_rows_tells_nothing(rows: list[LabelledRow]) -> None:
    """Good and bad rows are mixed: neither half of the file holds more than two thirds of the good ones."""
    half = sum(row.good for row in rows[: len(rows) // 2])
    total = sum(row.good for row in rows)
    assert total / 3 <= half <= 2 * total / 3
