"""Arithmetic: always right, in the layouts of the paper's data, and checked line by line."""

from __future__ import annotations

import re
from collections import Counter
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autoevol.optimizer.curate.forms.arithmetic import FORMS, ArithmeticForm, Wording, answer, question
from autoevol.optimizer.curate.forms.checking import check_answer, problem_in, result_in
from autoevol.optimizer.curate.forms.problems import Operation, Problem, carries_of, draw_problems, kinds_of

PROBLEMS = st.builds(
    Problem, st.sampled_from(get_args(Operation)), st.integers(0, 10**7), st.integers(0, 10**7) | st.integers(0, 20)
)


@settings(max_examples=60)
@given(PROBLEMS, st.sampled_from([*FORMS]), st.sampled_from(get_args(Wording)))
@example(Problem("add", 0, 0), "steps", "words")
@example(Problem("add", 999, 1), "detailed", "symbols")
@example(Problem("subtract", 1000, 1), "simplified", "words")
@example(Problem("subtract", 1, 1000), "detailed", "words")
@example(Problem("subtract", 5, 5), "reverse", "symbols")
@example(Problem("multiply", 0, 907), "steps", "words")
@example(Problem("multiply", 907, 10), "simplified", "symbols")
def test_answers_are_right(problem: Problem, form: ArithmeticForm, wording: Wording) -> None:
    """The result that is read from them, every equation in them, and the problem that is read from the question."""
    text = answer(problem, form, wording)

    assert problem.result == result_in(text, form)
    assert "right" == check_answer(problem, text, form, wording).verdict
    assert problem == problem_in(question(problem, form, wording))
    for equation in re.findall(r"[\d+*\- ]+(?:=[\d+*\- ]+)+", re.sub(" 1 (carried|borrowed)", " 1", text)):
        values = {eval(part.strip()) for part in equation.split("=")}
        assert len(values) <= 1, equation


@settings(max_examples=40)
@given(PROBLEMS, st.sampled_from([*FORMS]), st.sampled_from(get_args(Wording)), st.data())
def test_a_changed_digit_is_found(
    problem: Problem, form: ArithmeticForm, wording: Wording, data: st.DataObject
) -> None:
    """Wherever it stands: a wrong result, or a wrong step with its line."""
    text = answer(problem, form, wording)
    place = data.draw(st.sampled_from([place for place, letter in enumerate(text) if letter.isdecimal()]))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != text[place]]))
    changed = text[:place] + other + text[place + 1 :]
    found = check_answer(problem, changed, form, wording)

    assert found.verdict in {"wrong-step", "wrong-result"}
    assert 1 + text.count("\n", 0, place) == found.line


@pytest.mark.parametrize(
    ("problem", "form", "said"),
    [
        (Problem("add", 128, 367), "plain", "128+367=495"),
        (Problem("add", 128, 367), "reverse", "$128+367=594$"),
        (Problem("add", 928, 367), "simplified",
         "Input:\n928+367\nTarget:\nA->5 , C->1\nA->9 , C->0\nA->2 , C->1.\n1295"),
        (Problem("add", 128, 67), "detailed",
         "Input:\n128+67\nTarget:\n<scratch>\n[1,2,8] has 3 digits.\n[6,7] has 2 digits.\n"
         "[1,2,8] + [6,7] , A=[] , C=0 , 8+7+0=15 , A->5 , C->1\n"
         "[1,2] + [6] , A=[5] , C=1 , 2+6+1=9 , A->9 , C->0\n"
         "[1] + [] , A=[9,5] , C=0 , 1+0+0=1 , A->1 , C->0\n"
         "[] + [] , A=[1,9,5] C=0 , END\n</scratch>\n1 9 5"),
        (Problem("subtract", 128, 367), "simplified",
         "Input:\n128-367\nTarget:\nA->1 , C->0\nA->6 , C->-1\nA->-3 , C->-1\n-300+61=-239.\n-239"),
        (Problem("subtract", 42, 7), "detailed",
         "Input:\n42-7\nTarget:\n<scratch>\n[4,2] has 2 digits.\n[7] has 1 digits.\n"
         "[4,2] - [7] , A=[] , C=0 , 2-7-0+10=5 , A->5 , C->-1\n"
         "[4] - [] , A=[5] , C=-1 , 4-0-1=3 , A->3 , C->0\n"
         "[] - [] , A=[3,5]\n30+5=35 , END\n</scratch>\n3 5"),
        (Problem("multiply", 12, 34), "detailed",
         "Input:\n12*34\nTarget:\n<scratch>\n[1,2] has 2 digits.\n[3,4] has 2 digits.\n"
         "[1,2] * 4 , A=[4,8] , k=1 , B=[4,8] , C=0+48=48\n"
         "[1,2] * 3 , A=[3,6] , k=10 , B=[3,6,0] , C=48+360=408 , END\n</scratch>\n4 0 8"),
    ],
)  # fmt: skip
def test_layouts_are_those_of_the_data(problem: Problem, form: ArithmeticForm, said: str) -> None:
    """Question and answer joined."""
    assert said == question(problem, form, "symbols") + answer(problem, form, "symbols")


