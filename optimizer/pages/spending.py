"""What the run cost by role, model and stage, from its journal: finished calls, each counted once over all restarts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ...agents.gateway.books.journal import JOURNAL_NAME, CallRecord, read_calls
from ...agents.gateway.errors import StorageError
from .files import RunFiles

__all__ = ["Cost", "Spending", "money", "read_spending"]


@dataclass(slots=True)
class Cost:
    """A line of a bill."""

    name: str
    calls: int = 0
    without_answer: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    seconds: float = 0.0
    unpriced: int = 0
    prices: list[float] = field(default_factory=list[float])

    def add(self, call: CallRecord) -> None:
        """Count one call."""
        self.calls += 1
        self.without_answer += call.kind not in ("answer", "truncated")
        self.input_tokens += call.input_tokens
        self.output_tokens += call.output_tokens
        self.cached_tokens += call.cached_tokens
        self.reasoning_tokens += call.reasoning_tokens
        self.seconds += call.seconds
        if call.cost is None:
            self.unpriced += 1
        elif call.cost:
            self.prices.append(call.cost)

    @property
    def usd(self) -> float:
        """USD of the calls with a known price. Exactly rounded, so the order of the calls does not show."""
        return math.fsum(self.prices)


@dataclass(frozen=True, slots=True)
class Spending:
    """The bill of a run.

    Args:
        free: none of its endpoints asks for money.
        by_step: for each step, the test and the application, what each role cost there, in the order of `roles`.
    """

    roles: tuple[Cost, ...]
    stages: tuple[Cost, ...]
    models: tuple[Cost, ...]
    total: Cost
    free: bool
    by_step: tuple[tuple[str, tuple[Cost, ...]], ...] = ()

    def money(self, cost: Cost) -> str:
        """What a line of the bill cost, in words."""
        return money(cost.usd, cost.unpriced, free=self.free)


def money(usd: float, unpriced: int, *, free: bool) -> str:
    """Money in words: `free`, `$0.0123`, `unknown price`, or what is known of it."""
    if not unpriced:
        return "free" if free and not usd else f"${usd:,.2f}" if usd >= 1 or not usd else f"${usd:.4f}"
    if not usd:
        return "unknown price"
    return f"${usd:.4f} and {unpriced:,} call{'s' if unpriced > 1 else ''} of unknown price"


def read_spending(files: RunFiles, *, free: bool) -> Spending | None:
    """The bill, or None where there is no journal that can be read."""
    if not files.has(JOURNAL_NAME):
        return None
    roles: dict[str, Cost] = {}
    stages: dict[str, Cost] = {}
    models: dict[str, Cost] = {}
    cells: dict[tuple[str, str], Cost] = {}
    total = Cost("All")
    try:
        for call in read_calls(files.folder / JOURNAL_NAME):
            for bill, name in ((roles, call.role), (stages, call.stage), (models, call.model)):
                bill.setdefault(name, Cost(name or "other")).add(call)
            cells.setdefault((_step_of(call.stage), call.role), Cost(call.role)).add(call)
            total.add(call)
    except StorageError:
        files.trouble(JOURNAL_NAME, "it cannot be read; what the run cost is not shown.")
        return None
    steps = _order({step for step, _ in cells}, _STAGES)
    by_step = tuple(
        (step, tuple(cells.get((step, role), Cost(role)) for role in _order(roles, _ROLES))) for step in steps
    )
    return Spending(_sorted(roles, _ROLES), _sorted(stages, _STAGES), _sorted(models, ()), total, free, by_step)


def _step_of(stage: str) -> str:
    """`steps/003` of all its stages; others are their own."""
    return "/".join(stage.split("/")[:2]) if stage.startswith("steps/") else stage.split("/", maxsplit=1)[0]


_ROLES: Sequence[str] = ("evolver", "responder", "analyst", "refiner", "judge", "reflector", "student")
_STAGES: Sequence[str] = ("steps", "test", "apply")


def _sorted(bill: dict[str, Cost], order: Sequence[str]) -> tuple[Cost, ...]:
    return tuple(bill[name] for name in _order(bill, order))


def _order(names: Iterable[str], order: Sequence[str]) -> list[str]:
    """In the order of the work; unknown names last, by name."""
    rank = {name: place for place, name in enumerate(order)}
    return sorted(names, key=lambda name: (rank.get(name.split("/")[0], len(order)), name))
