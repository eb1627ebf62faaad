"""A method over every seed: what passes becomes the data set, what does not is kept with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from ...agents.method import Method
from ...agents.method_file import load_method
from ..dataset.rows import DataRow, DroppedRow, Provenance, data_object, dropped_object
from ..dataset.seed import Seed
from ..record.run import Run
from ..scoring.examine.solved import Band
from ..search.evaluate import Contestant, Errand, travel
from ..search.strategies import Strategies
from ..search.trajectory import Trajectory
from .aim import IDENTITY, AimedErrand, aim_for, pass_rates

__all__ = ["Applied", "apply_method"]


@dataclass(frozen=True, slots=True)
class Applied:
    """Counts that add up: taken in = out + dropped by reason."""

    taken: int
    out: int
    dropped: dict[str, int]


async def apply_method(run: Run, strategies: Strategies, method: Method, seeds: Iterable[Seed]) -> Applied:
    """Evolve and answer every seed once by the method (Auto Evol-Instruct, section 3.4) and write the data set.

    Rows are written in the order of the seeds; only what is under way is in memory. Where a student is named, its pass
    rate on each seed is measured first, and the seed is evolved up by the method, kept as it is, or evolved down.

    Raises:
        SessionStopped: budget, key, quota or outage; rows finished by then are in the files.
    """
    total = min(run.split.total, run.settings.apply_limit or run.split.total)
    run.update(phase="apply")
    rates = await pass_rates(run, islice(seeds, total)) if run.settings.student else None
    tick = run.phase(None, "apply", total)
    aims: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    out = 0
    with run.folder.rows("dataset.jsonl") as data, run.folder.rows("dropped.jsonl") as rest:

        def deliver(errand: Errand, trajectory: Trajectory) -> None:
            nonlocal out
            reason = _reason(strategies, trajectory)
            if reason is None:
                aim = errand.aim if isinstance(errand, AimedErrand) else ""
                data.write(data_object(_data(run, trajectory, _score(strategies, trajectory, aim), aim)))
                aims[aim] += 1
                out += 1
            else:
                rest.write(dropped_object(_dropped(trajectory, *reason)))
                dropped[reason[0]] += 1
            tick()

        errands = _errands(method, islice(seeds, total)) if rates is None else (
            _aimed(run, method, islice(seeds, total), rates)
        )  # fmt: skip
        await travel(run, strategies.apply, errands, deliver)
    run.write_judge()
    applied = Applied(out + sum(dropped.values()), out, dict(sorted(dropped.items())))
    run.update(rows_in=applied.taken, rows_out=out, dropped=applied.dropped, pending=total - applied.taken)
    if rates is not None:
        run.update(aims=dict(sorted(aims.items())))
    return applied


def _errands(method: Method, seeds: Iterable[Seed]) -> Iterator[Errand]:
    contestant = Contestant("all", method)
    return (Errand(contestant, seed, "apply") for seed in seeds)


def _aimed(run: Run, method: Method, seeds: Iterable[Seed], rates: Mapping[str, float]) -> Iterator[Errand]:
    """Each seed on its way: up by the method, kept, or down by the shipped method that makes simpler."""
    band = Band(*run.settings.checks.band)
    up, keep = Contestant("all", method), Contestant("kept", IDENTITY)
    down = Contestant("simpler", load_method("simpler", method.language))
    by_aim = {"up": up, "keep": keep, "down": down}
    for seed in seeds:
        aim = aim_for(rates.get(seed.id), band)
        yield AimedErrand(by_aim[aim], seed, "apply", aim=aim)


def _score(strategies: Strategies, trajectory: Trajectory, aim: str) -> float | None:
    """The score of a row; of a seed that was kept there is none, and of a simpler one only its use counts."""
    if aim == "keep":
        return None
    if aim == "down":
        return trajectory.measures.get("useful")
    return strategies.score(trajectory).value


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


def _data(run: Run, trajectory: Trajectory, score: float | None, aim: str) -> DataRow:
    seed = trajectory.seed
    reasoning = trajectory.reasoning if run.settings.reasoning == "apart" else None
    response = trajectory.response or ""
    if run.settings.reasoning == "export" and trajectory.reasoning:
        response = f"<think>\n{trajectory.reasoning}\n</think>\n\n{response}"
    return DataRow(
        id=seed.id, instruction=trajectory.evolved or "", response=response, system=seed.instruction.system,
        context=seed.instruction.context, reasoning=reasoning, provenance=_provenance(trajectory, score, aim),
    )  # fmt: skip


def _provenance(trajectory: Trajectory, score: float | None, aim: str) -> Provenance:
    seed = trajectory.seed
    return Provenance(
        seed_id=seed.id, line=seed.line, seed_instruction=seed.instruction.text, method_id=trajectory.method_id,
        rounds=len(trajectory.stages) - 1, calls=tuple(call.key for call in trajectory.calls),
        findings=trajectory.findings, score=score, cost=trajectory.cost,
        models=tuple(dict.fromkeys(call.model for call in trajectory.calls if call.model)),
        touched=trajectory.touched, measures=trajectory.measures, aim=aim,
    )  # fmt: skip


def _dropped(trajectory: Trajectory, reason: str, detail: str) -> DroppedRow:
    return DroppedRow(
        seed_id=trajectory.seed.id, stage="apply", reason=reason, detail=detail, findings=trajectory.findings,
        calls=tuple(call.key for call in trajectory.calls), cost=trajectory.cost,
    )  # fmt: skip
