"""Every item and row of a run inside its page: an index of scores, and the texts in packed blocks.

A block is a JSON list of rows, deflated, in base64: the browser unpacks it when it is looked at, and loads
nothing. Texts have their invisible controls written out here; the page's script puts them on the screen as text.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ..record.by_hand import EDITS, text_sign
from .files import RunFiles
from .numbers import clipped, shown
from .records import DataRecord, DroppedRecord, FindingRecord, TrajectoryRecord, VerdictRecord
from .steps import StepView

__all__ = ["Block", "Whole", "item_link", "read_whole"]

_MOST = 13_000_000  # characters of all blocks together; the page has room for 15 MB
_LONGEST = 20_000  # characters of one text; the files have the rest
_SHORT = 200  # characters of an id or a class
_ROWS = 200  # of a list, in one block
_MOST_ROWS = 20_000  # of a list, on the page
_KEY = 12  # characters of a call's key that name it
_TESTED = {"best": "Chosen method", "start": "Starting method", "identity": "Left as it was",
           "just-longer": "Just longer", "evol-instruct": "Evol-Instruct"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """Packed rows by the name under which the page's script finds them."""

    name: str
    packed: Markup


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one method on one set, in the order of its file.

    Args:
        name: its file without the ending; the page's links name it so.
        part: `batch`, `race` or `test`.
        who: who made them, in words.
        step: from 1; 0 for the test.
        outcome: what became of the candidate.
        methods: the method's id with each item, empty where its row does not say.
    """

    name: str
    part: str
    who: str
    step: int
    outcome: str = ""
    items: list[str] = field(default_factory=list[str])
    scores: list[float | None] = field(default_factory=list[float | None])
    kinds: list[list[str]] = field(default_factory=list[list[str]])
    methods: list[str] = field(default_factory=list[str])

    @property
    def method(self) -> str:
        """The one method of all items; empty where that is not known."""
        return self.methods[0] if len(set(self.methods)) == 1 else ""


@dataclass(frozen=True, slots=True)
class Whole:
    """What the page's script reads.

    Args:
        index: JSON for an element of the page: groups, lists, seeds and classes of findings.
        blocks: the texts.
        names: groups and their items, to tell which links lead somewhere.
    """

    index: Markup
    blocks: tuple[Block, ...]
    names: Mapping[str, frozenset[str]]
    groups: tuple[Group, ...]

    def link(self, group: str, item: str) -> str:
        """The address of an item on this page; empty where it is not there."""
        return item_link(group, item) if _name(item) in self.names.get(group, ()) else ""


class _ItemRecord(TrajectoryRecord):
    """A trajectory with what only its own view shows."""

    turned: VerdictRecord | None = None
    again: VerdictRecord | None = None
    parts: dict[str, float] = Field(default_factory=dict[str, float])
    measures: dict[str, float] = Field(default_factory=dict[str, float])
    calls: tuple[str, ...] = ()
    cost: float | None = None


class _RowRecord(DataRecord):
    """A row of the data set with what only its own view shows."""

    context: tuple[JsonValue, ...] = ()


class _OutRecord(DroppedRecord):
    """A dropped row with what only its own view shows."""

    calls: tuple[str, ...] = ()


class _EditedRecord(BaseModel):
    """A line of `edits.jsonl`: a row written anew by hand; `sign` is of the texts that it was made from."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    row: str = ""
    at: str = ""
    sign: str = ""
    instruction: str = ""
    response: str = ""
    why: str = ""


class _Room:
    """Blocks as long as there is room."""

    def __init__(self) -> None:
        self.left = _MOST
        self.blocks: list[Block] = []
        self._same: dict[str, str] = {}

    def take(self, name: str, rows: object) -> str | None:
        """Pack rows; the name of the block that holds them, an equal one where there is one, or None."""
        text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
        packed = base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 6)).decode()
        if packed in self._same:
            return self._same[packed]
        if len(packed) > self.left:
            return None
        self.left -= len(packed)
        self._same[packed] = name
        self.blocks.append(Block(name, Markup(packed)))  # noqa: S704  letters, digits, + and /
        return name


def item_link(group: str, item: str) -> str:
    """The address of an item inside a page."""
    return f"#item/{group}/{quote(_name(item), safe='')}"


