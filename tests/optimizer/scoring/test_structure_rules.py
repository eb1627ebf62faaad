"""Rules on the evolved text as a whole."""

from __future__ import annotations

import pytest

from autoevol.agents.messages import Finding
from autoevol.optimizer.scoring.endings import truncated
from autoevol.optimizer.scoring.harder import restated
from autoevol.optimizer.scoring.languages import language_changed
from autoevol.optimizer.scoring.pair import Pair
from autoevol.optimizer.scoring.sameness import identity, near_copy
from autoevol.optimizer.scoring.structure import failed, runaway_length, unreadable
from autoevol.optimizer.scoring.tasks import lost_question

CLIPS = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
    "How many clips did Natalia sell altogether in April and May?"
)
EGGS = "小明有12个鸡蛋，他每天早上吃3个，剩下的鸡蛋以每个2元的价格卖给邻居。请问小明一共可以卖多少钱？"


@pytest.mark.parametrize(
    ("pair", "found"),
    [
        (Pair("Q", evolved=None), True),
        (Pair("Q", evolved=" \n"), True),
        (Pair("Q", evolved=None, fault="unreadable"), True),
        (Pair("Q", evolved="text"), False),
        (Pair("Q", evolved=None, fault="truncated"), False),
        (Pair("Q", evolved=None, fault="content_filter"), False),
    ],
)
def test_unreadable(pair: Pair, found: bool) -> None:
    """No text is unreadable, unless a better name for it is known."""
    assert found is (unreadable(pair) is not None)


@pytest.mark.parametrize(
    ("fault", "response_fault", "expected"),
    [
        ("truncated", "", Finding("truncated", "evolved")),
        ("", "truncated", Finding("truncated", "response")),
        ("", "", None),
        ("unreadable", "", None),
    ],
)
def test_truncated(fault: str, response_fault: str, expected: Finding | None) -> None:
    """Either side may have been cut."""
    assert expected == truncated(Pair("Q", fault=fault, response_fault=response_fault))


@pytest.mark.parametrize(
    ("fault", "response_fault", "expected"),
    [
        ("context_too_long", "", Finding("failed", "evolver: context_too_long")),
        ("empty", "", Finding("failed", "evolver: empty")),
        ("", "unanswerable", Finding("failed", "responder: unanswerable")),
        ("", "empty", None),
        ("", "content_filter", None),
        ("unreadable", "truncated", None),
        ("", "", None),
    ],
)
def test_failed(fault: str, response_fault: str, expected: Finding | None) -> None:
    """A reason of NoAnswer; an empty or filtered response has a name of its own."""
    assert expected == failed(Pair("Q", fault=fault, response_fault=response_fault))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (CLIPS, CLIPS, True),
        (CLIPS, f"  {CLIPS.upper()}\n", True),
        ("Say “hello”, please.", 'say "hello" please', True),
        ("计算１＋２。", "计算 1+2", True),
        ("?!", "?!", True),
        ("?!", "!?!", False),
        ("What is 10²?", "What is 102?", False),
        ("What is 3-2?", "What is 3+2?", False),
        (CLIPS, CLIPS.replace("48", "49"), False),
    ],
)
def test_identity(old: str, new: str, found: bool) -> None:
    """Case, spaces, punctuation and width do not make a new text; numbers and signs do."""
    assert found is (identity(Pair(old, evolved=new)) is not None)


@pytest.mark.parametrize(
    ("new", "found"),
    [
        (CLIPS.replace("altogether", "in total"), True),
        (CLIPS.replace("Natalia", "Natasha").replace("clips", "pins"), False),
        (CLIPS.replace("and then she sold", "and afterwards she has sold"), False),
        ("How many clips did Natalia sell in total in April and May, if she sold clips to 48 of her friends in April "
         "and then sold half as many clips in May?", True),
        (CLIPS, False),
        (CLIPS.replace("48", "52"), False),
        (CLIPS.replace("half as many", "twice as many"), False),
        (CLIPS.replace("in May. ", "in May, at a price of two dollars each. "), False),
        (CLIPS.replace("in May. ", "in May, paying by card. "), False),
        (CLIPS.replace("How many clips", "How many clips, not counting gifts,"), False),
        (None, False),
    ],
)  # fmt: skip
def test_near_copy(new: str | None, found: bool) -> None:
    """Exchanged words and another order are copies; a number, a strong word or a short clause is real."""
    assert found is (near_copy(Pair(CLIPS, evolved=new)) is not None)


@pytest.mark.parametrize(
    ("new", "found"),
    [
        (EGGS.replace("请问小明一共可以卖", "那么，小明总共可以卖"), True),
        (EGGS.replace("3个", "4个"), False),
        (EGGS.replace("请问", "其中有两个鸡蛋碎了，请问"), False),
        (EGGS.replace("请问", "他还送给同学一些，请问"), False),
    ],
)
def test_near_copy_in_chinese(new: str, found: bool) -> None:
    """The same by characters."""
    assert found is (near_copy(Pair(EGGS, evolved=new, language="zh")) is not None)


