"""Unit tests of a question: read from what a model wrote, tried on programs without any sense, run on solutions.

Nothing of a test or a program is run here; texts go in and programs for the sandbox come out.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from ....agents.messages import Ran, Reply
from ...scoring.examples import parsed
from ...scoring.programs import SeedTests, program_for

__all__ = ["USUAL", "error_in", "first_of", "ran_of", "read_tests", "solution_program", "stub_program", "vacuous_by"]

_MOST_LINES, _LONGEST_LINE, _MOST_CONSTANTS = 60, 1_000, 12
_FENCE = re.compile(r"^\s*(?:```|~~~).*$", re.MULTILINE)
_LONGEST_ERROR = 600
_VACUOUS = "RuntimeError: vacuous: "
USUAL: tuple[object, ...] = (None, True, False, 0, 1, -1, "", [], {}, ())
"""What programs without sense return; one that does nothing returns None."""

# ---------------------------------------------------------------- what a model wrote


def read_tests(text: str) -> SeedTests | None:
    """The assertions in a text, and the function that they test; None where there is none to be used.

    Whatever is around them (fences, remarks, a function that holds them, an import of the solution) is left out. An
    assertion that does not call the function tests nothing, and is left out too.
    """
    lines = _assertions(_FENCE.sub("", text))
    names = Counter(name for line in lines for name in _called(line))
    if not names:
        return None
    name = max(names, key=lambda each: (names[each], -list(names).index(each)))
    kept = [line for line in dict.fromkeys(lines) if name in _called(line)]
    imports = [line for line in _imports(text) if line not in kept]
    return SeedTests("\n".join([*imports, *kept[:_MOST_LINES]]))


def function_of(tests: SeedTests) -> str:
    """The name that tests call; empty where they call none."""
    if tests.entry_point:
        return tests.entry_point
    tree = parsed(tests.tests)
    asserts = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Assert)] if tree else []
    names = Counter(name for line in asserts for name in _called(line))
    return max(names, key=lambda each: names[each], default="")


def first_of(tests: SeedTests) -> str:
    """The first assertion, which tells the name and the arguments."""
    return next(iter(_assertions(tests.tests)), "")


def _assertions(text: str) -> list[str]:
    """Assertions, each on one line; where the text is no Python as a whole, the lines that are."""
    tree = parsed(text)
    if tree is None:
        trees = [each for line in text.splitlines() if (each := parsed(line.strip())) is not None]
        tree = ast.Module([node for each in trees for node in each.body], [])
    nodes = [node for node in _statements(tree.body) if isinstance(node, ast.Assert)]
    lines = (ast.unparse(node) for node in nodes)
    return [line for line in lines if len(line) <= _LONGEST_LINE and "\n" not in line]


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Of the module and of functions that only hold tests."""
    for node in body:
        if isinstance(node, ast.FunctionDef) and not node.args.args:
            yield from _statements(node.body)
        elif isinstance(node, ast.ClassDef):
            continue
        else:
            yield node


def _imports(text: str) -> list[str]:
    """Imports of the standard library, which tests may need."""
    tree = parsed(_FENCE.sub("", text))
    nodes = [node for node in _statements(tree.body) if isinstance(node, ast.Import | ast.ImportFrom)] if tree else []
    return [ast.unparse(node) for node in nodes if all(_standard(name) for name in _modules(node))]


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]


def _standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _called(line: str) -> list[str]:
    """Names of the functions that a line calls, but for those of Python."""
    tree = parsed(line)
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree else ()
    names = (func.id for func in calls if isinstance(func, ast.Name))
    return [name for name in names if not hasattr(builtins, name)]


# ---------------------------------------------------------------- programs without any sense

_TRIAL = """
import copy
passed, own = [], ""
tests = compile({tests!r}, "tests", "exec")
for value in {values!r}:
    space = {{"__name__": "tests"}}
    try:
        exec({before!r}, space)
    except BaseException:
        pass
    space[{name!r}] = lambda *args, kept=value, **more: copy.deepcopy(kept)
    try:
        exec(tests, space)
    except (NameError, ImportError) as error:
        own = own or ("" if error.name in {others!r} else f"{{type(error).__name__}}: {{error}}")
        continue
    except BaseException:
        continue
    passed.append(repr(value)[:40])
if passed:
    raise RuntimeError("vacuous: " + ", ".join(passed))
if own:
    raise RuntimeError("broken: " + own)
"""


@lru_cache(maxsize=512)
def stub_program(tests: SeedTests, constants: tuple[object, ...] | None = None, asked: str = "") -> str | None:
    """A program that passes where the tests fail on every stub; None where it is not known what they call.

    It fails, too, where the tests fail by themselves: they are no Python, or want a name or a module that is not there.
    A name that they call, or that the question (`asked`) speaks of, may be the solution's.

    Stubs are functions that do nothing (`pass` returns None), and that return one constant whatever they are given: a
    few usual ones, and those that stand in the tests; or `constants` alone.
    """
    name = function_of(tests)
    if not name:
        return None
    call = f"\ncheck({name})\n" if tests.entry_point else ""
    each = (*USUAL, *_constants(tests.tests)) if constants is None else constants
    values = list({repr(value): value for value in each}.values())
    before = f"{tests.prompt}\n    pass\n" if tests.prompt else ""
    others = sorted({*_called(tests.tests), *re.findall(r"[A-Za-z_]\w*", asked)})
    return _TRIAL.format(values=values, before=before, name=name, tests=tests.tests + call, others=others)


