"""Edits of a list of clauses: how they are read from an answer, what they make of the list, what lies between two.

A small edit names the clauses that it changes. Models write that as labelled lines, or as plain numbered ones.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Literal, cast

from .messages import ClauseEdit
from .reading import clause_lines, labelled_blocks, neat, one_line

__all__ = ["apply_edits", "edits_between", "kept_from", "read_edit_lines", "read_edit_objects"]

_LABELS = {
    "clause": "clause", "edit": "clause", "text": "text", "reason": "reason", "finding": "finding",
    "findings": "finding", "条款": "clause", "内容": "text", "理由": "reason", "问题": "finding",
}  # fmt: skip
_NUMBERED = re.compile(r"\s*[-*]?\s*(\d{1,2})\s*[.):、．]\s*(.*)")
_QUOTES = ('""', "''", "“”", "「」")
_ADD = re.compile(r"\badd(?:ed)?\b|^\W*new\b|新增|增加|添加", re.IGNORECASE)
_REMOVE = re.compile(r"\b(?:remove[d]?|delete[d]?|drop(?:ped)?)\b|删除|移除|去掉", re.IGNORECASE)
_NOTHING = re.compile(r"\W*(?:none|empty|remove[d]?|delete[d]?|无|空|删除)?\W*", re.IGNORECASE)


def read_edit_lines(text: str, size: int) -> tuple[ClauseEdit, ...]:
    """The edits in an answer of labelled lines (`clause`, `finding`, `reason`, `text`), or of `number. new text`.

    Args:
        text: what stands between the tags.
        size: clauses of the old method; a number beyond it adds, for models count on from a wrong place.
    """
    blocks = labelled_blocks(text, _LABELS, "")
    if blocks:
        return _last_of_each([edit for block in blocks if (edit := _edit(block, size)) is not None])
    found = [match for line in text.splitlines() if (match := _NUMBERED.fullmatch(line))]
    rows = [{"clause": match[1], "text": match[2]} for match in found]
    return _last_of_each([edit for row in rows if (edit := _edit(row, size)) is not None])


def read_edit_objects(rows: Sequence[object], size: int) -> tuple[ClauseEdit, ...]:
    """The edits in a list of JSON objects with `clause` and `text`; what is none is passed over."""
    edits: list[ClauseEdit] = []
    for row in rows:
        fields = cast("dict[str, object]", row) if isinstance(row, dict) else {}
        number, text = fields.get("clause"), fields.get("text")
        if isinstance(number, bool) or not isinstance(number, int) or not isinstance(text, str):
            continue
        words = {key: str(fields.get(key, "")) for key in ("reason", "finding")}
        kind = str(fields.get("edit", ""))
        edit = _edit({"clause": f"{kind} {number}", "text": text, **words}, size)
        edits += [edit] if edit is not None else []
    return _last_of_each(edits)


def apply_edits(clauses: Sequence[str], edits: Sequence[ClauseEdit]) -> tuple[str, ...]:
    """The list with its edits: named clauses replaced or gone, added ones at the end in their order."""
    named = {edit.clause: edit.text for edit in edits if edit.kind != "add"}
    kept = [named.get(number, clause) for number, clause in enumerate(clauses, 1)]
    return neat([*kept, *(edit.text for edit in edits if edit.kind == "add")])


def edits_between(old: Sequence[str], new: Sequence[str], reason: str = "") -> tuple[ClauseEdit, ...]:
    """The edits that lead from one list to another, all for one reason; what is alike stays."""
    edits: list[ClauseEdit] = []
    matcher = difflib.SequenceMatcher(a=list(old), b=list(new), autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        pairs = min(end - start, new_end - new_start)
        edits += [ClauseEdit("replace", start + n + 1, new[new_start + n], reason) for n in range(pairs)]
        edits += [ClauseEdit("remove", number + 1, "", reason) for number in range(start + pairs, end)]
        edits += [ClauseEdit("add", 0, new[number], reason) for number in range(new_start + pairs, new_end)]
    return tuple(edits)


def kept_from(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Which clauses of the new list stood in the old one, word for word: index in new → index in old."""
    free: dict[str, list[int]] = {}
    for index, clause in enumerate(old):
        free.setdefault(clause, []).append(index)
    return {index: free[clause].pop(0) for index, clause in enumerate(new) if free.get(clause)}


def _edit(fields: Mapping[str, str], size: int) -> ClauseEdit | None:
    """One edit, or None where it names no clause or has nothing to put there."""
    named = fields.get("clause", "")
    text = _unquoted(" ".join(clause_lines(_unquoted(one_line(fields.get("text", ""))))))
    found = re.search(r"\d{1,2}", named)
    number = int(found[0]) if found else 0
    reason = _unquoted(one_line(fields.get("reason", "")))
    findings = tuple(dict.fromkeys(int(digits) for digits in re.findall(r"\d{1,2}", fields.get("finding", ""))))
    kind: Literal["add", "replace", "remove"] = "replace"
    if _ADD.search(named) or number > size:
        kind = "add"
    elif _REMOVE.search(named) or ("text" in fields and _NOTHING.fullmatch(text)):
        kind = "remove"
    if kind == "add":
        return None if _NOTHING.fullmatch(text) else ClauseEdit("add", 0, text, reason, findings)
    if not 1 <= number <= size or (kind == "replace" and not text):
        return None
    return ClauseEdit(kind, number, "" if kind == "remove" else text, reason, findings)


def _unquoted(text: str) -> str:
    """Without the quotation marks that models put round a clause."""
    pair = text[:1] + text[-1:]
    inside = text[1:-1]
    return inside.strip() if pair in _QUOTES and not any(mark in inside for mark in pair) else text


def _last_of_each(edits: Sequence[ClauseEdit]) -> tuple[ClauseEdit, ...]:
    """Of two edits of one clause the later counts; an addition is made once."""
    named = {(edit.clause, edit.text if edit.kind == "add" else ""): edit for edit in edits}
    return tuple(named.values())
