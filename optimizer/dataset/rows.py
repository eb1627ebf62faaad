"""The finished data: what a row of `dataset.jsonl` and of `dropped.jsonl` holds, and how it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from ...agents.gateway.requests import Turn
from ...agents.messages import Finding

__all__ = ["DataRow", "DroppedRow", "Provenance", "data_object", "dropped_object", "encode_line"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a row came about.

    Args:
        seed_id, line: the seed, and where it stands in the seeds' source.
        seed_instruction: its text before any evolution.
        method_id: the method that was applied.
        rounds: evolutions in a row that led to the instruction.
        calls: keys of the calls in the journal, in order.
        findings: what detectors and judge had to say about the row that was kept.
        score: of the item; None where none was given.
        cost: USD over all calls; None where a price is unknown.
        models: names of the models that took part, each once.
        measures: figures of the dear checks in [0, 1].
        aim: which way the seed went where a student is named: `up`, `keep` or `down`; else empty.
        recipe: of `autoevol make` that made the row; empty where a method did.
        parents: ids of the rows that it was made from.
        notes: what else a recipe says of the row (operation, sampling, tags, scores), ready for JSON.
        touched: what an endpoint did otherwise than asked (`fallback`, `adapted`); each is left out where it is empty.
    """

    seed_id: str
    line: int = 0
    seed_instruction: str = ""
    method_id: str = ""
    rounds: int = 0
    calls: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    score: float | None = None
    cost: float | None = None
    models: tuple[str, ...] = ()
    touched: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    measures: Mapping[str, float] = field(default_factory=dict[str, float])
    aim: str = ""
    recipe: str = ""
    parents: tuple[str, ...] = ()
    notes: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True)
class DataRow:
    """One finished row.

    Args:
        id: unique in the data set, derived from the seed's id.
        instruction: the evolved instruction.
        response: the answer to it.
        provenance: how it came about.
        system, context: of the seed, unchanged.
        reasoning: the responder's trace where the run keeps it apart; None leaves the field out.
    """

    id: str
    instruction: str
    response: str
    provenance: Provenance
    system: str = ""
    context: tuple[Turn, ...] = ()
    reasoning: str | None = None


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A seed, or what was made of it, that is not in the data set.

    Args:
        seed_id: the seed.
        stage: the stage of the work that it fell at (`evolve`, `respond`, ...).
        reason: a class that can be counted.
        detail: in words.
        findings, calls, cost: as in `Provenance`.
        instruction, response: what was made of it, where a recipe keeps that (for an audit of its filters).
        notes: what else a recipe says of it, ready for JSON.
    """

    seed_id: str
    stage: str
    reason: str
    detail: str = ""
    findings: tuple[Finding, ...] = ()
    calls: tuple[str, ...] = ()
    cost: float | None = None
    instruction: str | None = None
    response: str | None = None
    notes: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


def _findings(findings: Sequence[Finding]) -> list[dict[str, str]]:
    return [{"kind": finding.kind, "evidence": finding.evidence, "by": finding.by} for finding in findings]


def data_object(row: DataRow) -> dict[str, object]:
    """The row as JSON writes it, keys in fixed order; `context` in OpenAI's form, so that it can be read again."""
    came = row.provenance
    reasoning = {} if row.reasoning is None else {"reasoning": row.reasoning}
    return {
        "id": row.id,
        "instruction": row.instruction,
        "response": row.response,
        "system": row.system,
        "context": [{"role": turn.speaker, "content": turn.text} for turn in row.context],
        **reasoning,
        "provenance": {
            "seed_id": came.seed_id,
            "line": came.line,
            "seed_instruction": came.seed_instruction,
            "method_id": came.method_id,
            "rounds": came.rounds,
            "calls": list(came.calls),
            "findings": _findings(came.findings),
            "score": came.score,
            "cost": came.cost,
            "models": list(came.models),
            **({"measures": dict(came.measures)} if came.measures else {}),
            **({"aim": came.aim} if came.aim else {}),
            **({"recipe": came.recipe, "parents": list(came.parents), **came.notes} if came.recipe else {}),
            **{name: list(words) for name, words in came.touched.items()},
        },
    }


def dropped_object(row: DroppedRow) -> dict[str, object]:
    """The dropped row as JSON writes it, keys in fixed order."""
    return {
        "seed_id": row.seed_id,
        "stage": row.stage,
        "reason": row.reason,
        "detail": row.detail,
        "findings": _findings(row.findings),
        "calls": list(row.calls),
        "cost": row.cost,
        **({} if row.instruction is None else {"instruction": row.instruction}),
        **({} if row.response is None else {"response": row.response}),
        **row.notes,
    }


# Line ends that JSON allows inside text, but at which many readers split lines.
_LINE_ENDS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"})


def encode_line(value: Mapping[str, object]) -> str:
    """One line of JSONL with its newline: readable Unicode, no other line end in it, always valid UTF-8.

    Two halves of a character are joined, a half without its other one becomes U+FFFD.

    Raises:
        ValueError: NaN or infinity, which JSON does not have.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False).translate(_LINE_ENDS)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text + "\n"
