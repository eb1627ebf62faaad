"""`compare.json` and `ablation.json` as pages read them; the writer is optimizer/recipes/contest/outcome.py."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from .records import TrajectoryRecord

__all__ = [
    "ClauseRecord",
    "ComparisonFile",
    "ContestantRecord",
    "ExampleRecord",
    "FindingShares",
    "PairRecord",
    "PlaceRecord",
    "TransferRecord",
]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SetRecord(_Record):
    """A set of seeds: how many it has, and on how many was compared."""

    name: str = ""
    source: str = ""
    seeds: int = 0
    items: int = 0


class RoleCost(_Record):
    """What a role was asked for one contestant."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None


class RowsRecord(_Record):
    """What became of the rows of a file."""

    read: int = 0
    paired: int = 0
    repeated: int = 0
    others: int = 0
    mismatched: int = 0
    unreadable: int = 0
    missing: int = 0
    unanswered: int = 0


class ContestantRecord(_Record):
    """A contestant's own figures."""

    label: str = ""
    kind: str = ""
    source: str = ""
    method_id: str | None = None
    clauses: tuple[str, ...] = ()
    items: int = 0
    missing: int = 0
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    mean_if_missing_failed: float | None = None
    rows: RowsRecord | None = None
    growth: float | None = None
    diversity: dict[str, float] = Field(default_factory=dict[str, float])
    cost: dict[str, RoleCost] = Field(default_factory=dict[str, RoleCost])

    @property
    def evolving(self) -> RoleCost:
        """What its evolutions cost: the rest is what it costs to measure them."""
        return self.cost.get("evolver", RoleCost(usd=0.0))


class PairRecord(_Record):
    """Two contestants on the items that both have; `difference` is second less first."""

    first: str = ""
    second: str = ""
    n: int = 0
    wins: int = 0
    losses: int = 0
    ties: int = 0
    difference: float = 0.0
    low: float = 0.0
    high: float = 0.0
    p: float = 1.0
    p_adjusted: float = 1.0
    p_sign: float = 1.0
    better: str = ""
    provable: float | None = None


class StrengthRecord(_Record):
    """A Bradley-Terry strength in log-odds against the baseline, and the chance to win an item from it."""

    value: float = 0.0
    low: float = 0.0
    high: float = 0.0
    chance: float = 0.5


class PlaceRecord(_Record):
    """The places that the evidence leaves a contestant; who shares a letter cannot be told apart."""

    label: str = ""
    best: int = 1
    worst: int = 1
    group: str = ""
    bradley_terry: StrengthRecord | None = None

    @property
    def words(self) -> str:
        """`1`, or `2–4`."""
        return str(self.best) if self.best == self.worst else f"{self.best}–{self.worst}"


class ChangeRecord(_Record):
    """A share of items against the baseline's."""

    difference: float = 0.0
    low: float = 0.0
    high: float = 0.0
    p_adjusted: float = 1.0
    shown: bool = False


class FindingShares(_Record):
    """A class of finding: the share of items that have it, by contestant."""

    kind: str = ""
    shares: dict[str, float | None] = Field(default_factory=dict[str, "float | None"])
    changes: dict[str, ChangeRecord] = Field(default_factory=dict[str, ChangeRecord])

    def changed(self, label: str) -> bool:
        """Whether a contestant's share is shown to be another than the baseline's."""
        change = self.changes.get(label)
        return change is not None and change.shown


class TransferRecord(_Record):
    """One contestant with one evolver on one set."""

    set: str = ""
    evolver: str = ""
    label: str = ""
    items: int = 0
    mean: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_adjusted: float | None = None
    shown: bool = False


class ItemRecord(_Record):
    """An item, and what was found where it failed."""

    set: str = ""
    seed_id: str = ""
    why: tuple[str, ...] = ()


class RegressionRecord(_Record):
    """What a contestant breaks that the baseline solves, and what it mends."""

    broken: tuple[ItemRecord, ...] = ()
    mended: tuple[ItemRecord, ...] = ()


class BecauseRecord(_Record):
    """Why an example is shown: whose difference to the baseline it shows."""

    label: str = ""
    what: str = ""


class ExampleRecord(_Record):
    """An item with everybody's texts."""

    set: str = ""
    seed_id: str = ""
    seed: str = ""
    because: BecauseRecord = BecauseRecord()
    texts: dict[str, TrajectoryRecord] = Field(default_factory=dict[str, TrajectoryRecord])


class OriginRecord(_Record):
    """Where a clause comes from."""

    step: int = 0
    operator: str = ""
    finding: str = ""


class ClauseRecord(_Record):
    """What a clause is worth: the method less the method without it."""

    clause: int = 0
    text: str = ""
    worth: float = 0.0
    low: float = 0.0
    high: float = 0.0
    helped: int = 0
    hurt: int = 0
    ties: int = 0
    p_adjusted: float = 1.0
    p_sign: float = 1.0
    shown: str = ""
    provable: float | None = None
    origin: OriginRecord | None = None


class SideBySideRecord(_Record):
    """What the judge said of texts side by side. `contrary`: pairs of looks that favoured a place."""

    looks: int = 0
    silent: int = 0
    contrary: int = 0
    pairs: tuple[PairRecord, ...] = ()
    ranking: tuple[PlaceRecord, ...] = ()


class ComparisonFile(_Record):
    """All of it."""

    baseline: str = ""
    profile: str = ""
    alpha: float = 0.05
    sets: tuple[SetRecord, ...] = ()
    evolvers: tuple[str, ...] = ()
    judge: str | None = None
    run_seeds: int = 1
    contestants: tuple[ContestantRecord, ...] = ()
    pairs: tuple[PairRecord, ...] = ()
    ranking: tuple[PlaceRecord, ...] = ()
    findings: tuple[FindingShares, ...] = ()
    transfer: tuple[TransferRecord, ...] = ()
    regressions: dict[str, RegressionRecord] = Field(default_factory=dict[str, RegressionRecord])
    examples: tuple[ExampleRecord, ...] = ()
    clauses: tuple[ClauseRecord, ...] = ()
    side_by_side: SideBySideRecord | None = None
    notes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def items(self) -> int:
        """Over all sets."""
        return sum(each.items for each in self.sets)

    def contestant(self, label: str) -> ContestantRecord:
        """The contestant of this name."""
        return next((each for each in self.contestants if each.label == label), ContestantRecord(label=label))

    def against_baseline(self, label: str) -> PairRecord | None:
        """It less the baseline; None for the baseline itself."""
        for pair in self.pairs:
            if (pair.first, pair.second) == (self.baseline, label):
                return pair
            if (pair.first, pair.second) == (label, self.baseline):
                return turned(pair)
        return None


def turned(pair: PairRecord) -> PairRecord:
    """The same pair seen from the other side."""
    return pair.model_copy(
        update={
            "first": pair.second, "second": pair.first, "wins": pair.losses, "losses": pair.wins,
            "difference": -pair.difference, "low": -pair.high, "high": -pair.low,
        }
    )  # fmt: skip
