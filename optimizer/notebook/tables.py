"""The records of a run as tidy tables: one thing a row, the same columns whatever the run has.

Steps and candidates are counted from 1, as people and the report do; folders on disk count steps from 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...agents.gateway.books.journal import JOURNAL_NAME, CallRecord, read_calls
from ...agents.gateway.errors import StorageError
from ..pages.files import RunFiles
from ..pages.part_records import Number, Word
from ..pages.records import DataRecord, DroppedRecord, FindingRecord, StandingRecord, TrajectoryRecord
from ..pages.spending import Cost
from ..pages.steps import StepView, challenger, read_steps
from .frames import Kind, Table

__all__ = ["COLUMNS", "Place", "calls_table", "candidates_table", "cost_table", "dropped_table", "findings_table",
           "items_table", "rows_table", "steps_table"]  # fmt: skip

_TESTED = ("best", "start", "identity", "just-longer", "evol-instruct")
_STEP = re.compile(r"(?:^|/)steps/(\d{1,9})(?:/|$)")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that a search may have written into: that of the run (`name` is empty), or one of its recipes'."""

    name: str
    files: RunFiles


class _ItemRecord(TrajectoryRecord):
    """An item; what says whose it is stands only in the files of a comparison."""

    set: Word = ""
    evolver: Word = ""
    draw: Number = 0


@dataclass(frozen=True, slots=True)
class _Group:
    """The items of one contestant in one file; `kind` is `batch`, `dev`, `test` or `compare`."""

    place: Place
    file: str
    kind: str
    step: int | None
    contestant: str
    outcome: str = ""


_ROWS: Mapping[str, Kind] = {
    "id": "text", "instruction": "text", "response": "text", "system": "text", "reasoning": "text",
    "seed_id": "text", "seed_line": "whole", "seed_instruction": "text", "method_id": "text", "operation": "text",
    "round": "whole", "rounds": "whole", "parents": "texts", "models": "texts", "findings": "texts", "score": "number",
}  # fmt: skip
_DROPPED: Mapping[str, Kind] = {
    "seed_id": "text", "stage": "text", "reason": "text", "detail": "text", "instruction": "text", "response": "text",
    "operation": "text", "round": "whole", "parents": "texts", "findings": "texts", "usd": "number",
}  # fmt: skip
_FIGURES: Mapping[str, Kind] = {
    "difference": "number", "low": "number", "high": "number", "confidence": "number", "p": "number", "wins": "whole",
    "losses": "whole",
}  # fmt: skip
_STEPS: Mapping[str, Kind] = {
    "part": "text", "step": "whole", "method_id": "text", "decided": "truth", "accepted": "text",
    "undecidable": "truth", "items": "whole", "incumbent": "number", "challenger": "text", "challenger_id": "text",
    "mean": "number", **_FIGURES, "proposals": "whole", "raced": "whole", "calls": "whole", "usd": "number",
    "back_to": "text", "reason": "text",
}  # fmt: skip
_CANDIDATES: Mapping[str, Kind] = {
    "part": "text", "step": "whole", "candidate": "whole", "method_id": "text", "parents": "texts", "operator": "text",
    "outcome": "text", "items": "whole", "mean": "number", **_FIGURES, "left_after": "whole", "growth": "number",
    "calls": "whole", "usd": "number", "clauses": "texts", "changes": "text", "why": "text", "problems": "texts",
}  # fmt: skip
_ITEMS: Mapping[str, Kind] = {
    "part": "text", "set": "text", "step": "whole", "contestant": "text", "outcome": "text", "method_id": "text",
    "seed_id": "text", "score": "number", "findings": "texts", "fault": "text", "response_fault": "text",
    "rounds": "whole", "instruction": "text", "evolved": "text", "response": "text", "source": "text",
    "evolver": "text", "draw": "whole",
}  # fmt: skip
_FINDINGS: Mapping[str, Kind] = {
    "part": "text", "set": "text", "step": "whole", "contestant": "text", "seed_id": "text", "kind": "text",
    "evidence": "text", "by": "text",
}  # fmt: skip
_CALLS: Mapping[str, Kind] = {
    "key": "text", "role": "text", "stage": "text", "step": "whole", "place": "text", "endpoint": "text",
    "model": "text", "kind": "text", "input_tokens": "whole", "output_tokens": "whole", "cached_tokens": "whole",
    "reasoning_tokens": "whole", "usd": "number", "seconds": "number", "served_model": "text", "fallback": "text",
    "reused_from": "text",
}  # fmt: skip
_COST: Mapping[str, Kind] = {
    "calls": "whole", "without_answer": "whole", "input_tokens": "whole", "output_tokens": "whole",
    "cached_tokens": "whole", "reasoning_tokens": "whole", "seconds": "number", "usd": "number", "unpriced": "whole",
}  # fmt: skip

