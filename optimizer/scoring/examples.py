"""Examples that an instruction states about the code that it asks for: calls, and what they should give.

Read, never run: calls and values are taken only where they are literals, and where the text plainly says that one gives
the other. Prose that tells what goes wrong (`currently f(2) returns 5`) is no example.
"""

from __future__ import annotations

import ast
import builtins
import doctest
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Example", "examples_of", "parsed"]

_LONGEST_TEXT, _LONGEST_CALL = 20_000, 400  # characters
_MOST, _MOST_CALLS = 20, 200  # examples, calls that are looked at
_DEEPEST = 60  # brackets in brackets; a parser of deeper ones can end the process


@dataclass(frozen=True, slots=True)
class Example:
    """One thing that the instruction says about its code.

    Args:
        said: as it stands in the text, on one line.
        function: the function that is called; empty where the text only shows input and output.
        source: what to run: a call, an assertion, or a line of an interactive session; for input and output, the
            arguments, between zero bytes.
        wanted: the value as a Python literal; None where `source` says it itself, or nothing is said.
        kind: `value` of a call, `assert`, `session` (its lines build on each other; `wanted` is the value of the line,
            or what it prints), `io`.
    """

    said: str
    function: str
    source: str
    wanted: str | None
    kind: str


def examples_of(instruction: str) -> tuple[Example, ...]:
    """All examples, at most 20, sessions and assertions first. Of a text that is about an error only assertions."""
    text = instruction[:_LONGEST_TEXT]
    session, prose = _session(text)
    asserts, prose = _asserts(prose)
    if _TROUBLE.search(text):
        return tuple(asserts[:_MOST])
    return tuple([*session, *asserts, *_calls(prose), *_in_and_out(prose)][:_MOST])


def parsed(text: str) -> ast.Module | None:
    """A text as Python, or None. Texts that could hurt the parser are none."""
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST or re.search(r"[-+~]{200}|(?:not\s+){200}|(?:lambda[^:\n]*:\s*){60}", text):
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


# ---------------------------------------------------------------- sessions and assertions

_FENCES = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_SESSION = re.compile(r"^[ \t]*>>>.*(?:\n(?![ \t]*(?:>>>|$)).*)*", re.MULTILINE)
_ASSERT = re.compile(r"^[ \t>*-]*`?(assert[ (].{1,400}?)`?[ \t]*$", re.MULTILINE)


def _session(text: str) -> tuple[list[Example], str]:
    """Lines after `>>>` with what they show, and the text without them. A line that should raise is left out."""
    text = _FENCES.sub("", text)  # else the end of a block would be something that is shown
    try:
        lines = doctest.DocTestParser().get_examples(text)
    except ValueError:
        return [], text
    found: list[Example] = []
    for line in lines:
        tree = parsed(line.source)
        if tree is not None and line.exc_msg is None:
            source, shown = line.source.strip(), line.want.strip()
            wanted = _shown(shown, printed=source.startswith("print("))
            found.append(
                Example(" ".join(f"{source} {wanted or ''}".split()), _called(tree), source, wanted, "session")
            )
    return found, _SESSION.sub("", text)


def _shown(text: str, *, printed: bool) -> str | None:
    """What a line shows, where that is sure: a literal, which prose may follow, or one printed line."""
    first, more, _ = text.partition("\n")
    value = _literal_of(first) if first else None
    if printed:
        return repr(first) if first and not more and "..." not in first else None
    return value


def _asserts(text: str) -> tuple[list[Example], str]:
    found: list[Example] = []
    for match in _ASSERT.finditer(text):
        tree = parsed(match[1])
        if tree is not None and len(tree.body) == 1 and isinstance(tree.body[0], ast.Assert) and _called(tree):
            found.append(Example(" ".join(match[1].split()), _called(tree), match[1], None, "assert"))
    return found, _ASSERT.sub("", text)