def read_whole(files: RunFiles, steps: Sequence[StepView]) -> Whole:
    """All items and rows of a run that have room on a page."""
    room = _Room()
    lists = [_list(files, room, "dataset", _RowRecord), _list(files, room, "dropped", _OutRecord)]
    seeds: dict[str, str] = {}
    groups: list[Group] = []
    blocks: dict[str, str | None] = {}
    for group in _groups(files, steps):
        rows = [_item(row, group, seeds) for row in files.rows(f"{group.name}.jsonl", _ItemRecord)]
        if rows:
            groups.append(group)
            blocks[group.name] = room.take(group.name, rows)
    room.take("seeds", seeds)
    groups.sort(key=lambda group: (group.part == "test", group.step))
    return Whole(
        index=_index(groups, blocks, [one for one in lists if one["rows"]]),
        blocks=tuple(room.blocks),
        names={group.name: frozenset(group.items) for group in groups},
        groups=tuple(groups),
    )


def _groups(files: RunFiles, steps: Sequence[StepView]) -> Iterator[Group]:
    """The test first and then the last step: where there is no room for all, the beginning goes without."""
    tested = [label for label in _TESTED if files.has(f"test/{label}.jsonl")]
    yield from (Group(f"test/{label}", "test", _TESTED[label], 0) for label in tested)
    for step in reversed(steps):
        number = step.number + 1
        yield Group(f"{step.place}/batch", "batch", "Batch", number)
        yield Group(f"{step.place}/incumbent", "race", "Incumbent", number)
        for view in step.candidates:
            yield Group(f"{view.place}/dev", "race", view.name, number, view.outcome)


def _item(row: _ItemRecord, group: Group, seeds: dict[str, str]) -> dict[str, Any]:
    """What the script shows of an item; the group notes what its table shows."""
    name = _name(row.seed_id)
    group.items.append(name)
    group.methods.append(_name(row.method_id))
    group.scores.append(_number(row.score))
    flaws = [finding.kind for finding in row.findings] + [each for each in (row.fault, row.response_fault) if each]
    group.kinds.append([_name(kind) for kind in dict.fromkeys(flaws)])
    seed, *later = row.stages or ("",)
    own = _said(seed) != seeds.setdefault(name, _said(seed))
    looks = {"first": row.verdict, "turned": row.turned, "again": row.again}
    found: dict[str, Any] = {
        "id": name, "method": _name(row.method_id), "stages": [_said(text) for text in later],
        "seed": _said(seed) if own else "", "response": _said(row.response or ""),
        "faults": [_name(each) for each in (row.fault, row.response_fault) if each],
        "findings": _findings(row.findings), "score": _number(row.score),
        "looks": {key: _look(look) for key, look in looks.items() if look}, "parts": _numbers(row.parts),
        "measures": _numbers(row.measures), "calls": [_name(key[:_KEY]) for key in row.calls],
        "cost": _number(row.cost),
    }  # fmt: skip
    return _told(found)


def _list(files: RunFiles, room: _Room, name: str, kind: type[_RowRecord | _OutRecord]) -> dict[str, Any]:
    """A list of rows in blocks, as far as there is room."""
    edits: dict[str, list[_EditedRecord]] = {}
    if name == "dataset":
        for edit in files.rows(EDITS, _EditedRecord):
            edits.setdefault(edit.row, []).append(edit)
    blocks: list[str] = []
    classes: Counter[str] = Counter()
    held = total = 0
    rows: list[dict[str, Any]] = []
    full = False

    def pack() -> bool:
        packed = room.take(f"{name}/{len(blocks)}", rows)
        if packed is not None:
            blocks.append(packed)
        return packed is not None

    for row in files.rows(f"{name}.jsonl", kind):
        total += 1
        if full or total > _MOST_ROWS:
            continue
        rows.append(_row(row, edits))
        classes.update(_classes(row))
        if len(rows) == _ROWS:
            full = not pack()
            held += 0 if full else len(rows)
            rows = []
    if rows and not full and pack():
        held += len(rows)
    named = sorted(classes, key=lambda kind: (-classes[kind], kind))
    return {"name": name, "rows": total, "held": held, "blocks": blocks, "classes": named}


