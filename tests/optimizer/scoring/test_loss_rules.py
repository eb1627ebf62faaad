"""Rules on what a seed holds and its evolution does not."""

from __future__ import annotations

from fractions import Fraction

import pytest

from autoevol.optimizer.scoring.losses import lost_code, lost_numbers, lost_table, lost_urls
from autoevol.optimizer.scoring.pair import Pair
from autoevol.optimizer.scoring.texts import numbers_of

TRIP = "A car drives 120 km in 2 hours, rests 30 minutes and drives 90 km more. What is its mean speed?"


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("1,000 and 1000 and 2.50", "en", {1000, Fraction(5, 2)}),
        ("one thousand, two hundred, five million", "en", {200, 5_000_000}),
        ("twenty-five friends and seven", "en", {25, 7}),
        ("1/3 of 3", "en", {Fraction(1, 3), 3}),
        ("costs $.75 on 3.11.2", "en", {Fraction(3, 4), Fraction(311, 100)}),
        ("room B5, x1, Python3", "en", set[int]()),
        ("1. first\n2. second has 4", "en", {4}),
        ("有三个苹果和二十五元，百分之四十", "zh", {3, 25, 40}),
        ("一万二千三百米和3万人", "zh", {12_300, 30_000}),
        ("一起吃三明治，十分好吃", "zh", {10}),
        ("９９元", "zh", {99}),
    ],
)
def test_numbers_are_values(text: str, language: str, expected: set[object]) -> None:
    """Digits, words, thousands, fractions, Chinese numerals before measure words."""
    assert expected == numbers_of(text, language).stated


def test_a_number_of_ten_thousand_digits_is_no_trouble() -> None:
    """A string of digits is data, not a number to convert."""
    assert frozenset() == numbers_of("9" * 10_000, "en").stated


@pytest.mark.parametrize(
    ("evolved", "found"),
    [
        ("A car drives some way, rests and drives on. What is its mean speed?", True),
        ("A car drives x km in 2 hours, rests a while and drives y km more. What is its mean speed?", True),
        ("A car drives 120 km in two hours, rests half an hour and drives 90 km more. What is its mean speed?", False),
        ("A van drives 140 km in 3 hours, rests 45 minutes and drives 80 km more. What is its mean speed?", False),
        ("A car drives 120 km in 2 hours, rests 30 minutes, drives 90 km, then 15 km. Mean speed?", False),
        (None, False),
    ],
)
def test_lost_numbers(evolved: str | None, found: bool) -> None:
    """Changed values are an evolution; values that are gone are a loss."""
    assert found is (lost_numbers(Pair(TRIP, evolved=evolved)) is not None)


@pytest.mark.parametrize(
    ("seed", "evolved", "language", "found"),
    [
        ("Give three tips.", "Give several tips for people at work.", "en", False),
        ("Give 3 tips.", "Give several tips for people at work.", "en", True),
        ("One of the boys has a dog. Why?", "A boy has a dog that barks. Why?", "en", False),
        ("买4打鸡蛋，每打12元，一共多少钱？", "买一些鸡蛋，一共多少钱？", "zh", True),
        ("有三个苹果和五个梨，一共几个？", "有3个苹果和5个梨，又买来7个橙子，一共几个？", "zh", False),
    ],
)
def test_lost_numbers_in_small_texts(seed: str, evolved: str, language: str, found: bool) -> None:
    """A lone number counts in digits only; words and digits are the same value."""
    assert found is (lost_numbers(Pair(seed, evolved=evolved, language=language)) is not None)


CODE = "Explain this:\n```python\ndef total(prices, rate):\n    return sum(prices) * (1 + rate)\n```"
BARE = "from typing import List\n\ndef total(prices: List[float], rate: float) -> float:\n    return sum(prices) * rate"


@pytest.mark.parametrize(
    ("seed", "evolved", "found"),
    [
        (CODE, "Explain a function that adds up amounts and puts tax on top.", True),
        (CODE, CODE.replace("Explain this", "Explain this line by line and name one bug"), False),
        (CODE, "Explain:\n```\ndef total(prices, rate, off):\n    return sum(prices) * rate - off\n```", False),
        (BARE, "Write a function with tax.", True),
        (BARE, f"Make it faster:\n\n{BARE}", False),
        ("What does `sorted_words` do?", "What does this do?", True),
        ("What does `sorted_words` do?", "What does sorted_words do with an empty list?", False),
        (TRIP, "No code at all.", False),
        ("用 `print_name` 打印。\n```\nprint_name(first)\n```", "打印名字。", True),
    ],
)  # fmt: skip
def test_lost_code(seed: str, evolved: str, found: bool) -> None:
    """Fenced, inline and bare code; a changed program is not a lost one."""
    assert found is (lost_code(Pair(seed, evolved=evolved)) is not None)


TABLE = "Which city is largest?\n| city | people |\n|---|---|\n| Oslo | 700 |\n| Bergen | 290 |"
TABS = "Sort:\nname\tage\nAnn\t30\nBen\t25"
COMMAS = "Sort:\nname,age,city\nAnn,30,Oslo\nBen,25,Rome"


@pytest.mark.parametrize(
    ("seed", "evolved", "found"),
    [
        (TABLE, "Which city in the table is largest, and by how much?", True),
        (TABLE, f"{TABLE}\nAnd which is smallest?", False),
        (TABLE, "Oslo has 700 people, Bergen 290. Which city is largest by far?", False),
        (TABS, "Sort people by their age and name.", True),
        (TABS, f"{TABS}\nCy\t41\nDescending.", False),
        (COMMAS, "Sort the rows.", True),
        ("He bought apples, pears, and figs.\nShe bought rye, oats, and corn.\nThey sold hay, wood, and coal.",
         "They traded goods.", True),
        ("First, he went home, slept, and then ate a big lunch.\nShe, too, went home.", "They went.", False),
        ("a | b", "no table", False),
    ],
)  # fmt: skip
def test_lost_table(seed: str, evolved: str, found: bool) -> None:
    """Rows between pipes, tabs or commas; what is kept as prose is kept."""
    assert found is (lost_table(Pair(seed, evolved=evolved)) is not None)


@pytest.mark.parametrize(
    ("seed", "evolved", "found"),
    [
        ("Sum up https://example.org/a.", "Sum up the page in five lines.", True),
        ("Sum up https://example.org/a.", "Sum up (http://www.example.org/a/) in five lines.", False),
        ("看 https://example.org/新闻，总结", "总结这条新闻", True),
        ("看https://example.org/b，总结", "看https://example.org/b，用三句话总结", False),
        ("No address.", "None.", False),
    ],
)
def test_lost_urls(seed: str, evolved: str, found: bool) -> None:
    """An address is kept when its host and path are."""
    assert found is (lost_urls(Pair(seed, evolved=evolved)) is not None)