COLUMNS: Mapping[str, Mapping[str, Kind]] = {
    "rows": _ROWS, "dropped": _DROPPED, "steps": _STEPS, "candidates": _CANDIDATES, "items": _ITEMS,
    "findings": _FINDINGS, "calls": _CALLS, "cost": _COST,
}  # fmt: skip
"""The columns of each table; a bill has in front of them those that say what a line is for."""


def rows_table(files: RunFiles) -> Table:
    """The data set, a row of it a row; `findings` are classes."""
    return Table(_ROWS, (_row(row) for row in files.rows("dataset.jsonl", DataRecord)))


def _row(row: DataRecord) -> tuple[object, ...]:
    came = row.provenance
    return (
        row.id, row.instruction, row.response, row.system, row.reasoning, came.seed_id, came.line,
        came.seed_instruction, came.method_id, came.operation, came.round, came.rounds, came.parents, came.models,
        _kinds(came.findings), came.score,
    )  # fmt: skip


def dropped_table(files: RunFiles) -> Table:
    """What is not in the data set, each with its reason."""
    rows = (
        (row.seed_id, row.stage, row.reason, row.detail, row.instruction, row.response, row.operation, row.round,
         row.parents, _kinds(row.findings), row.cost)
        for row in files.rows("dropped.jsonl", DroppedRecord)
    )  # fmt: skip
    return Table(_DROPPED, rows)


def steps_table(places: Sequence[Place]) -> Table:
    """The turns of the loop with their decisions.

    `challenger` is the candidate that was accepted, else the one with the highest lower bound; `difference` is its mean
    less the incumbent's on the same items, with the interval that decided.
    """
    return Table(_STEPS, (_step(place, step) for place in places for step in read_steps(place.files)))


def _step(place: Place, step: StepView) -> tuple[object, ...]:
    decision, incumbent = step.decision, step.incumbent
    best = challenger(decision)
    raced = sum(view.record.standing is not None for view in step.candidates)
    return (
        place.name, step.number + 1, step.method.id if step.method else None, decision is not None,
        decision.accepted if decision else None, decision.undecidable if decision else None,
        incumbent.items if incumbent else None, incumbent.mean if incumbent else None,
        best.label if best else None, best.method_id if best else None, best.mean if best else None,
        *_figures(best), step.proposals, raced, decision.calls if decision else None,
        decision.usd if decision else None, decision.back.method if decision and decision.back else None,
        decision.reason if decision else None,
    )  # fmt: skip


def _figures(standing: StandingRecord | None) -> tuple[object, ...]:
    if standing is None:
        return (None,) * len(_FIGURES)
    found = standing.figures
    return (found.difference, found.low, found.high, found.confidence, found.p, found.wins, found.losses)


def candidates_table(places: Sequence[Place]) -> Table:
    """Every proposal of every step, raced or not."""
    return Table(_CANDIDATES, (
        row for place in places for step in read_steps(place.files) for row in _candidates(place, step)
    ))  # fmt: skip


def _candidates(place: Place, step: StepView) -> Iterator[tuple[object, ...]]:
    for view in step.candidates:
        record, standing = view.record, view.record.standing
        yield (
            place.name, step.number + 1, record.number, view.method.id if view.method else record.method_id,
            record.parents, record.operator, view.outcome, standing.items if standing else None,
            standing.mean if standing else None, *_figures(standing), standing.dropped_at if standing else None,
            standing.growth if standing else None, standing.calls if standing else None,
            standing.cost if standing else None, view.method.clauses if view.method else (), view.summary,
            record.why, record.problems,
        )  # fmt: skip


