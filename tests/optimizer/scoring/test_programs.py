"""Programs out of an instruction and a response: the code, the examples, and what a run says about them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.optimizer.scoring.examples import examples_of, parsed
from autoevol.optimizer.scoring.programs import Program, SeedTests, code_finding, code_of, program_for
from autoevol.optimizer.scoring.sandbox import Limits, isolation, run_program

HUMANEVAL = Path(__file__).parents[4] / "shared" / "data" / "humaneval.jsonl.gz"
QUICK = Limits(cpu_seconds=1, seconds=5.0)
DOUBLE = "def f(x):\n    return 2 * x\n"


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ("Here:\n```python\nx = 1\n```\nDone.", "x = 1\n"),
        ("```py\ndef f(:\n```", "def f(:\n"),
        ("1. First\n\n   ```python\n   x = 1\n   ```", "x = 1\n"),
        ("```python\ndef f(): pass\n```\nUse:\n```python\nf()\n```", "def f(): pass\n\nf()\n"),
        ("```python\ndef f(): pass\n```\nIn it:\n```python\n  return 1 +\n```", "def f(): pass\n"),
        ("```\nimport os\n```", "import os\n"),
        ("```python\nx = 1", "x = 1"),
        ("```python\n!pip install x\nx = 1\n```", "\nx = 1\n"),
        (DOUBLE, DOUBLE),
        ("```javascript\nlet x = 1\n```", None),
        ("```\nplain words\n```", None),
        ("```python\n>>> f(2)\n4\n```\n```python\n>>> f(3)\n```", None),
        ("Paris", None),
        ("x = 5", None),
        ("You could use def f(x): return x.", None),
        ("", None),
    ],
)
def test_code_of_a_response(response: str, code: str | None) -> None:
    """Blocks that are Python, or all of it where all is Python."""
    assert code == code_of(response)


@pytest.mark.parametrize(
    ("instruction", "examples"),
    [
        ("For example, f(2) returns 4.", [("f(2)", "4")]),
        ("`f([1, 2])` should return `[2, 4]`, and `f('a')` -> 'aa'.", [("f([1, 2])", "[2, 4]"), ("f('a')", "'aa'")]),
        ("f(2) == 4\nf(x=3)=>6\nf(-1) # returns -2", [("f(2)", "4"), ("f(x=3)", "6"), ("f(-1)", "-2")]),
        ("例如，f(2) 应返回 4。f('半') 的结果是 '半半'。", [("f(2)", "4"), ("f('半')", "'半半'")]),
        (">>> f(2)\n4\n>>> print(f(3))\n6\n\nWrite it.", [("f(2)", "4"), ("print(f(3))", "'6'")]),
        ("```\n>>> f(2)\n4\n```", [("f(2)", "4")]),
        (">>> f(2)\n4\nThen explain it.", [("f(2)", "4")]),
        (">>> f('x')\nTraceback (most recent call last):\n  ...\nTypeError: no\n", []),
        ("assert f(2) == 4\n`assert f(3) == 6`", [("assert f(2) == 4", None), ("assert f(3) == 6", None)]),
        ("Input: nums = [2, 7], target = 9\nOutput: [0, 1]", [("[2, 7]\x009", "[0, 1]")]),
        ("示例：\n输入：5\n输出：120", [("5", "120")]),
        ("f(true) returns true", []),
        ("f(2) returns true", [("f(2)", "True")]),
        ("f(2) returns 4 items", []),
        ("f(2) -> 2 * 2", []),
        ("f(n) returns 4", []),
        ("If f(2) returns 4, what is f?", []),
        ("def f(2) -> 4", []),
        ("f(2) currently returns 5, which is a bug. f(3) returns 6.", []),
        ("Fix the code. f(2) returns 5.\nassert f(2) == 4", [("assert f(2) == 4", None)]),
        ("os.f(2) returns 4", []),
        ("f(" * 5000, []),
        ("f(2) returns [" * 200, []),
    ],
)
def test_examples_of_an_instruction(instruction: str, examples: list[tuple[str, str | None]]) -> None:
    """Literal calls and values, where the text plainly says that one gives the other."""
    assert examples == [(example.source, example.wanted) for example in examples_of(instruction)]


@given(st.text(alphabet="f(2)[]->=returns '\"`>\n assert,.{}:4"))
def test_no_text_raises(text: str) -> None:
    """Whatever is written, it is read or left."""
    assert len(examples_of(text)) <= 20
    program_for(text, text)
    parsed(text)


def _fenced(code: str) -> str:
    return f"Here it is:\n```python\n{code}\n```"


@pytest.mark.parametrize(
    ("instruction", "code", "evidence"),
    [
        ("Write f. f(2) returns 4.", DOUBLE, None),
        ("Write f. f(2) returns 5.", DOUBLE, "the code fails: AssertionError: f(2) returns 5: it is 4"),
        ("Write g. g(2) returns 5.", DOUBLE, "the code fails: AssertionError: g(2) returns 5: it is 4"),
        ("Write f.\nassert f(2) == 5", DOUBLE, "the code fails: AssertionError (line 8: assert f(2) == 5)"),
        ("Write f. f('a') returns 1.", "def f(x):\n    return x / 2", "from line 7: f('a') returns 1)"),
        ("Write f.", "def f(:\n    pass", "the code does not compile: SyntaxError: invalid syntax (line 1)"),
        ("Write f.", DOUBLE + "g(1)", "the code breaks as it is loaded: NameError: name 'g'"),
        ("Write S.\n>>> s = S()\n>>> s.push(1)\n>>> s.pop()\n1", "class S(list):\n    push = list.append", None),
        ("Write S.\n>>> s = S()\n>>> s.push(1)\n>>> s.pop()\n2", "class S(list):\n    push = list.append", "it is 1"),
        ("Write f.\n>>> s = S()\n>>> s.top()\n1", DOUBLE + "def g(): pass", None),
        ("Write f. f(2) returns 4.", "def f(x):\n    print(2 * x)", None),
        ("Write f. f(3) returns [0, 1, 2].", "def f(n):\n    yield from range(n)", None),
        ('Write f. f(2) returns ("x").', "def f(x):\n    return ('x',)", None),
        ("Write f. f(3) returns 0.33.", "def f(n):\n    return 1 / n", None),
        ("Input: n = 3\nOutput: 6", "def solve(n: int) -> int:\n    return 2 * n", None),
        ("Input: n = 3\nOutput: 7", "def solve(n: int) -> int:\n    return 2 * n", "Input: n = 3 Output: 7: it is 6"),
        ("Input: n = 3\nOutput: 7", "def solve(n, m):\n    return 2 * n", None),
        ("Use len([1, 2]) == 3 as you like.", DOUBLE, None),
        ("Write f.", "import torch\nprint(torch.zeros(3))", None),
        ("Write f.", "print(open('data.csv').read())", None),
        ("Write f.", "name = input()\nprint(undefined)", None),
        ("Write f.", "while True:\n    pass", None),
        ("Write f.", "import sys\nsys.exit(1)", None),
        ("Go on from `data`, a list.", "print(data[0])", None),
    ],
)  # fmt: skip
async def test_what_a_run_says(instruction: str, code: str, evidence: str | None) -> None:
    """A finding where the code is at fault, none where only the sandbox or a lack of context is."""
    if (await isolation()).missing:
        pytest.skip("programs cannot be shut in on this machine")
    program = program_for(instruction, _fenced(code))
    assert program is not None
    result = await run_program(program.text, QUICK)
    finding = code_finding(program, result.ok, result.detail)
    if evidence is None:
        assert finding is None
    else:
        assert finding is not None
        assert ("code-fails", "sandbox") == (finding.kind, finding.by)
        assert evidence in finding.evidence


@pytest.mark.parametrize(
    ("response", "ok"),
    [
        ("    return 2 * x\n", True),
        (_fenced(DOUBLE), True),
        (_fenced("def f(x):\n    return helper(x) * 2"), True),
        ("    return 3 * x\n", False),
        ("I do not know.", False),
        (_fenced("import sys\nsys.exit(0)"), False),
        (_fenced(DOUBLE + "def check(f):\n    pass"), True),
    ],
)
async def test_a_seed_brings_its_own_tests(response: str, ok: bool) -> None:
    """As in HumanEval: the response goes on from the prompt, or is whole; helpers of the prompt are there."""
    if (await isolation()).missing:
        pytest.skip("programs cannot be shut in on this machine")
    seed = SeedTests(
        "def check(candidate):\n    assert candidate(2) == 4\n", "f",
        'def helper(x):\n    return x\n\n\ndef f(x):\n    """Twice x; f(2) returns 5."""\n',
    )  # fmt: skip
    program = program_for("Complete it.", response, seed)
    assert program is not None
    assert ok is (await run_program(program.text, QUICK)).ok


@pytest.mark.skipif(not HUMANEVAL.exists(), reason="the data is not beside this checkout")
async def test_a_few_tasks_of_humaneval() -> None:
    """Canonical solutions pass, empty ones do not."""
    if (await isolation()).missing:
        pytest.skip("programs cannot be shut in on this machine")
    with gzip.open(HUMANEVAL, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file][::41]
    for row in rows:
        seed = SeedTests(row["test"], row["entry_point"], row["prompt"])
        for solution, ok in ((row["canonical_solution"], True), ("    pass\n", False)):
            program = program_for(row["prompt"], solution, seed)
            assert program is not None
            assert ok is (await run_program(program.text)).ok, row["task_id"]


def test_limits_count_only_where_something_was_tested() -> None:
    """A game may loop for ever; a function that is tried on an example may not."""
    assert None is code_finding(Program("", ()), False, "time limit")
    finding = code_finding(Program("", ("f(2) returns 4",)), False, "time limit")
    assert finding is not None
    assert "the code fails: time limit" == finding.evidence
