"""What the run was estimated to take, held against what it took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..record.estimate_file import ESTIMATE
from .files import RunFiles
from .records import EstimateLineRecord, EstimateRecord, RangeRecord
from .spending import Cost, Spending, money

__all__ = ["Against", "read_against"]


@dataclass(frozen=True, slots=True)
class Against:
    """One role, or all of them: estimated before the run, and what finished calls came to.

    Args:
        least, most: calls at least, of a run that goes to its end, and at most.
        calls: finished calls.
        tokens: expected for the most calls, in and out together.
        used: tokens of the finished calls.
        expected, worst: money for the most calls, if texts are as long as usual, and at most, in words.
        spent: money for the finished calls, in words.
    """

    name: str
    least: int
    most: int
    calls: int
    tokens: int
    used: int
    expected: str
    worst: str
    spent: str

    @property
    def share(self) -> str:
        """Finished calls of those at most."""
        return f"{self.calls / self.most:.0%}" if self.most else "–"


def read_against(files: RunFiles, bill: Spending | None) -> tuple[Against, ...]:
    """A line for each role, and one for all of them in the end; nothing where the run has no estimate."""
    record = files.record(ESTIMATE, EstimateRecord)
    if record is None or bill is None or not record.lines:
        return ()
    roles = list(dict.fromkeys([line.role for line in record.lines] + [cost.name for cost in bill.roles]))
    costs = {cost.name: cost for cost in bill.roles}
    found = [
        _against(role, [line for line in record.lines if line.role == role], costs.get(role) or Cost(role), bill)
        for role in roles
    ]
    return (*found, _against("All", record.lines, bill.total, bill))


def _against(name: str, lines: Sequence[EstimateLineRecord], cost: Cost, bill: Spending) -> Against:
    def total(pick: Callable[[EstimateLineRecord], float | None]) -> int:
        return int(sum(pick(line) or 0 for line in lines))

    return Against(
        name,
        total(lambda line: line.calls.at_least),
        total(lambda line: line.calls.at_most),
        cost.calls,
        total(lambda line: line.tokens_in.expected) + total(lambda line: line.tokens_out.expected),
        cost.input_tokens + cost.output_tokens,
        _usd([line.usd for line in lines], lambda usd: usd.expected, free=bill.free),
        _usd([line.usd for line in lines], lambda usd: usd.at_most, free=bill.free),
        bill.money(cost),
    )


def _usd(parts: Sequence[RangeRecord], pick: Callable[[RangeRecord], float | None], *, free: bool) -> str:
    known = [usd for part in parts if (usd := pick(part)) is not None]
    return money(sum(known), len(parts) - len(known), free=free) if len(known) == len(parts) else "unknown price"