def test_a_new_name_in_a_longer_text_is_a_copy() -> None:
    """Of twenty content words one or two may be exchanged."""
    old = (
        "A baker mixes 4 kilograms of rye flour, 2 kilograms of wheat flour and 3 liters of water in a steel bowl, "
        "lets the dough rest overnight, cuts loaves of 750 grams and bakes them on stone. How many can Peter sell?"
    )
    assert near_copy(Pair(old, evolved=old.replace("Peter", "Paula"))) is not None
    assert near_copy(Pair(old, evolved=old.replace("overnight", "for 9 hours"))) is None


def test_one_word_of_a_short_instruction_is_its_subject() -> None:
    """Causes and consequences are two tasks."""
    pair = Pair(
        "Explain the causes of the French Revolution.", evolved="Explain the consequences of the French Revolution."
    )
    assert near_copy(pair) is None


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("word " * 10, "word " * 161, True),
        ("word " * 10, "word " * 160, False),
        ("word " * 100, "word " * 290, False),
        ("字" * 20, "字" * 281, True),
        ("字" * 20, "字" * 280, False),
        ("word", "", False),
    ],
)
def test_runaway_length(old: str, new: str, found: bool) -> None:
    """Both limits must be passed: trebled, and 150 words or 260 characters more."""
    assert found is (runaway_length(Pair(old, evolved=new)) is not None)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (CLIPS, EGGS, True),
        (EGGS, CLIPS, True),
        ("Пожалуйста, напишите короткое письмо другу.", "Please write a short letter to your friend.", True),
        (CLIPS, CLIPS + " Answer in 中文.", False),
        ("把下面这句话翻译成英文：今天天气很好。", "把下面两句话翻译成英文：今天天气很好。明天会下雨。", False),
        ("Translate into Chinese: good day to you, sir, 你好你好你好", EGGS, False),
        (
            "用 Python 写一个函数 `def add(a, b)`，返回两数之和",
            "用 Python 写一个函数 `def add(a, b, c=0)`，返回三数之和",
            False,
        ),
        ("Hi", "你好你好你好", False),
        (CLIPS, None, False),
    ],
)
def test_language_changed(old: str, new: str | None, found: bool) -> None:
    """Another script nearly throughout; mixed and tiny texts are left alone."""
    assert found is (language_changed(Pair(old, evolved=new)) is not None)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (CLIPS, "Natalia sold clips to 48 friends in April and half as many in May, which makes 24.", True),
        (CLIPS, "She then needs to add both numbers to see what she sold.", True),
        (CLIPS, "Natalia sold 48 clips in April and half as many in May; calculate the total.", False),
        (CLIPS, "Natalia sold 48 clips. How many is that in dozens?", False),
        (CLIPS, "Natalia wants to know how many clips she sold in all.", False),
        (CLIPS, "After 48 sales in April and half as many in May, Natalia needs to calculate her total.", False),
        ("Can you write a poem about rain?", "Craft a sonnet about rain in a desert town.", False),
        ("Write a poem.", "A poem.", True),
        (EGGS, "小明有12个鸡蛋，每天吃3个，其余的卖给邻居。", True),
        (EGGS, "小明有12个鸡蛋，每天吃3个，其余以2元卖出，求他的收入。", False),
    ],
)
def test_lost_question(old: str, new: str, found: bool) -> None:
    """A question may become a command, but not a statement."""
    language = "zh" if old is EGGS else "en"
    assert found is (lost_question(Pair(old, evolved=new, language=language)) is not None)


@pytest.mark.parametrize(
    ("evolved", "response", "found"),
    [
        (
            "Natalia, an eager girl, sold to 48 friends in April and half as many in May. How many?",
            "It is 72.\n#### 72",
            True,
        ),
        ("Natalia sold clips to 48 friends in April, half as many in May, 10 in June. How many?", "#### 82", False),
        (
            "Natalia sold clips to 48 friends in April, a third as many in May. How many in April and May?",
            "#### 72",
            False,
        ),
        (
            "Natalia sold clips to 48 friends in April and half as many in May. How many more in April?",
            "#### 24",
            False,
        ),
        ("Natalia sold clips to 48 friends in April and half as many in May. How many?", None, False),
    ],
)
def test_restated(evolved: str, response: str | None, found: bool) -> None:
    """The same numbers and the same answer; `a third` is a new number, another answer another problem."""
    assert found is (restated(Pair(CLIPS, "48/2 = 24\n#### 72", evolved, response)) is not None)
