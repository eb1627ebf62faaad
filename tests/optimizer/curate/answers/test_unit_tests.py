"""Tests of a question: what of a text is one, which say nothing, and what an error is told as."""

from __future__ import annotations

import pytest

from autoevol.agents.gateway.requests import Turn
from autoevol.agents.messages import Instruction
from autoevol.optimizer.curate.answers.tested import question_sign
from autoevol.optimizer.curate.answers.unit_tests import (
    error_in,
    first_of,
    read_tests,
    solution_program,
    stub_program,
    vacuous_by,
)
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.scoring.programs import SeedTests
from autoevol.optimizer.scoring.sandbox import RunResult, isolation, run_program


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("assert f(1) == 2\nassert f(1) == 2", ["assert f(1) == 2"]),
        ("```\nfrom s import f\nimport math\nassert f(1) == math.e\n```", ["import math", "assert f(1) == math.e"]),
        ("def test_f():\n    assert f(1) == 2, 'no'\n    assert len([]) == 0", ["assert f(1) == 2, 'no'"]),
        ("1. assert f(1) == 2\nassert f(2) == 4\nand so on", ["assert f(2) == 4"]),
        ("assert f(1) == 2\nassert g(f(2)) == 4", ["assert f(1) == 2", "assert g(f(2)) == 4"]),
        ("def f(x):\n    assert x\nassert f(3)", ["assert f(3)"]),
    ],
)  # fmt: skip
def test_what_counts_are_assertions_that_call_the_function(text: str, lines: list[str]) -> None:
    """Fences, remarks, imports of the solution, repeats and lines about nothing are left out."""
    found = read_tests(text)

    assert found is not None
    assert lines == found.tests.split("\n")


@pytest.mark.parametrize("text", ["", "no tests today", "assert 1 == 1", "assert len([1]) == 1", "print(f(1))"])
def test_a_text_without_any_is_no_set_of_tests(text: str) -> None:
    """Nothing is made up."""
    assert None is read_tests(text)


def _tests(*lines: str) -> SeedTests:
    return SeedTests("\n".join(lines))


CHECK = "def check(candidate):\n    assert candidate([1, 2]) == 3\n    assert candidate([]) == 0\n"


@pytest.mark.parametrize(
    ("tests", "stub"),
    [
        (_tests("assert f(1) == 2", "assert f(2) == 4"), ""),
        (SeedTests(CHECK, "total", "def total(items):\n"), ""),
        (_tests("assert f('a') == 'xyz'", "assert f('b') == 'xyz'"), "'xyz'"),
        (_tests("assert f(1) == f(1)"), "None"),
        (_tests("assert isinstance(f(1), int)"), "True"),
        (_tests("assert abs(f(1) - 7.5) < 1e-6"), "7.5"),
        (_tests("try:", "    assert f(1) == 2", "except AssertionError:", "    pass"), "None"),
    ],
)
async def test_tests_that_a_stub_passes_are_vacuous(tests: SeedTests, stub: str) -> None:
    """A program that does nothing, or returns one constant, even one that stands in the tests."""
    if (await isolation()).missing:
        pytest.skip("code cannot be shut in here")
    program = stub_program(tests)
    assert program is not None
    result = await run_program(program)

    assert (not stub, True) == (result.ok, vacuous_by(result.detail).startswith(stub)), result


async def test_a_comparison_tells_what_it_found_and_errors_stand_in_plain_lines() -> None:
    """Who mends a program must know more than that it failed; our own additions are not shown."""
    if (await isolation()).missing:
        pytest.skip("code cannot be shut in here")
    tests = _tests("assert f(1) == 1, 'é'", "assert (f(2)) == 4")
    programs = solution_program("Write f.", "```python\ndef f(x):\n    return x\n```", tests)
    assert programs is not None
    result = await run_program(programs[0])

    assert not result.ok
    assert "AssertionError: it is 2 (assert (f(2)) == 4)" == error_in(result.detail, *programs)
    assert RunResult(True, "passed") == await run_program(programs[1].replace("return x", "return x * x"))


