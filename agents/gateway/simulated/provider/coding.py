"""Python for questions that ask for a function: it does what is asked, something else, or does not run, by chance."""

from __future__ import annotations

import re

from .asked import Asked
from .draws import mixed

__all__ = ["code_for"]

_FUNCTION = re.compile(r"(?:[Ff]unction|函数)\s*`?([A-Za-z_]\w*)\(([\w\s,]*)\)")
_BODIES = ("return {first} * 2", "return {first} * 2", "return {first} + {last}", "return {first} / 0")


def code_for(asked: Asked, index: int) -> str | None:
    """A fenced function of the name that the last turn gives; None where it asks for none."""
    found = _FUNCTION.search(asked.turns[-1][1])
    names = found[2].replace(",", " ").split() if found else []
    if found is None or not all(name.isidentifier() for name in names):
        return None
    body = _BODIES[mixed(asked.chance, index) % len(_BODIES)] if names else "return 1"
    line = body.format(first=names[0], last=names[-1]) if names else body
    return f"```python\ndef {found[1]}({', '.join(names)}):\n    {line}\n```"
