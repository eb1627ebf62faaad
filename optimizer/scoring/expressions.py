"""Whether two short mathematical expressions are the same, by math-verify, within bounds.

math-verify reads LaTeX with a grammar and compares with SymPy. Two traps are avoided here. Its time limits are
signals, which work in a main thread only: they are off. What could run for ever is refused before (powers of powers,
deep brackets, anything that is not on a list of plain LaTeX), and the rest has a limit of steps of the interpreter,
which, unlike seconds, gives the same answer on every machine. Its other reader evaluates Python: only the one for
LaTeX is used.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from functools import cache, lru_cache
from types import FrameType
from typing import Any, cast

__all__ = ["same_expression"]

_LONGEST = 120  # characters
_DEEPEST = 4  # brackets in brackets: the grammar needs twice the time for each
_MOST_STEPS = 3_000_000  # calls and returns: about a second; what people write as answers takes a tenth
_LARGEST_POWER = 4_096  # product of all exponents
_ONE_AT_A_TIME = threading.Lock()  # the grammar keeps tables that are not made for threads

_PLAIN = """
frac dfrac tfrac sqrt cdot times div pm mp pi infty cup cap in left right text mathrm le leq ge geq lt gt ne neq
sin cos tan cot sec csc arcsin arccos arctan ln log exp alpha beta gamma delta theta lambda mu phi omega varphi
circ degree begin end pmatrix bmatrix emptyset mathbb
"""
_COMMANDS = frozenset(_PLAIN.split())
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_EXPONENT = re.compile(r"\^\s?(?:\{([^{}]*(?:\{[^{}]*\}[^{}]*){0,2})\}|(\\?\w))")
_PLAIN_EXPONENT = re.compile(
    r"-?\d{1,3}|-?\d{0,2}[a-z]|-?\\frac\{-?\d{1,2}\}\{\d{1,2}\}|-?\d{1,2}/\d{1,2}|-?i?\s?\\pi\s?i?|\\circ|-?[a-z][+-]\d{1,2}"
)


# A check looks at the same answers after every reply that follows.
@lru_cache(maxsize=4096)
def same_expression(one: str, other: str, *, steps: int = _MOST_STEPS) -> bool | None:
    """Whether two expressions, equations, sets, intervals or points are the same.

    Args:
        one, other: LaTeX without its dollar signs, or plain notation (`2*x**2`, `sqrt(2)`).
        steps: calls and returns of the interpreter that may be spent. It is a matter of up to 2 seconds: an event loop
            gives it to a thread.

    Returns:
        None where one of them cannot be read, or comparing takes too long.
    """
    texts = sorted(_as_latex(text) for text in (one, other))
    if not all(map(_harmless, texts)):
        return None
    with _ONE_AT_A_TIME:
        return _Bounded(steps).compare(*texts)


_WRITTEN = (
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"(?<![\\A-Za-z])(sqrt|sin|cos|tan|ln|log|exp|pi|infinity)(?![A-Za-z])"), r"\\\1 "),
    (re.compile(r"\\sqrt \(([^()]*)\)"), r"\\sqrt{\1}"),
    (re.compile(r"\\infinity"), r"\\infty"),
    (re.compile(r"\\(?:dfrac|tfrac)"), r"\\frac"),
    (re.compile(r"\^\s?\(([^()]*)\)"), r"^{\1}"),
    (re.compile(r"\^\s?(-?\d+(?:\.\d+)?)"), r"^{\1}"),
    (re.compile(r"\*"), r"\\cdot "),
    (re.compile(r"<="), r"\\le "),
    (re.compile(r">="), r"\\ge "),
    (re.compile(r"π"), r"\\pi "),
    (re.compile(r"≤"), r"\\le "),
    (re.compile(r"≥"), r"\\ge "),
    (re.compile(r"≠"), r"\\ne "),
    (re.compile(r"×"), r"\\times "),
    (re.compile(r"÷"), r"\\div "),
    (re.compile(r"∞"), r"\\infty "),
    (re.compile(r"∪"), r"\\cup "),
    (re.compile(r"∈"), r"\\in "),
    (re.compile(r"−"), r"-"),
    (re.compile(r"√\s?(\d+|[a-z])"), r"\\sqrt{\1}"),
    (re.compile(r"\\(?:[,;!: ]|quad|qquad|displaystyle)|\$"), " "),
)


def _as_latex(text: str) -> str:
    body = text.strip(" .。")
    for pattern, instead in _WRITTEN:
        body = pattern.sub(instead, body)
    return " ".join(body.split())


def _harmless(text: str) -> bool:
    """Short, flat, of known commands, with small powers of plain exponents, and with something of mathematics in it."""
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if not text or len(text) > _LONGEST or depth or deepest > _DEEPEST or "!" in text or re.search(r"\d{40}", text):
        return False
    if any(name not in _COMMANDS for name in _COMMAND.findall(text)):
        return False
    words = re.sub(r"\\(?:text|mathrm|begin|end|mathbb)\s?\{[^{}]*\}|\\[A-Za-z]+", " ", text)
    if re.search(r"[^\W\d_]{4}|[^\x20-\x7e]", words):
        return False  # prose
    power = 1
    for exponent in _EXPONENT.finditer(text):
        body = (exponent[1] or exponent[2] or "").strip()
        if not _PLAIN_EXPONENT.fullmatch(body):
            return False
        for number in re.findall(r"\d+", body):
            power *= max(1, int(number))
    return power <= _LARGEST_POWER and text.count("^") == len(_EXPONENT.findall(text))


class _TooLong(BaseException):
    """Not an Exception, which SymPy would swallow on its way."""


class _Bounded:
    """One comparison that ends after a number of steps. A profiler or debugger of this thread waits meanwhile."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def compare(self, one: str, other: str) -> bool | None:
        read, verify = _reader()
        before = sys.getprofile()
        sys.setprofile(self._count)
        try:
            first, second = read(one), read(other)
            if not first or not second:
                return None
            return bool(verify(first, second))
        except (_TooLong, RecursionError, MemoryError, ValueError, TypeError, ArithmeticError, AttributeError):
            return None
        finally:
            sys.setprofile(before)

    def _count(self, frame: FrameType, event: str, argument: Any) -> None:
        self._left -= 1
        if self._left < 0:
            raise _TooLong


@cache
def _reader() -> tuple[Any, Any]:
    """The two functions of math-verify, imported when they are needed first (half a second, for SymPy)."""
    from math_verify import LatexExtractionConfig, parse, verify  # noqa: PLC0415

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # it warns of what is done here on purpose
    config: list[Any] = [LatexExtractionConfig()]

    def read(text: str) -> list[Any]:
        found: Any = cast(Any, parse)(f"${text}$", config, fallback_mode="no_fallback", parsing_timeout=0)
        return list(found)

    def same(one: list[Any], other: list[Any]) -> bool:
        return bool(verify(one, other, timeout_seconds=0) or verify(other, one, timeout_seconds=0))

    same(read("x^2+2x"), read("x(x+2)"))  # reads the grammar's tables: work that belongs to no comparison
    return read, same
