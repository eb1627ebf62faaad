"""The score of one evolution in the recommended profile: nothing where a gate fired, else how much harder it became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ...agents.messages import Finding
from .detectors import GATES

__all__ = ["DEAR_GATES", "ItemScore", "score_item"]

DEAR_GATES: frozenset[str] = frozenset(
    {"judged-invalid", "judged-incomplete", "judged-inconsistent", "judged-other-task", "no-agreement", "code-fails"}
)
"""Findings of the dear checks after which an evolution is worth nothing: it cannot be answered, or was not kept."""

UNDECIDED = 0.5  # what counts where a judge was to say which text is harder and did not


@dataclass(frozen=True, slots=True)
class ItemScore:
    """A score in [0, 1] and the parts that it is the product of."""

    value: float
    parts: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


def score_item(findings: Sequence[Finding], measures: Mapping[str, float], *, judged: bool = False) -> ItemScore:
    """Score one evolution.

    0 where a gate fired. Else the product of what was measured about the difficulty that was gained: `harder`, the
    judge's comparison as the mean over both orders (1 evolved, 0.5 same or undecided, 0 original), and `useful`, how
    far the pass rate of the student came into its band. Without either, 1: it is new, and nothing is wrong with it.

    Args:
        findings: of rules and checks; kinds that are no gates do not count.
        measures: figures of the dear checks.
        judged: whether a judge was to look. Then a missing opinion counts as undecided, else an item whose judge
            failed would do better than one that was judged.
    """
    if any(finding.kind in GATES or finding.kind in DEAR_GATES for finding in findings):
        return ItemScore(0.0, MappingProxyType({"gates": 0.0}))
    parts = {"gates": 1.0}
    if judged or "harder" in measures:
        parts["harder"] = measures.get("harder", UNDECIDED)
    if "useful" in measures:
        parts["useful"] = measures["useful"]
    value = 1.0
    for part in parts.values():
        value *= part
    return ItemScore(value, MappingProxyType(parts))