def items_table(places: Sequence[Place]) -> Table:
    """The score of each item for each contestant: of batches, races, the test, a comparison."""
    return Table(_ITEMS, (
        (group.place.name, group.kind, group.step, group.contestant, group.outcome, row.method_id, row.seed_id,
         row.score, _kinds(row.findings), row.fault, row.response_fault, max(len(row.stages) - 1, 0),
         row.stages[0] if row.stages else None, row.stages[-1] if len(row.stages) > 1 else None, row.response,
         row.set, row.evolver, row.draw)
        for group, row in _items(places)
    ))  # fmt: skip


def findings_table(places: Sequence[Place]) -> Table:
    """Every finding on every item and row, with its evidence and who says so."""
    return Table(_FINDINGS, _findings(places))


def _findings(places: Sequence[Place]) -> Iterator[tuple[object, ...]]:
    for group, row in _items(places):
        for each in row.findings:
            yield (group.place.name, group.kind, group.step, group.contestant, row.seed_id,
                   each.kind, each.evidence, each.by)  # fmt: skip
    run = places[0].files
    for made in run.rows("dataset.jsonl", DataRecord):
        for each in made.provenance.findings:
            yield ("", "dataset", None, None, made.provenance.seed_id, each.kind, each.evidence, each.by)
    for fallen in run.rows("dropped.jsonl", DroppedRecord):
        for each in fallen.findings:
            yield ("", "dropped", None, None, fallen.seed_id, each.kind, each.evidence, each.by)


def _items(places: Sequence[Place]) -> Iterator[tuple[_Group, _ItemRecord]]:
    for place in places:
        for group in _groups(place):
            for row in place.files.rows(f"{group.file}.jsonl", _ItemRecord):
                yield group, row


def _groups(place: Place) -> Iterator[_Group]:
    for step in read_steps(place.files):
        number = step.number + 1
        yield _Group(place, f"{step.place}/batch", "batch", number, "incumbent")
        yield _Group(place, f"{step.place}/incumbent", "dev", number, "incumbent")
        for view in step.candidates:
            yield _Group(place, f"{view.place}/dev", "dev", number, f"c{view.record.number}", view.outcome)
    yield from (_Group(place, f"test/{label}", "test", None, label) for label in _TESTED)
    for path in sorted((place.files.folder / "compare").glob("*.jsonl")):
        yield _Group(place, f"compare/{path.stem}", "compare", None, path.stem)


def calls_table(files: RunFiles) -> Table:
    """Every finished call. One that another run has paid for names it in `reused_from`."""
    return Table(_CALLS, map(_call, _calls(files)))


def _calls(files: RunFiles) -> Iterator[CallRecord]:
    if not files.has(JOURNAL_NAME):
        return
    try:
        yield from read_calls(files.folder / JOURNAL_NAME)
    except StorageError:
        files.trouble(JOURNAL_NAME, "it cannot be read to its end.")


def _call(call: CallRecord) -> tuple[object, ...]:
    step = _STEP.search(call.stage)
    return (
        call.key, call.role, call.stage, int(step[1]) + 1 if step else None, call.place, call.endpoint, call.model,
        call.kind, call.input_tokens, call.output_tokens, call.cached_tokens, call.reasoning_tokens, call.cost,
        call.seconds, call.served_model, call.fallback, call.reused_from,
    )  # fmt: skip


def cost_table(names: Sequence[str], lines: Iterable[tuple[Sequence[str], Cost]]) -> Table:
    """A bill. `usd` is that of the calls with a known price, `unpriced` is how many the others are.

    Args:
        names: of the columns that say what a line is for.
        lines: each with the values of these columns.
    """
    rows = (
        (*named, cost.calls, cost.without_answer, cost.input_tokens, cost.output_tokens, cost.cached_tokens,
         cost.reasoning_tokens, cost.seconds, cost.usd, cost.unpriced)
        for named, cost in lines
    )  # fmt: skip
    return Table({**dict.fromkeys(names, "text"), **_COST}, rows)


def _kinds(findings: Sequence[FindingRecord]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.kind for finding in findings))
