"""What a step leaves on disk: the method it began with, its batch, every candidate, the decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...agents.method_file import dump_method
from ..record.run import Run
from .candidates import Proposed
from .decision import Decision
from .evaluate import Standing
from .profile import profile_row
from .served import mixed_note, mixed_servers

__all__ = ["Turn", "finding_counts", "standing_row", "write_turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One finished step.

    Args:
        best: the incumbent after it.
        back: the decision to go back to an earlier method, where there was one.
    """

    step: int
    batch: Standing
    proposed: Sequence[Proposed]
    standings: Sequence[Standing]
    decision: Decision
    best: Standing
    back: Decision | None = None


def write_turn(run: Run, turn: Turn) -> None:
    """Write the folder of a step and the best method so far.

    Raises:
        StorageError: it could not be written.
    """
    place = f"steps/{turn.step:03d}"
    folder = run.folder
    folder.write_text(f"{place}/method.md", dump_method(turn.standings[0].contestant.method))
    _write_trajectories(run, f"{place}/batch.jsonl", turn.batch)
    folder.write_rows(f"{place}/analyses.jsonl", [proposed.as_row() for proposed in turn.proposed])
    _write_trajectories(run, f"{place}/incumbent.jsonl", turn.standings[0])
    decision = _decision_row(turn)
    for proposed, row in _with_rows(turn, decision["standings"]):
        _write_candidate(run, f"{place}/candidates/{proposed.number}", proposed, row)
    folder.write_json(f"{place}/decision.json", decision)
    best = turn.best.contestant.method
    folder.write_text("method.md", dump_method(best))
    run.write_judge()
    run.update(steps_done=turn.step + 1, best_method=best.id, score=turn.best.mean)
    run.decided(turn.step)


def standing_row(standing: Standing) -> dict[str, Any]:
    """The figures of a contestant."""
    return {
        "label": standing.contestant.label,
        "method_id": standing.contestant.method.id,
        "items": len(standing.scores),
        "mean": standing.mean,
        "dropped_at": standing.dropped_at,
        "findings": finding_counts(standing),
        **({"refused": standing.refused} if standing.refused else {}),
    }


def finding_counts(standing: Standing) -> dict[str, int]:
    """How many items had each kind of finding."""
    counts = Counter(kind for t in standing.trajectories.values() for kind in {f.kind for f in t.findings})
    return dict(sorted(counts.items()))


def _decision_row(turn: Turn) -> dict[str, Any]:
    decision = turn.decision
    rows = [{**standing_row(standing), **profile_row(standing)} for standing in turn.standings]
    for row, figures in zip(rows, decision.figures, strict=False):
        row["figures"] = figures
    accepted = None if decision.accepted is None else turn.standings[decision.accepted].contestant
    mixed = mixed_servers(turn.standings)
    back = {} if turn.back is None else {"back": {**turn.back.as_row(), "method": turn.best.contestant.method.id}}
    return {
        **decision.as_row(),
        "step": turn.step,
        "accepted": accepted.method.id if accepted else None,
        "label": accepted.label if accepted else None,
        "reason": f"{decision.reason} {mixed_note(mixed)}".strip(),
        **({"served": mixed} if mixed else {}),
        **back,
        "standings": rows,
    }


def _with_rows(
    turn: Turn, rows: Sequence[dict[str, Any]]
) -> list[tuple[Proposed, tuple[Standing, dict[str, Any]] | None]]:
    """Each proposal with its standing, where it became a candidate; candidates are numbered in order of proposals."""
    raced = iter(list(zip(turn.standings, rows, strict=True))[1:])
    return [(proposed, next(raced) if proposed.method is not None else None) for proposed in turn.proposed]


def _write_candidate(run: Run, place: str, proposed: Proposed, raced: tuple[Standing, dict[str, Any]] | None) -> None:
    method = proposed.proposal.method if proposed.proposal else None
    if method is not None:
        run.folder.write_text(f"{place}/method.md", dump_method(method))
    elif proposed.proposal is not None:
        run.folder.write_text(f"{place}/unreadable.txt", proposed.proposal.raw)
    row = proposed.as_row()
    if raced is not None:
        standing, figures = raced
        row["standing"] = figures
        _write_trajectories(run, f"{place}/dev.jsonl", standing)
    run.folder.write_json(f"{place}/candidate.json", row)


def _write_trajectories(run: Run, name: str, standing: Standing) -> None:
    scores = standing.scores
    rows = (t.as_row(scores.get(seed), standing.parts.get(seed)) for seed, t in standing.trajectories.items())
    run.folder.write_rows(name, rows)
