"""How much of a question an answer says again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.optimizer.scoring.said_again import said_again

ASKED = (
    "Ann has 12 hens and each of them lays one egg on every day of the week. How many eggs has she after four weeks?"
)


@pytest.mark.parametrize(
    ("instruction", "response", "least", "most"),
    [
        (ASKED, f"{ASKED}\n12 * 7 * 4 = 336", 1.0, 1.0),
        (ASKED, "Ann has 12 hens and each of them lays one egg on every day of the week. So 336.", 0.55, 0.75),
        (ASKED, "Each of the 12 hens lays 7 eggs in a week, which is 84, and 336 in four weeks.", 0.0, 0.0),
        ("Name two rivers of Europe.", "Two rivers of Europe are the Elbe and the Po.", 0.0, 0.0),
        ("Name two rivers of Europe.", "Name two rivers of Europe. The Elbe.", 1.0, 1.0),
        (
            "安有十二只母鸡，每只每天下一个蛋。四周后她有多少个蛋？",
            "安有十二只母鸡，每只每天下一个蛋。共336个。",
            0.4,
            0.7,
        ),
        ("", "Nothing was asked.", 0.0, 0.0),
        (ASKED, "", 0.0, 0.0),
    ],
)
def test_only_runs_of_words_count(instruction: str, response: str, least: float, most: float) -> None:
    """Who speaks of the same things in words of their own repeats nothing."""
    assert least <= said_again(instruction, response) <= most


@given(st.text(max_size=200), st.text(max_size=200))
def test_it_is_a_share(instruction: str, response: str) -> None:
    """Of any two texts; what holds the whole instruction says all of it again."""
    assert 0.0 <= said_again(instruction, response) <= 1.0
    assert said_again(instruction, instruction) in {0.0, 1.0}
