"""What a selector reads, and what a kept row looks like: as it was, with what was said of it on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard, cast, runtime_checkable

from ..dataset.fields import TEXT_FIELDS
from ..dataset.seed import Seed

__all__ = ["CurateRow", "Rows", "Told", "carried", "kept_object", "number_of", "value_at", "word_of"]

_OURS = ("id", "instruction", "response", "system", "context", "provenance")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_SPENT = ("calls", "cost", "models")
_TEXTS = ("seed_id", "seed_instruction", "method_id")


@runtime_checkable
class Told(Protocol):
    """Where rows come from: a source of the user's, or the rows that the part before left."""

    def told(self) -> Iterator[tuple[Seed, Mapping[str, Any]]]:
        """A new pass: every row as a seed, and the whole object that it was read from."""
        ...


@dataclass(frozen=True, slots=True)
class CurateRow:
    """A row to be chosen or not.

    Args:
        index: from 0, in the order of the rows.
        seed: its id, where it stands, its instruction (system, context, language) and its response.
        said: the whole object as it was read, with `provenance` of earlier parts, unchanged.
    """

    index: int
    seed: Seed
    said: Mapping[str, Any]

    def value(self, path: str) -> Any:
        """What the row says at a dotted path, such as `provenance.ifd.ppl_ratio`; see `value_at`."""
        return value_at(self.said, path)

    def number(self, path: str) -> float | None:
        """The same where it is a number, see `number_of`; None for anything else."""
        return number_of(self.value(path))

    def text(self, side: str) -> str:
        """Its `instruction`, its `response` (empty where there is none), or `both`."""
        asked, answer = self.seed.instruction.text, self.seed.response or ""
        return {"instruction": asked, "response": answer}.get(side, f"{asked}\n{answer}")


class Rows:
    """All rows, to be read again and again; keep numbers of them, not texts.

    Args:
        source: where they come from.
        count: how many there are; None has them counted.
    """

    def __init__(self, source: Told, count: int | None = None) -> None:
        self._source = source
        self._count = sum(1 for _ in source.told()) if count is None else count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[CurateRow]:
        for index, (seed, said) in enumerate(self._source.told()):
            yield CurateRow(index, seed, said)


def number_of(value: Any) -> float | None:
    """A number, also one that is written as text, as tables have them; None for anything else."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def word_of(value: Any) -> str | None:
    """A single value as a file of rows has it: `true`, not Python's `True`; None for none, a list or an object."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or isinstance(value, dict | list) else str(value)