def test_steps_are_told_in_words() -> None:
    """Carries, borrows, a negative result, and products taken apart."""
    assert (
        "Ones: 8 + 7 = 15; write 5, carry 1.\nTens: 9 + 0 + 1 carried = 10; write 0, carry 1.\n"
        "Write the carried 1 in front.\nSo 98 + 7 = 105."
    ) == answer(Problem("add", 98, 7), "steps", "words")
    assert (
        "52 is larger than 9, so the result is negative: work out 52 - 9.\n"
        "Ones: 12 - 9 = 3, with 10 borrowed; write 3.\nTens: 5 - 0 - 1 borrowed = 4; write 4.\nSo 9 - 52 = -43."
    ) == answer(Problem("subtract", 9, 52), "steps", "words")
    assert (
        "63 * 4 = 60 * 4 + 3 * 4 = 240 + 12 = 252.\n63 * 70 = 60 * 70 + 3 * 70 = 4200 + 210 = 4410.\n"
        "252 + 4410 = 4662.\nSo 63 * 74 = 4662."
    ) == answer(Problem("multiply", 63, 74), "steps", "words")


@settings(max_examples=15)
@given(st.integers(0, 9), st.integers(1, 5), st.booleans())
def test_draws_are_different_balanced_and_seeded(seed: int, digits: int, negative: bool) -> None:
    """Every problem has the digits and carries of its kind; kinds with many problems have equal shares."""
    kinds = kinds_of(("add", "subtract"), {digits: 1.0}, 2, "carries")
    problems, counts = draw_problems(kinds, 60, seed, "t", negative=negative)
    seen = Counter((each.operation, each.digits, carries_of(each)) for each in problems)

    assert 60 == len(set(problems)) == sum(counts.values())
    assert {(kind.operation, kind.digits, kind.carries) for kind in kinds} == seen.keys()
    assert all(seen[kind.operation, kind.digits, kind.carries] == counts[kind.label] for kind in kinds)
    assert negative or all(each.result >= 0 for each in problems)
    assert all(
        abs(count - 60 * kinds_share) <= 1 for count, kinds_share in zip(counts.values(), kinds.values(), strict=True)
    )
    assert (problems, counts) == draw_problems(kinds, 60, seed, "t", negative=negative)


def test_used_up_kinds_leave_their_share_to_others() -> None:
    """There are 100 sums of one digit, and 55 differences that are not negative."""
    kinds = kinds_of(("add", "subtract"), {1: 1.0}, 1, "carries")
    problems, counts = draw_problems(kinds, 120, 1, "t", negative=False)
    everything, _ = draw_problems(kinds, 10_000, 1, "t", negative=False)

    assert 120 == len(problems)
    assert 55 >= counts["subtract 1 digit 0 borrows"]
    assert 155 == len(everything)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("What is 3 + 4?", Problem("add", 3, 4)),
        ("Work out 12 × 30, please.", Problem("multiply", 12, 30)),
        ("7−9", Problem("subtract", 7, 9)),
        ("What is 3 + 4 + 5?", None), ("3 + 4 or 4 + 3?", None), ("From 2019-2020", None),
        ("Write 3-5 sentences.", None), ("Who ruled in 1939-1945?", None), ("Sum up pages 10-15.", None),
        ("Compute 3-5 statistics of it.", None), ("9 - 4 apples are left.", Problem("subtract", 9, 4)),
        ("Calculate 34-21 and tell the result.", Problem("subtract", 34, 21)),
        ("Do it: 34-21=", Problem("subtract", 34, 21)),
        ("What is 34-21?", Problem("subtract", 34, 21)), ("计算 34-21", Problem("subtract", 34, 21)),
        ("1.5 + 2", None), ("x3 + 4", None), ("2 + 3.5", None), ("2 ** 3", None), ("no numbers", None),
    ],
)  # fmt: skip
def test_problems_are_read(text: str, problem: Problem | None) -> None:
    """One of two whole numbers, or none."""
    assert problem == problem_in(text)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("12 + 5 = 17.0", 17),
        ("12 + 5 = 17\nLet me know if you want 2 more.", 17),
        ("It is 17.\nWant 2 more?", 17),
        ("12 + 5 = **17**, as 5 fingers show", 17),
        ("17 apples", 17),
        ("So 12 + 5 = 10 + 7.\nHence 17", 17),
        ("It is 17.5", None),
        ("The answer is 1,234.", 1234),
        ("so = −7", -7),
        ("12\n\n", 12),
        ("a half", None),
        ("", None),
        ("1.5", None),
    ],
)
def test_results_are_read(text: str, result: int | None) -> None:
    """Behind an equals sign or at the end of a line, where it is a whole number; friendly words after it are none."""
    assert result == result_in(text)
