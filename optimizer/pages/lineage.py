"""Methods as a page shows them: their clauses, and what changed in them word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...agents.gateway.errors import UsageError
from ...agents.method import WHOLE, Method, Origin
from ...agents.method_file import diff_methods, parse_method
from ...agents.origins import origin_words
from ...agents.reading import clause_lines

__all__ = ["Change", "Piece", "changes", "clause_summary", "read_method"]

_MARKS: dict[str, Literal["kept", "removed", "added", "changed"]] = {
    "  ": "kept",
    "- ": "removed",
    "+ ": "added",
    "~ ": "changed",
}
_WHOLE: dict[str, Literal["same", "gone", "new"]] = {"kept": "same", "removed": "gone", "added": "new"}
_LEAST_ALIKE = 0.4
_MOST_PAIRS = 250_000  # the matcher's time grows with the product of both lengths
_WORDS = re.compile(r"\s+|[\u3400-\u9fff]|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a clause: `same` as before, `gone`, or `new`."""

    kind: Literal["same", "gone", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one clause; `origin` says where it comes from, where a step brought it in.

    Args:
        batch: the items that the step looked at, as a page names them.
        cases: those of them that brought the clause in.
    """

    kind: Literal["kept", "removed", "added", "changed"]
    pieces: tuple[Piece, ...]
    origin: str = ""
    batch: str = ""
    cases: tuple[str, ...] = ()


def read_method(text: str, origin: str) -> Method:
    """The method of a file of the run. A proposal that breaks the contract is read too: a page shows what was refused.

    Args:
        text: the text of the file.
        origin: the name of the file.
    """
    try:
        return parse_method(text, origin)
    except UsageError:
        body = text.split("\n---\n", 1)[-1] if text.startswith("---\n") else text
        return Method(tuple(clause_lines(body)) or (" ".join(body.split()),), name="not readable as a method")


def changes(old: Method, new: Method) -> tuple[Change, ...]:
    """The clauses of `new` against `old`, in order, each with its changed words."""
    found: list[Change] = []
    # A free text has one origin for all of it, which says nothing of a single line.
    known = () if new.control == WHOLE else new.origins
    origins = iter([_cause(origin) for origin in known])
    lines = filter(None, iter(diff_methods(old, new).split("\n")))
    for line in lines:
        kind, text = _MARKS.get(line[:2], "kept"), line[2:]
        if kind == "changed":
            # diff_methods writes the new clause on the line after, behind an arrow.
            found.append(Change(kind, _pieces(text, next(lines, "")[4:]), *next(origins, _NO_CAUSE)))
        else:
            cause = _NO_CAUSE if kind == "removed" else next(origins, _NO_CAUSE)
            found.append(Change(kind, (Piece(_WHOLE[kind], text),), *cause))
    return tuple(found)


_NO_CAUSE: tuple[str, str, tuple[str, ...]] = ("", "", ())


def _cause(origin: Origin) -> tuple[str, str, tuple[str, ...]]:
    """Where a clause comes from in words, and the items behind it: their set, and which."""
    if not origin.step:
        return _NO_CAUSE
    return origin_words(replace(origin, cases=())), f"steps/{origin.step - 1:03d}/batch", origin.cases


def clause_summary(found: Sequence[Change]) -> str:
    """The changes in a few words: `1 clause changed, 2 added`."""
    counts = {kind: sum(change.kind == kind for change in found) for kind in ("changed", "added", "removed")}
    parts = [f"{count} {kind}" for kind, count in counts.items() if count]
    if not parts:
        return "no clause changed"
    first = next(count for count in counts.values() if count)
    count, _, kind = parts[0].partition(" ")
    return ", ".join([f"{count} clause{'s' if first > 1 else ''} {kind}", *parts[1:]])


def _pieces(old: str, new: str) -> tuple[Piece, ...]:
    """The words of two clauses against each other; two clauses with little in common are shown one after the other."""
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    matcher = difflib.SequenceMatcher(a=a, b=b, autojunk=False)
    if len(a) * len(b) > _MOST_PAIRS or matcher.ratio() < _LEAST_ALIKE:
        return (Piece("gone", old), Piece("new", new))
    pieces: list[Piece] = []
    gone = come = ""
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        before, after = "".join(a[old_from:old_to]), "".join(b[new_from:new_to])
        # A space between two changed words belongs to the change: whole phrases are easier to read.
        if kind == "equal" and (before.strip() or not (gone or come)):
            pieces += [*_changed(gone, come), Piece("same", before)]
            gone = come = ""
        else:
            gone, come = gone + before, come + after
    return (*pieces, *_changed(gone, come))


def _changed(gone: str, come: str) -> list[Piece]:
    return ([Piece("gone", gone)] if gone else []) + ([Piece("new", come)] if come else [])