def _classes(row: _RowRecord | _OutRecord) -> set[str]:
    """What a row can be found by."""
    if isinstance(row, _OutRecord):
        return {_name(kind) for kind in (row.reason, *(each.kind for each in row.findings)) if kind}
    return {_name(each.kind) for each in row.provenance.findings if each.kind}


def _row(row: _RowRecord | _OutRecord, edits: Mapping[str, Sequence[_EditedRecord]]) -> dict[str, Any]:
    if isinstance(row, _OutRecord):
        return _told({
            "id": _name(row.seed_id), "stage": _name(row.stage), "reason": _name(row.reason),
            "detail": _said(row.detail), "findings": _findings(row.findings),
            "calls": [_name(key[:_KEY]) for key in row.calls], "cost": _number(row.cost),
        })  # fmt: skip
    came = row.provenance
    texts = (row.instruction, row.response)
    return _told({
        "id": _name(row.id), "cut": any(_said(text) != text for text in texts),
        "edits": [_edit(each, texts) for each in edits.get(row.id, ())],
        "from": _name(came.seed_id), "seed": _said(came.seed_instruction),
        "stages": [_said(row.instruction)], "response": _said(row.response), "reasoning": _said(row.reasoning or ""),
        "system": _said(row.system), "context": [_said(_written(turn)) for turn in row.context],
        "findings": _findings(came.findings), "score": _number(came.score), "method": _name(came.method_id),
    })  # fmt: skip


def _edit(edit: _EditedRecord, texts: Sequence[str]) -> dict[str, Any]:
    return _told({
        "at": _name(edit.at), "why": _said(edit.why), "instruction": _said(edit.instruction),
        "response": _said(edit.response), "stale": edit.sign != text_sign(*texts),
    })  # fmt: skip


def _written(turn: JsonValue) -> str:
    return turn if isinstance(turn, str) else json.dumps(turn, ensure_ascii=False)


def _findings(findings: Iterable[FindingRecord]) -> list[list[str]]:
    return [[_name(each.kind), _said(each.evidence), _name(each.by)] for each in findings]


def _look(look: VerdictRecord) -> dict[str, Any]:
    said = {name: getattr(look, name) for name in ("valid", "self_contained", "consistent", "intent_kept")}
    return {**said, "harder": _name(look.harder or ""), "evidence": _said(look.evidence), "fault": _name(look.fault)}


def _number(value: float | None) -> float | None:
    """A number that JSON can hold."""
    return round(value, 6) if value is not None and math.isfinite(value) else None


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {_name(name): _number(value) for name, value in values.items()}


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """Only what says something."""
    return {
        name: value
        for name, value in row.items()
        if value is not None and value is not False and value not in ("", [], {}, ())
    }


def _name(text: str) -> str:
    """An id, a class or another short text."""
    head, rest = clipped(text, _SHORT)
    return shown(head) + ("…" if rest else "")


def _said(text: str) -> str:
    head, rest = clipped(text, _LONGEST)
    return shown(head) + (f" … and {rest:,} more characters" if rest else "")


def _index(
    groups: Sequence[Group], blocks: Mapping[str, str | None], lists: Sequence[Mapping[str, Any]]
) -> Markup:  # fmt: skip
    counts = Counter(kind for group in groups for kinds in group.kinds for kind in kinds)
    names = sorted(counts, key=lambda kind: (-counts[kind], kind))
    kinds = {kind: place for place, kind in enumerate(names)}
    seeds: dict[str, int] = {}
    rows = [
        {
            "name": group.name, "part": group.part, "who": group.who, "step": group.step, "outcome": group.outcome,
            "method": group.method, "block": blocks[group.name],
            "items": [seeds.setdefault(item, len(seeds)) for item in group.items],
            "scores": group.scores, "kinds": [[kinds[kind] for kind in each] for each in group.kinds],
        }
        for group in groups
    ]  # fmt: skip
    return _inert({"kinds": names, "seeds": list(seeds), "groups": rows, "lists": lists})


def _inert(value: object) -> Markup:
    """JSON that no browser takes for anything else, whatever its texts say."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  no sign of markup is left in it