def _called(tree: ast.AST) -> str:
    """The outermost function that is called by a plain name and is none of Python's own; empty if there is none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not hasattr(builtins, node.func.id):
            return node.func.id
    return ""


# ---------------------------------------------------------------- prose

_TROUBLE = re.compile(
    r"\b(?:bugs?|buggy|debug|fix(?:es|ed)?|wrong(?:ly)?|incorrect(?:ly)?|mistakes?|broken|fails?|repair|currently)\b"
    r"|错误|修复|修正|调试|改正|有误|不正确|目前",
    re.IGNORECASE,
)
_CALL = re.compile(r"(?<![\w.\\])([A-Za-z_]\w*)\(")
_NOT_SAID = re.compile(
    r"(?:\bdef|\bclass|\bif|\bwhen|\bwhile|\bunless|\bwhether|\bsuppose|\bassum\w+|\bnot|如果|假设|若|当)\s*[`*]*$",
    re.IGNORECASE,
)
_GIVES = re.compile(
    r"[`*\s#]*(?:-+>|={1,2}>|→|⇒|➞|=="
    r"|(?:(?:should|must|would|will|shall|needs to|has to|is expected to)\s+)?"
    r"(?:returns?|gives?|yields?|outputs?|prints?|equals?|evaluates?\s+to|produces?|results?\s+in|be|is)"
    r"|(?:应该?|应当|会|将|需要?)?(?:返回|输出|得到|等于|结果(?:是|为)|的结果(?:是|为)))[`*\s:：]*",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"-?(?:\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)|True\b|False\b|None\b|true\b|false\b")
_STRING = re.compile(r"""'(?:[^'\\\n]|\\.){0,300}'|"(?:[^"\\\n]|\\.){0,300}\"""")
_ENDS = re.compile(
    r"[`*\"”]*\s*(?:\Z|[\n.,;!?)#，。；！？）、]|//|(?:because|since|as|while|whereas|因为)\b)", re.IGNORECASE
)


def _calls(text: str) -> Iterator[Example]:
    """`f(2)` followed by words or an arrow, followed by a literal."""
    for match in itertools.islice(_CALL.finditer(text), _MOST_CALLS):
        end = _closing(text, match.end() - 1)
        if end is None or _NOT_SAID.search(text[max(0, match.start() - 20) : match.start()]):
            continue
        gives = _GIVES.match(text, end)
        value = _literal(text, gives.end()) if gives else None
        call = _plain_call(text[match.start() : end])
        if value is not None and call is not None:
            said = " ".join(text[match.start() : value[1]].split())
            yield Example(said, match[1], call, value[0], "value")


def _closing(text: str, start: int) -> int | None:
    """Where the bracket that opens at `start` is closed again; brackets in strings do not count."""
    depth, at, most = 0, start, min(len(text), start + _LONGEST_CALL)
    while at < most:
        string = _STRING.match(text, at) if text[at] in "'\"" else None
        if string:
            at = string.end()
            continue
        depth += (text[at] in "([{") - (text[at] in ")]}")
        at += 1
        if depth == 0:
            return at
    return None


def _plain_call(source: str) -> str | None:
    """The call in one form, if all of its arguments are literals."""
    tree = parsed(source.strip())
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return None
    call = tree.body[0].value
    if not isinstance(call, ast.Call) or any(
        _value(one) is None for one in [*call.args, *(k.value for k in call.keywords)]
    ):
        return None
    return ast.unparse(call)


def _value(node: ast.AST) -> str | None:
    """A literal as its representation, None where it is none."""
    try:
        return repr(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _literal(text: str, start: int) -> tuple[str, int] | None:
    """The literal at this place, as its representation, with its end; None where the text goes on (`4 items`)."""
    if start >= len(text):
        return None
    if text[start] in "([{":
        end = _closing(text, start)
    else:
        match = _STRING.match(text, start) or _PLAIN.match(text, start)
        end = match.end() if match else None
    if end is None or not _ENDS.match(text, end):
        return None
    value = _literal_of(text[start:end])
    return (value, end) if value is not None else None


def _literal_of(source: str) -> str | None:
    """Also `true` and `false`, as many languages write them."""
    tree = parsed({"true": "True", "false": "False"}.get(source, source).strip())
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return None
    return _value(tree.body[0].value)


_IN_AND_OUT = re.compile(
    r"(?:input|输入)\s*\d*\s*[`*]*\s*[:：][`* \t]*(?P<given>[^\n]{1,300}?)[`* \t]*[,;]?\s*"
    r"[`*>-]*\s*(?:sample |expected |样例)?(?:output|输出)\s*\d*\s*[`*]*\s*[:：][`* \t]*"
    r"(?P<wanted>[^\n]{1,300}?)[`*. \t]*(?:\n|\Z)",
    re.IGNORECASE,
)


def _in_and_out(text: str) -> Iterator[Example]:
    """`Input: nums = [2, 7], target = 9` with `Output: [0, 1]`."""
    for match in _IN_AND_OUT.finditer(text):
        call = parsed(f"f({match['given']})")
        wanted = _literal_of(match["wanted"])
        if call is None or wanted is None or _plain_call(f"f({match['given']})") is None:
            continue
        expression = call.body[0]
        if isinstance(expression, ast.Expr) and isinstance(expression.value, ast.Call):
            arguments = [*expression.value.args, *(keyword.value for keyword in expression.value.keywords)]
            source = "\0".join(ast.unparse(one) for one in arguments)
            yield Example(" ".join(match[0].split()), "", source, wanted, "io")