def vacuous_by(detail: str) -> str:
    """Which stubs passed, from the line with which such a program ended; empty where none did."""
    head, found, rest = detail.partition(_VACUOUS)
    return rest.partition(" (line")[0] if found and not head else ""


def _constants(text: str) -> Iterator[object]:
    """The first values that assertions compare with, in their order."""
    tree = parsed(text)
    asserts = (node.test for node in ast.walk(tree) if isinstance(node, ast.Assert)) if tree else ()
    found: dict[str, object] = {}
    for test in asserts:
        for node in _outside_calls(test):
            value = _literal(node)
            if value is not _NO_VALUE and len(repr(value)) <= _LONGEST_LINE:
                found.setdefault(repr(value), value)
    yield from islice(found.values(), _MOST_CONSTANTS)


_NO_VALUE = object()


def _outside_calls(node: ast.expr) -> Iterator[ast.expr]:
    """Literals of an expression, but for arguments of what is tested: what a result may be compared with."""
    if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and hasattr(builtins, node.func.id)):
        return
    if _literal(node) is not _NO_VALUE:
        yield node
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield from _outside_calls(child)


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NO_VALUE


# ---------------------------------------------------------------- solutions


# What was asked is looked at again after every reply.
@lru_cache(maxsize=2048)
def solution_program(instruction: str, response: str, tests: SeedTests) -> tuple[str, str] | None:
    """The program that tests a response, and the same as a person would write it; None where there is no code in it.

    The first tells what a comparison found; its lines are those of the second, which errors are told by.
    """
    plain = program_for(instruction, response, tests)
    if plain is None:
        return None
    told = SeedTests(_telling(tests.tests), tests.entry_point, tests.prompt)
    telling = program_for(instruction, response, told)
    return (telling.text if telling is not None else plain.text, plain.text)


def ran_of(reply: Reply | None) -> Ran | None:
    """A run; None where there was none."""
    return reply if isinstance(reply, Ran) else None


def error_in(detail: str, program: str, plain: str) -> str:
    """What went wrong, for who mends it: the lines as they stand in the plain program, without their numbers.

    Args:
        detail: of the run.
        program, plain: from `solution_program`.
    """
    if detail == "time limit":
        return "it did not come to an end in time"
    shown = list(zip(program.split("\n"), plain.split("\n"), strict=False))
    for number in dict.fromkeys(re.findall(r"line (\d+): ", detail)):
        ours, theirs = shown[int(number) - 1] if int(number) <= len(shown) else ("", "")
        detail = detail.replace(f"line {number}: {ours.strip()[:300]}", theirs.strip()[:300])
    return detail[:_LONGEST_ERROR]


def _telling(tests: str) -> str:
    """The tests with every `assert x == y` saying what x is, where it fails; their lines stay where they are.

    A result that equals a literal and a new object, too, claims to be equal to everything, and fails; so does one that
    differs from nothing. That holds of comparisons with a literal on one line: a result that is compared with a value
    of the program's own may know its like only.
    """
    tree = parsed(tests)
    lines = [line.encode() for line in tests.split("\n")]
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)] if tree else []
    for node in sorted(nodes, key=lambda each: (each.lineno, each.col_offset), reverse=True):
        test = node.test
        if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq) or len(test.ops) > 1:
            continue
        left, end = test.left, node.end_col_offset
        if node.lineno != node.end_lineno or end is None or left.end_col_offset is None or test.end_col_offset is None:
            continue
        line = lines[node.lineno - 1]
        lines[node.lineno - 1] = b"".join([
            line[: left.col_offset], b"(_found := ", line[left.col_offset : left.end_col_offset], b")",
            line[left.end_col_offset : test.end_col_offset], _honest(test.comparators[0]),
            _closing(line, test.end_col_offset, node),
            b', f"it is {_found!r:.80}"', line[end:],
        ])  # fmt: skip
    told = b"\n".join(lines).decode()
    return told if parsed(told) is not None else tests


def _honest(wanted: ast.expr) -> bytes:
    """Objects of a program's own may compare with their like only."""
    return b"" if _literal(wanted) is _NO_VALUE else b" and _found != object() and not _found == object()"


def _closing(line: bytes, end: int, node: ast.Assert) -> bytes:
    """What stands between the end of a comparison and a message, or the end: the brackets round the comparison."""
    stop = node.end_col_offset if node.msg is None else node.msg.col_offset
    return line[end:stop].rstrip().removesuffix(b",").rstrip()