def value_at(said: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path; None where there is nothing.

    In a list a number counts from 0, and a name is the last entry that is `by` it: `provenance.curated.deita.score`.
    Where there is none it is the last one of that `selector`, under whatever name that sat in a panel.
    What a file called by a name that is taken (`input`, `output`, ...) is found at that name still.
    """
    found = _walk(said, path.split("."))
    return found if found is not None else _walk(said, ["provenance", "given", *path.split(".")])


def _walk(node: Any, parts: Iterable[str]) -> Any:
    for part in parts:
        if isinstance(node, Mapping):
            node = cast("Mapping[str, Any]", node).get(part)
        elif _is_list(node):
            node = _entry(node, part)
        else:
            return None
    return node


def _entry(entries: Sequence[Any], name: str) -> Any:
    if name.isdecimal():
        return entries[int(name)] if int(name) < len(entries) else None
    named = [cast("Mapping[str, Any]", each) for each in entries if isinstance(each, Mapping)]
    return next((each for key in ("by", "selector") for each in reversed(named) if each.get(key) == name), None)


def kept_object(
    row: CurateRow, by: str, rank: int, notes: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:  # fmt: skip
    """The row as `dataset.jsonl` has it: unchanged, but for an entry in `provenance.curated`.

    Args:
        row: as it was read.
        by: the selector.
        rank: 1 for the row that was chosen first.
        notes: what else the selector says; `calls`, `cost` and `models` go into the row's own.
        earlier: further entries that come before this one.

    A row of a user's file has its texts in our fields. All else that it says stays where it stood; what has a name that
    a reader would take for a text (`input`, an `output` that is not the answer) is under `provenance.given`.
    """
    seed, asked = row.seed, row.seed.instruction
    came = _provenance(row)
    for name in _SPENT:
        came[name] = _added(came[name], notes[name]) if name in notes else came[name]
    entry = {"by": by, "rank": rank, **{name: value for name, value in notes.items() if name not in _SPENT}}
    came["curated"] = [*came.get("curated", ()), *earlier, entry]
    return {
        "id": seed.id, "instruction": asked.text, "response": seed.response or "", "system": asked.system,
        "context": [{"role": turn.speaker, "content": turn.text} for turn in asked.context],
        **{name: value for name, value in row.said.items() if name not in _OURS and name not in TEXT_FIELDS},
        "provenance": came,
    }  # fmt: skip


def carried(made: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """A row that a part made of one before it, with all that was said of that one: it scores rows and changes no text.

    Args:
        made: the row as `dataset.jsonl` has it; what it says of itself wins.
        said: the row before.
    """
    earlier = _ours_of(said)
    mine: Mapping[str, Any] = made["provenance"]
    news = {name: value for name, value in mine.items() if name not in earlier or value not in ("", [], None, 0)}
    came = {**earlier, **news}
    came |= {name: _added(earlier[name], mine[name]) for name in _SPENT if name in earlier and name in mine}
    more = {name: value for name, value in said.items() if name not in _OURS and name not in TEXT_FIELDS}
    return {**more, **made, "provenance": came}


def _provenance(row: CurateRow) -> dict[str, Any]:
    """How the row came about, with what a file said under names that are taken."""
    seed, said = row.seed, row.said
    came: dict[str, Any] = {
        "seed_id": seed.id, "line": seed.line, "seed_instruction": seed.instruction.text, "method_id": "", "rounds": 0,
        "calls": [], "findings": [], "score": None, "cost": 0.0, "models": [],
        **_ours_of(said),
    }  # fmt: skip
    given = {name: said[name] for name in said if name in TEXT_FIELDS or name in _OURS}
    lost = {name: value for name, value in given.items() if _is_lost(value, name, seed)}
    return {**came, "given": {**came.get("given", {}), **lost}} if lost else came


def _ours_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the row said of how it came about. Where a name of ours has something else in it, as in a file of somebody
    else's, that is under `given`, at `provenance`."""
    before = said.get("provenance")
    if not isinstance(before, Mapping):
        return {}
    known = cast("Mapping[str, Any]", before)
    ours = {name: value for name, value in known.items() if _has_our_form(name, value)}
    if len(ours) == len(known):
        return ours
    other = {name: value for name, value in known.items() if name not in ours}
    return {**ours, "given": {**ours.get("given", {}), "provenance": other}}


def _has_our_form(name: str, value: Any) -> bool:
    """Whether what stands in a provenance under this name is what we would have written there; free names are any."""
    if name in _TEXTS:
        return isinstance(value, str)
    if name in ("line", "rounds"):
        return type(value) is int
    if name in ("score", "cost"):
        return value is None or type(value) in (int, float)
    if name in ("calls", "models"):
        return _is_list(value) and all(isinstance(each, str) for each in value)
    if name in ("curated", "findings"):
        return _is_list(value)
    return name != "given" or isinstance(value, Mapping)


def _is_lost(value: Any, name: str, seed: Seed) -> bool:
    """Whether a text of the file is in none of our fields; chats and objects of ours are."""
    if isinstance(value, Mapping) or (isinstance(value, list) and name != "instances"):
        return False
    return value not in (None, "", seed.id, seed.instruction.text, seed.bare, seed.response, seed.instruction.system)


def _added(before: Any, more: Any) -> Any:
    if _is_list(more):
        return list(dict.fromkeys([*before, *more]))
    return None if before is None or more is None else before + more


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)
