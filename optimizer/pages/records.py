"""The records of a run as a page reads them: every field may be missing, nothing is trusted to be whole.

The writers are optimizer/search/trail.py, confirm.py, candidates.py, optimizer/recipes and optimizer/dataset/rows.py.
A run that was stopped early has fewer of these files; an older or newer run may have other fields.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from .part_records import Number, PartRecord, Word

__all__ = [
    "CandidateRecord",
    "ComparisonRecord",
    "ConfirmationRecord",
    "DataRecord",
    "DecisionRecord",
    "DroppedRecord",
    "EditRecord",
    "EstimateLineRecord",
    "EstimateRecord",
    "EventRecord",
    "FindingRecord",
    "FrozenRecord",
    "RangeRecord",
    "ReadRecord",
    "SearchRecord",
    "SettingsRecord",
    "SplitRecord",
    "StandingRecord",
    "StatusRecord",
    "TrajectoryRecord",
]


_USUAL, _CLOSE = 0.95, 1e-9  # confidence of an interval that needs no word


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class FindingRecord(_Record):
    """One thing wrong with one evolution."""

    kind: str = ""
    evidence: str = ""
    by: str = "rule"


class VerdictRecord(_Record):
    """What the judge said; None is an abstention."""

    valid: bool | None = None
    self_contained: bool | None = None
    consistent: bool | None = None
    intent_kept: bool | None = None
    harder: str | None = None
    evidence: str = ""
    fault: str = ""


class TrajectoryRecord(_Record):
    """A line of `batch.jsonl`, `incumbent.jsonl`, `dev.jsonl` or `test/*.jsonl`."""

    seed_id: str = ""
    method_id: str = ""
    stages: tuple[str, ...] = ()
    fault: str = ""
    response: str | None = None
    response_fault: str = ""
    findings: tuple[FindingRecord, ...] = ()
    verdict: VerdictRecord | None = None
    score: float | None = None


class ComparisonRecord(_Record):
    """Two methods on the same items (`Comparison` of optimizer/scoring/statistics.py), or what another rule looked at.

    `low` and `high` are an interval of the difference, of 95 % where `confidence` says nothing; `p` is one-sided.
    """

    wins: int | None = None
    losses: int | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    p: float | None = None
    better: bool | None = None
    failure_rate: float | None = None
    success_rate: float | None = None
    length_ratio: float | None = None
    score: float | None = None
    left: str = ""

    @property
    def level(self) -> str:
        """How sure the interval is, where that is not 95 %."""
        sure = self.confidence
        return "" if sure is None or not 0 < sure < 1 or abs(sure - _USUAL) < _CLOSE else f"{100 * sure:.1f} %"


class StandingRecord(_Record):
    """What one contestant showed; `items` it was scored on, `dropped_at` items it left the race.

    `diversity` are shares by name, `growth` the median growth of its texts, `refused` why it could not be accepted.
    """

    label: str = ""
    method_id: str = ""
    items: int = 0
    mean: float | None = None
    dropped_at: int | None = None
    findings: dict[str, int] = Field(default_factory=dict[str, int])
    diversity: dict[str, float] = Field(default_factory=dict[str, float])
    growth: float | None = None
    calls: int = 0
    cost: float | None = None
    refused: str = ""
    figures: ComparisonRecord = ComparisonRecord()


class BackRecord(_Record):
    """The way back to an earlier method, where a step took it."""

    method: str = ""
    reason: str = ""


class DecisionRecord(_Record):
    """`decision.json` of a step. The first standing is the incumbent's.

    `plausible` is the most that the step could have gained, `calls` and `usd` what its race took.
    """

    accepted: str | None = None
    label: str | None = None
    reason: str = ""
    undecidable: bool = False
    plausible: float | None = None
    calls: int = 0
    usd: float | None = None
    back: BackRecord | None = None
    standings: tuple[StandingRecord, ...] = ()


class MethodFindingRecord(_Record):
    """What the analyst found wrong with the method."""

    cluster: str = ""
    cases: tuple[str, ...] = ()
    evidence: str = ""
    rule: str = ""


class EditRecord(_Record):
    """One edit of a proposal; `findings` are numbers, from 1, of those that it answers."""

    kind: str = ""
    clause: int = 0
    text: str = ""
    reason: str = ""
    findings: tuple[int, ...] = ()


class CandidateRecord(_Record):
    """`candidate.json`: a proposal, whether it raced or not."""

    number: int = 0
    operator: str = ""
    parents: tuple[str, ...] = ()
    edits: tuple[EditRecord, ...] = ()
    method_id: str | None = None
    why: str = ""
    problems: tuple[str, ...] = ()
    stand_in: str | None = None
    findings: tuple[MethodFindingRecord, ...] = ()
    standing: StandingRecord | None = None
    shown: dict[str, Any] = Field(default_factory=dict[str, Any])


class ConfirmationRecord(_Record):
    """`test/confirmation.json`. `against` compares the chosen method with each other one, by label."""

    verdict: str = ""
    reason: str = ""
    method_id: str | None = None
    standings: tuple[StandingRecord, ...] = ()
    against: dict[str, ComparisonRecord] = Field(default_factory=dict[str, ComparisonRecord])


class EndpointRecord(_Record):
    """An endpoint group; one without an address costs nothing."""

    base_url: str | None = None


class SearchRecord(_Record):
    """The dials of the search that a page speaks of; 0 where unknown."""

    strategy: str = ""
    steps: int = 0
    candidates: int = 0
    alpha: float = 0.0
    margin: float = 0.0


class SettingsRecord(_Record):
    """What a page needs of the settings. They are read leniently: those of another version have a page too."""

    name: str = ""
    search: SearchRecord = SearchRecord()
    endpoints: dict[str, EndpointRecord] = Field(default_factory=dict[str, EndpointRecord])
    apply_limit: int | None = None

    @property
    def free(self) -> bool:
        """Whether no endpoint asks for money."""
        return bool(self.endpoints) and not any(endpoint.base_url for endpoint in self.endpoints.values())


class FrozenRecord(_Record):
    """`settings.json`. `recorded` is set in a run that was recorded elsewhere and is only played again."""

    autoevol: str = ""
    recorded: str = ""
    settings: SettingsRecord = SettingsRecord()


class EventRecord(_Record):
    """A line of `events.jsonl`; of a changed setting the names that lead to it, and its values."""

    kind: str = ""
    path: tuple[str, ...] = ()
    old: JsonValue = None
    new: JsonValue = None


class RangeRecord(_Record):
    """A figure of an estimate: what is expected, and the most and the least it can be."""

    at_least: float | None = None
    expected: float | None = None
    at_most: float | None = None


class EstimateLineRecord(_Record):
    """The calls of a role in a part of the run, before it began."""

    stage: str = ""
    role: str = ""
    model: str = ""
    calls: RangeRecord = RangeRecord()
    tokens_in: RangeRecord = RangeRecord()
    tokens_out: RangeRecord = RangeRecord()
    usd: RangeRecord = RangeRecord()


class EstimateRecord(_Record):
    """`estimate.json`."""

    lines: tuple[EstimateLineRecord, ...] = ()


class ReadRecord(_Record):
    """What became of the rows of the seeds' source (optimizer/dataset/report.py); `seeds` is what they gave."""

    read: int = 0
    good: int = 0
    duplicates: int = 0
    empty: int = 0
    malformed: int = 0
    problems: tuple[tuple[int, str], ...] = ()
    unit: str = "line"
    seeds: int = 0
    repeated: int = 0


