"""A method over every seed: what passes becomes the data set, what does not is kept with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from ...agents.method import Method
from ..dataset.rows import DataRow, DroppedRow, Provenance, data_object, dropped_object
from ..dataset.seed import Seed
from ..record.run import Run
from ..search.evaluate import Contestant, Errand, travel
from ..search.strategies import Strategies
from ..search.trajectory import Trajectory

__all__ = ["Applied", "apply_method"]


@dataclass(frozen=True, slots=True)
class Applied:
    """Counts that add up: taken in = out + dropped by reason."""

    taken: int
    out: int
    dropped: dict[str, int]


async def apply_method(run: Run, strategies: Strategies, method: Method, seeds: Iterable[Seed]) -> Applied:
    """Evolve and answer every seed once by the method (Auto Evol-Instruct, section 3.4) and write the data set.

    Rows are written in the order of the seeds; only what is under way is in memory.

    Raises:
        SessionStopped: budget, key, quota or outage; rows finished by then are in the files.
    """
    total = min(run.split.total, run.settings.apply_limit or run.split.total)
    tick = run.phase(None, "apply", total)
    run.update(phase="apply")
    dropped: Counter[str] = Counter()
    out = 0
    with run.folder.rows("dataset.jsonl") as data, run.folder.rows("dropped.jsonl") as rest:

        def deliver(errand: Errand, trajectory: Trajectory) -> None:
            nonlocal out
            reason = _reason(strategies, trajectory)
            if reason is None:
                data.write(data_object(_data(run, trajectory, strategies.score(trajectory).value)))
                out += 1
            else:
                rest.write(dropped_object(_dropped(trajectory, *reason)))
                dropped[reason[0]] += 1
            tick()

        await travel(run, strategies.apply, _errands(method, islice(seeds, total)), deliver)
    run.write_judge()
    applied = Applied(out + sum(dropped.values()), out, dict(sorted(dropped.items())))
    run.update(rows_in=applied.taken, rows_out=out, dropped=applied.dropped, pending=total - applied.taken)
    return applied


def _errands(method: Method, seeds: Iterable[Seed]) -> Iterator[Errand]:
    contestant = Contestant("all", method)
    return (Errand(contestant, seed, "apply") for seed in seeds)


def _reason(strategies: Strategies, trajectory: Trajectory) -> tuple[str, str] | None:
    """Why this row is not data: kind and evidence; None where it is."""
    for finding in trajectory.findings:
        if finding.kind in strategies.drops:
            return finding.kind, finding.evidence
    if trajectory.evolved is None:
        return trajectory.fault or "unreadable", ""
    if not trajectory.response:
        return "no-response", trajectory.response_fault
    return None


def _data(run: Run, trajectory: Trajectory, score: float) -> DataRow:
    seed = trajectory.seed
    reasoning = trajectory.reasoning if run.settings.reasoning == "apart" else None
    response = trajectory.response or ""
    if run.settings.reasoning == "export" and trajectory.reasoning:
        response = f"<think>\n{trajectory.reasoning}\n</think>\n\n{response}"
    return DataRow(
        id=seed.id, instruction=trajectory.evolved or "", response=response, system=seed.instruction.system,
        context=seed.instruction.context, reasoning=reasoning, provenance=_provenance(trajectory, score),
    )  # fmt: skip


def _provenance(trajectory: Trajectory, score: float) -> Provenance:
    seed = trajectory.seed
    return Provenance(
        seed_id=seed.id, line=seed.line, seed_instruction=seed.instruction.text, method_id=trajectory.method_id,
        rounds=len(trajectory.stages) - 1, calls=tuple(call.key for call in trajectory.calls),
        findings=trajectory.findings, score=score, cost=trajectory.cost,
        models=tuple(dict.fromkeys(call.model for call in trajectory.calls if call.model)),
        touched=trajectory.touched,
    )  # fmt: skip


def _dropped(trajectory: Trajectory, reason: str, detail: str) -> DroppedRow:
    return DroppedRow(
        seed_id=trajectory.seed.id, stage="apply", reason=reason, detail=detail, findings=trajectory.findings,
        calls=tuple(call.key for call in trajectory.calls), cost=trajectory.cost,
    )  # fmt: skip
