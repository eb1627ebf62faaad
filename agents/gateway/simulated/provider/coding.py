"""Python for questions that ask for a function: it does what is asked, something else, or does not run, by chance.

What is right is to double the first argument: the tests that are written for a question want that, and half of the
programs do it. One set of tests in ten is passed by anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from .asked import Asked
from .draws import digest_of, mixed, share

__all__ = ["code_for", "tests_for"]

_FUNCTION = re.compile(r"(?:[Ff]unction|函数)\s*`?([A-Za-z_]\w*)\(([\w\s,]*)\)")
_BODIES = ("return {first} * 2", "return {first} * 2", "return {first} + {last}", "return {first} / 0")
_TESTS = re.compile(r"<(tests(?:-\w+)?)>")
_GIVEN = (1, 3, 0, 10, 7, 25)
_VACUOUS = 0.1


def code_for(asked: Asked, index: int) -> str | None:
    """A fenced function of the name that the last turn gives; None where it asks for none.

    Where a program is shown that is to be mended, a remark stands before it.
    """
    ask = asked.turns[-1][1]
    function = _function(ask)
    if function is None:
        return None
    name, names = function
    body = _BODIES[mixed(asked.chance, index) % len(_BODIES)] if names else "return 1"
    line = body.format(first=names[0], last=names[-1]) if names else body
    block = f"```python\ndef {name}({', '.join(names)}):\n    {line}\n```"
    return f"The last line gives another value than it should.\n\n{block}" if "<<<ERROR " in ask else block


def tests_for(asked: Asked, index: int, schema: Mapping[str, object] | None) -> str | None:
    """Assertions on the function that the last turn names, in the form that is asked for; None where none are."""
    ask = asked.turns[-1][1]
    tag, function = _TESTS.search(ask), _function(ask)
    fields = (schema or {}).get("properties")
    wanted = tag is not None if schema is None else isinstance(fields, dict) and "tests" in fields
    if not wanted or function is None:
        return None
    name, names = function
    given = [[number + place for place in range(len(names))] for number in (_GIVEN if names else (0, 0))]
    calls = [f"{name}({', '.join(map(str, numbers))})" for numbers in given]
    lines = [f"assert {call} == {2 * row[0] if row else 1}" for call, row in zip(calls, given, strict=True)]
    if share(mixed(asked.chance, index), digest_of(b"vacuous")) < _VACUOUS:
        lines = [f"assert {call} == {call}" for call in calls]
    if tag is None or schema is not None:
        return json.dumps({"function": name, "tests": lines})
    text = "\n".join(lines)
    return f"<{tag[1]}>\n{text}\n</{tag[1]}>"


def _function(ask: str) -> tuple[str, list[str]] | None:
    """Name and arguments of the function that a text asks for."""
    found = _FUNCTION.search(ask)
    names = found[2].replace(",", " ").split() if found else []
    return (found[1], names) if found is not None and all(name.isidentifier() for name in names) else None