class SplitRecord(_Record):
    """How many seeds the search has in each part."""

    train: int = 0
    dev: int = 0
    test: int = 0


class StatusRecord(_Record):
    """`status.json`. What the clock, restarts or attempts change is left out: a page is the same after a resume."""

    state: str = ""
    name: str = ""
    recipe: str = ""
    profile: str = ""
    quirks: tuple[str, ...] | None = None
    phase: str = ""
    search_stopped: str = ""
    confirmation: str = ""
    best_method: str = ""
    applied_method: str = ""
    story: str = ""
    seeds: ReadRecord | None = None
    split: SplitRecord | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    dropped: dict[str, int] = Field(default_factory=dict[str, int])
    aims: dict[str, int] = Field(default_factory=dict[str, int])
    pending: int | None = None
    parts: tuple[PartRecord, ...] = ()


class ProvenanceRecord(_Record):
    """Where a row came from."""

    seed_id: str = ""
    line: int | None = None
    seed_instruction: str = ""
    method_id: str = ""
    rounds: int = 0
    findings: tuple[FindingRecord, ...] = ()
    score: float | None = None
    models: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    operation: Word = ""
    round: Number = 0


class DataRecord(_Record):
    """A line of `dataset.jsonl`."""

    id: str = ""
    instruction: str = ""
    response: str = ""
    system: str = ""
    reasoning: str | None = None
    provenance: ProvenanceRecord = ProvenanceRecord()


class DroppedRecord(_Record):
    """A line of `dropped.jsonl`."""

    seed_id: str = ""
    stage: str = ""
    reason: str = ""
    detail: str = ""
    findings: tuple[FindingRecord, ...] = ()
    cost: float | None = None
    instruction: str | None = None
    response: str | None = None
    operation: Word = ""
    round: Number = 0
    parents: tuple[str, ...] = ()
