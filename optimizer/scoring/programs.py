"""Programs that test a response: its code, and the examples that its instruction states or the tests of its seed.

Nothing of a program is run here: `sandbox` does that. What a run says is read by `code_finding`.
"""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from ...agents.messages import Finding
from .examples import Example, examples_of, parsed
from .texts import quote

__all__ = ["Program", "SeedTests", "code_finding", "code_of", "program_for"]

_LONGEST = 60_000  # characters of a response; what is longer is no answer with one program in it


@dataclass(frozen=True, slots=True)
class SeedTests:
    """Tests that a seed brings along, as in HumanEval.

    Args:
        tests: Python that defines `check(candidate)`, or that tests by itself where `entry_point` is empty.
        entry_point: the function that `check` is called with.
        prompt: code that a response goes on from; empty where a response is whole.
    """

    tests: str
    entry_point: str = ""
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """A program for the sandbox.

    Args:
        text: the whole of it.
        tests: what it checks, in words of the instruction. Empty: only that it compiles and that its module level runs.
        known: names of the instruction, of which code may speak without defining them.
    """

    text: str
    tests: tuple[str, ...]
    known: frozenset[str] = frozenset()


def program_for(instruction: str, response: str, seed: SeedTests | None = None) -> Program | None:
    """The program that tests this response, or None where there is no Python to run.

    Args:
        instruction: the text that was answered; its examples are the tests.
        seed: the tests of the seed, for a response to the seed itself; then its examples do not count.
    """
    known = frozenset(re.findall(r"[A-Za-z_]\w*", instruction))
    if seed is not None:
        text = _with_seed(response, seed)
        return Program(text, ("the tests of the seed",), known) if text is not None else None
    code = code_of(response)
    if code is None:
        return None
    tree = parsed(code)
    if tree is None:
        return Program(code, (), known)
    if re.search(r"\binput\(|\bsys\.stdin\b", code):  # it waits for a person
        return Program(f"compile({code!r}, 'program.py', 'exec')", (), known)
    lines, told = _tests(examples_of(instruction), tree)
    return Program("\n".join([code, _EXPECT, *lines]) if told else code, tuple(told), known)


# ---------------------------------------------------------------- code

_FENCE = re.compile(
    r"^([ \t]*)(```+|~~~+)[ \t]*([\w+#.-]*)[^\n]*\n(.*?)(?:^[ \t]*\2[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_PYTHON = frozenset({"python", "python3", "py", "py3", "python2"})
_SHELL = re.compile(r"^[ \t]*[!%](?=[a-z]).*$", re.MULTILINE)


def code_of(response: str) -> str | None:
    """The Python of a response: its fenced blocks that are Python, or all of it where all of it is Python.

    One block marked as Python counts even if it does not compile. Of several, those that do not are pieces of
    an explanation. Interactive sessions are none, lines for a shell in a notebook are left out.
    """
    if len(response) > _LONGEST:
        return None
    blocks = [(tag.lower(), _SHELL.sub("", textwrap.dedent(body))) for _, _, tag, body in _FENCE.findall(response)]
    if not blocks:
        return response if _is_code(response) else None
    marked = [body for tag, body in blocks if tag in _PYTHON and not body.lstrip().startswith(">>>")]
    if len(marked) == 1:
        return marked[0]
    whole = [body for body in marked if parsed(body) is not None] or [
        body for tag, body in blocks if not tag and _is_code(body)
    ]
    return "\n".join(whole) if whole else None


def _is_code(text: str) -> bool:
    """Whether a text is Python that does something; `Paris` and `x = 5` are Python, too."""
    tree = parsed(text)
    telling = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.For, ast.While)
    return tree is not None and any(isinstance(node, telling) for node in tree.body)


def _with_seed(response: str, seed: SeedTests) -> str | None:
    code = code_of(response)
    whole = parsed(code) if code is not None else None
    if code is not None and whole is not None and (not seed.entry_point or seed.entry_point in _defined(whole)):
        before = seed.prompt if parsed(seed.prompt) is not None else ""
        body = f"{before}\n{code}"
    elif seed.prompt:
        body = f"{seed.prompt}{code if code is not None else response}"
    else:
        return code
    call = f"check({seed.entry_point})" if seed.entry_point else ""
    return f"{body}\n{seed.tests}\n{call}\n"


def _defined(tree: ast.Module) -> dict[str, ast.FunctionDef | None]:
    """Names of the module level: functions with their definition, all others with None."""
    names: dict[str, ast.FunctionDef | None] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names[node.name] = node
        elif isinstance(node, ast.ClassDef):
            names[node.name] = None
        elif isinstance(node, ast.Assign):
            names |= {target.id: None for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0]: None for alias in node.names}
    return names


