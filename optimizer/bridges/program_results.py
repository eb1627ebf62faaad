"""What a search of instructions leaves: results in the style of GEPA's for code, and files for people.

compile.json    what was searched: settings, examples, the program's own instructions, the secret of its marks
steps/000.json  a step: batch, proposals, who met whom, the decision
candidates.json all wordings that raced, with their scores and parents
result.json     how it ended
rollouts.jsonl  every use of a program on an example that decides, a row each
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..record.folder import RunFolder
from ..scoring.statistics import Comparison
from ..search.decision import Decision
from .one_use import Rollout
from .open_door import OpenDoor
from .program_parts import with_wording
from .program_search import Candidate, Found, ProgramSearch, Round, Verdict

__all__ = ["ProgramResults", "keep_result", "keep_round", "results_of"]


@dataclass(frozen=True, slots=True)
class ProgramResults:
    """How a compilation went; the names that GEPA's results have too mean the same.

    Args:
        candidates: the programs that raced, the student first.
        parents: for each, the index of the one that it was made from.
        val_aggregate_scores: mean score of each on the validation examples that it met; a candidate that left a race
            early met some of them only, so it is no ranking: `best_idx` was decided on paired evidence.
        val_subscores: the single scores, by place in `valset`.
        per_val_instance_best_candidates: who is best on each, by place.
        discovery_eval_counts: uses of programs before each was there.
        total_metric_calls: uses of programs in all.
        num_full_val_evals: how many met all validation examples.
        best_idx: what was returned; 0 is the student as it was.
        verdict, reason: what the held-out examples said, in a word and a sentence.
        comparison: the figures of that; None where nothing was compared.
        decisions: of all steps.
        stopped: why there was no further step.
        valset, testset: the examples that decided and that confirmed.
        usd: what all sessions of the folder have cost; None where a price is unknown.
        calls: model calls of all of them.
        log_dir: where the files are.
        seed: of the run.
    """

    candidates: tuple[Any, ...]
    parents: tuple[tuple[int | None, ...], ...]
    val_aggregate_scores: tuple[float, ...]
    val_subscores: tuple[Mapping[int, float], ...]
    per_val_instance_best_candidates: Mapping[int, frozenset[int]]
    discovery_eval_counts: tuple[int, ...]
    total_metric_calls: int
    num_full_val_evals: int
    best_idx: int
    verdict: Verdict
    reason: str
    comparison: Comparison | None
    decisions: tuple[Decision, ...]
    stopped: str
    valset: tuple[Any, ...]
    testset: tuple[Any, ...]
    usd: float | None
    calls: int
    log_dir: str
    seed: int

    @property
    def best_candidate(self) -> Any:
        """The program that was returned."""
        return self.candidates[self.best_idx]

    @property
    def highest_score_achieved_per_val_task(self) -> dict[int, float]:
        """The best score of anyone on each validation example, by place."""
        best = self.per_val_instance_best_candidates
        return {place: self.val_subscores[min(who)][place] for place, who in best.items()}

    def to_dict(self) -> dict[str, Any]:
        """As plain values, the programs by their instructions."""
        return {
            "candidates": [_instructions(program) for program in self.candidates],
            "parents": [list(one) for one in self.parents],
            "val_aggregate_scores": list(self.val_aggregate_scores),
            "val_subscores": [dict(one) for one in self.val_subscores],
            "per_val_instance_best_candidates": {
                place: sorted(who) for place, who in self.per_val_instance_best_candidates.items()
            },
            "discovery_eval_counts": list(self.discovery_eval_counts),
            "total_metric_calls": self.total_metric_calls, "num_full_val_evals": self.num_full_val_evals,
            "best_idx": self.best_idx, "verdict": self.verdict, "reason": self.reason, "stopped": self.stopped,
            "comparison": None if self.comparison is None else asdict(self.comparison),
            "usd": self.usd, "calls": self.calls, "log_dir": self.log_dir, "seed": self.seed,
        }  # fmt: skip


def results_of(search: ProgramSearch, found: Found, door: OpenDoor, folder: Path) -> ProgramResults:
    """The results of a search.

    Args:
        search: how it was made.
        found: what it ended with.
        door: what its calls went through.
        folder: of its files.
    """
    program, examples, spent = search.program, search.examples, door.totals.all
    val = [seed.id for seed in examples.split.dev]
    place = {name: at for at, name in enumerate(val)}
    scores = [{place[name]: score for name, score in one.standing.scores.items()} for one in found.candidates]
    best: dict[int, frozenset[int]] = {}
    for at in range(len(val)):
        met = {index: mine[at] for index, mine in enumerate(scores) if at in mine}
        if met:
            best[at] = frozenset(index for index, score in met.items() if score == max(met.values()))
    return ProgramResults(
        candidates=tuple(with_wording(program, one.wording) for one in found.candidates),
        parents=tuple((one.parent,) for one in found.candidates),
        val_aggregate_scores=tuple(one.standing.mean or 0.0 for one in found.candidates),
        val_subscores=tuple(scores), per_val_instance_best_candidates=best,
        discovery_eval_counts=tuple(one.found_at for one in found.candidates), total_metric_calls=search.bench.scored,
        num_full_val_evals=sum(len(mine) == len(val) for mine in scores), best_idx=found.best,
        verdict=found.confirmed.verdict, reason=found.confirmed.reason, comparison=found.confirmed.comparison,
        decisions=tuple(one.decision for one in found.rounds), stopped=found.stopped,
        valset=tuple(item.example for item in examples.of(examples.split.dev)),
        testset=tuple(item.example for item in examples.of(examples.split.test)),
        usd=None if spent.unpriced else spent.usd, calls=spent.calls, log_dir=str(folder),
        seed=search.settings.run_seed,
    )  # fmt: skip


def keep_round(folder: RunFolder, one: Round, candidates: Sequence[Candidate]) -> None:
    """Write a step that is over, and who has raced so far.

    Raises:
        StorageError: the folder cannot be written.
    """
    row = {
        "step": one.step, "batch": [_use_row("incumbent", name, use) for name, use in one.batch.items()],
        "offers": [offer.as_row() for offer in one.offers], "raced": list(one.raced),
        "decision": one.decision.as_row(), "accepted": one.decision.accepted,
    }  # fmt: skip
    folder.write_json(f"steps/{one.step:03d}.json", row)
    folder.write_json("candidates.json", [_candidate_row(candidate) for candidate in candidates])


def keep_result(folder: RunFolder, found: Found, results: ProgramResults) -> None:
    """Write how it ended.

    Raises:
        StorageError: the folder cannot be written.
    """
    folder.write_json("candidates.json", [_candidate_row(candidate) for candidate in found.candidates])
    folder.write_json("result.json", results.to_dict())
    folder.write_rows("rollouts.jsonl", _rows(found))


def _rows(found: Found) -> Iterator[Mapping[str, Any]]:
    for one in found.candidates:
        for name, rollout in sorted(one.rollouts.items()):
            yield {"candidate": one.index, **_use_row(one.wording.id, name, rollout)}


def _use_row(who: str, example: str, rollout: Rollout) -> dict[str, Any]:
    row: dict[str, Any] = {"who": who, "example": example, "score": rollout.score, "result": dict(rollout.result)}
    if rollout.feedback:
        row["feedback"] = rollout.feedback
    return row | ({"failure": rollout.failure} if rollout.failure else {})


def _candidate_row(one: Candidate) -> dict[str, Any]:
    standing = one.standing
    return {
        "index": one.index, "wording": one.wording.id, "parent": one.parent, "part": one.wording.part,
        "why": one.wording.why, "instructions": dict(one.wording.texts), "mean": standing.mean,
        "items": len(standing.scores), "left_at": standing.dropped_at,
    }  # fmt: skip


def _instructions(program: Any) -> dict[str, str]:
    return {name: str(predictor.signature.instructions) for name, predictor in program.named_predictors()}