async def test_a_result_that_equals_everything_passes_nothing() -> None:
    """Objects that compare with their like only are compared as they want to be."""
    if (await isolation()).missing:
        pytest.skip("code cannot be shut in here")
    liar = "class A:\n    def __eq__(self, other):\n        return True\ndef f(x):\n    return A()"
    both = liar.replace("def f", "    def __ne__(self, other):\n        return True\ndef f")
    held = "    def __init__(self, x):\n        self.x = x\n"
    point = f"class P:\n{held}    def __eq__(self, two):\n        return self.x == two.x"
    tests = {liar: _tests("assert f(1) == 2"), both: _tests("assert f(1) == 2"), point: _tests("assert P(1) == P(1)")}
    programs = {code: solution_program("", f"```python\n{code}\n```", each) for code, each in tests.items()}
    results = {code: (await run_program(each[0])).ok for code, each in programs.items() if each}

    assert {liar: False, both: False, point: True} == results


def test_the_plain_error_of_a_limit_is_a_sentence() -> None:
    """And long errors are cut."""
    assert "it did not come to an end in time" == error_in("time limit", "", "")
    assert 600 == len(error_in("x" * 5_000, "", ""))


def test_the_first_test_shows_name_and_arguments() -> None:
    """That is all that the responder is shown of written tests, unless the settings say otherwise."""
    assert "assert f(1) == 2" == first_of(_tests("import math", "assert f(1) == 2", "assert f(3) == 6"))
    assert "" == first_of(_tests("x = 1"))


def test_code_is_looked_for_before_anything_is_run() -> None:
    """A text without any is no program."""
    assert None is solution_program("Write f.", "I would rather not.", _tests("assert f(1) == 2"))


def test_questions_are_the_same_with_all_that_is_asked_by() -> None:
    """The system prompt, the turns before, and the tests that are given; white space is nothing."""
    asked = [Instruction("Write f."), Instruction("Write  f."), Instruction("Write f.", "Be short."),
             Instruction("Write f.", context=(Turn("user", "In C."),)), Instruction("Write F.")]  # fmt: skip
    signs = [question_sign(Seed("s", 1, each), given=True) for each in asked]
    brought = Seed("s", 1, asked[0], None, _tests("assert f(1) == 2"))

    assert signs[0] == signs[1] == question_sign(brought, given=False)
    assert 5 == len({*signs, question_sign(brought, given=True)})
    assert {16} == {len(sign) for sign in signs}


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        (_tests("assert math.sqrt(f(4)) == 2"), "RuntimeError: broken: NameError: name 'math' is not defined"),
        (_tests("from nowhere_at_all import x", "assert f(4) == x"), "RuntimeError: broken: ModuleNotFoundError"),
        (SeedTests("def check(f):\n    assert f(1 == 2", "f"), "SyntaxError"),
        (_tests("assert twice(f(4)) == 2", "assert isinstance(f(5), Node)"), "passed"),
    ],
)
async def test_what_tests_do_wrong_themselves_is_told(tests: SeedTests, said: str) -> None:
    """No solution could pass them; names that they call or that the question knows may be the solution's."""
    if (await isolation()).missing:
        pytest.skip("code cannot be shut in here")
    program = stub_program(tests, (None,), "Write f, which gives a Node.")
    assert program is not None
    result = await run_program(program)

    assert result.detail.startswith(said), result


def test_only_so_many_constants_are_tried() -> None:
    """However many tests there are."""
    few, many = (_tests(*(f"assert f({n}) == {n + 1000}" for n in range(count))) for count in (12, 40))
    tried = [(stub_program(tests) or "").partition("]:")[0].count(", 10") for tests in (few, many)]

    assert tried[0] == tried[1]