# ---------------------------------------------------------------- tests

_CHECKS = """
import contextlib, io, itertools

def expect(said, call, wanted):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        found = call()
    if hasattr(found, "__next__") and isinstance(wanted, (list, tuple)):
        found = list(itertools.islice(found, len(wanted) + 1))
    if not same(found, wanted) and not (found is None and printed.getvalue().split() == str(wanted).split()):
        raise AssertionError(f"{said}: it is {found!r:.80}")

def same(found, wanted):
    if isinstance(found, tuple) and len(found) == 1 and not isinstance(wanted, tuple):
        found = found[0]  # ("x") is meant as a tuple
    if isinstance(found, (list, tuple)) and isinstance(wanted, (list, tuple)):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, float) and isinstance(found, (int, float)):
        return abs(found - wanted) <= 0.5 * 10.0 ** -max(2, len(repr(wanted).partition(".")[2]))
    return bool(found == wanted)
"""
# Under a name and in a file of its own: an error is told with the line of the code or of the example.
_EXPECT = (
    f"_checks = {{}}\nexec(compile({_CHECKS!r}, 'checks.py', 'exec'), _checks)\n_autoevol_expect = _checks['expect']"
)


def _tests(examples: Sequence[Example], tree: ast.Module) -> tuple[list[str], list[str]]:
    """Lines of Python, and what they test in words.

    Examples of functions that the code does not have are left out, but where it has only one function, that is the one.
    """
    defined = _defined(tree)
    functions = {name: node for name, node in defined.items() if node is not None and not name.startswith("_")}
    only = next(iter(functions)) if len(functions) == 1 else ""

    def has(example: Example) -> bool:
        name = example.function
        return (
            name in defined or (bool(only) and not hasattr(builtins, name)) or (example.kind == "session" and not name)
        )

    session = all(map(has, (one for one in examples if one.kind == "session")))
    lines: list[str] = []
    told: list[str] = []
    for example in examples:
        line = _test(example, functions.get(only)) if has(example) and (session or example.kind != "session") else ""
        if line and example.function and example.function not in defined:
            defined[example.function] = None
            lines.append(f"{example.function} = {only}")
        if line:
            lines.append(line)
            told += [example.said] if example.wanted is not None or example.kind == "assert" else []
    return lines, told


def _test(example: Example, only: ast.FunctionDef | None) -> str:
    """One example as one line, or nothing."""
    if example.kind == "io":
        if only is None or example.source.count("\0") + 1 != len(only.args.args) - len(only.args.defaults):
            return ""
        source = f"{only.name}({example.source.replace(chr(0), ', ')})"
    else:
        source = example.source
    if example.wanted is None:
        return source
    return f"_autoevol_expect({example.said!r}, lambda: ({source}\n), {example.wanted})"


# ---------------------------------------------------------------- what a run says

_BROKEN = ("SyntaxError", "IndentationError", "TabError")
# What says more about the sandbox than about the code: files, modules and input that are not there.
_NOT_THE_CODE = (
    "ModuleNotFoundError", "ImportError", "PermissionError", "FileNotFoundError", "OSError", "EOFError",
    "too many processes", "left before its end", "the sandbox", "the program is too long",
    "an error that cannot be told",
)  # fmt: skip
_LIMITS = ("time limit", "memory limit", "killed by signal")


def code_finding(program: Program, ok: bool, detail: str) -> Finding | None:
    """`code-fails`: the code does not compile, breaks as it is loaded, or gives something else than its examples say.

    No finding where the run says nothing about the code: a module, file or input that is not there, a limit that was
    met while nothing was tested, a name that the instruction knows.

    Args:
        ok, detail: the result of the run.
    """
    if ok or detail.startswith(_NOT_THE_CODE) or (detail.startswith(_LIMITS) and not program.tests):
        return None
    unknown = re.match(r"NameError: name '(\w+)' is not defined", detail)
    if unknown and unknown[1] in program.known:
        return None
    what = "does not compile" if detail.startswith(_BROKEN) else "fails" if program.tests else "breaks as it is loaded"
    return Finding("code-fails", quote(f"the code {what}: {_readable(detail)}"), "sandbox")


def _readable(detail: str) -> str:
    """With the example in the words of the instruction, not with our line that tries it."""
    if detail.startswith("AssertionError: ") and ": it is " in detail:
        return re.sub(r" \(line \d+: _autoevol_expect.*", "", detail)
    return re.sub(r"_autoevol_expect\((['\"])(.*?)\1, lambda.*", r"\2)", detail)
