"""The score of one evolution in the recommended profile: nothing where a gate fired, else what the judge sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ...agents.messages import Finding, Verdict
from .detectors import GATES

__all__ = ["ItemScore", "score_item"]

_HARDER = {"evolved": 1.0, "same": 0.5, "original": 0.0, None: 0.5}


@dataclass(frozen=True, slots=True)
class ItemScore:
    """A score in [0, 1] and the parts it is the product of (`gates`, and with a verdict `judge` and `harder`)."""

    value: float
    parts: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


def score_item(findings: Sequence[Finding], verdict: Verdict | None, *, judged: bool = False) -> ItemScore:
    """Score one evolution.

    A first form: 0 if a gate fired or the judge said no to `valid`, `self_contained` or `intent_kept`; else 1 where
    the evolved text is harder, 0.5 where it is the same or the judge abstained, 0 where the original is harder.

    Args:
        findings: of the rules; kinds outside of `GATES` do not count.
        verdict: the judge's, or None.
        judged: whether a judge was to look. Then a missing verdict counts as an abstention, else every item that
            passes the gates has 1, and an item whose judge failed would do better than one that was judged.
    """
    if any(finding.kind in GATES for finding in findings):
        return _score(gates=0.0)
    if verdict is None:
        return _score(gates=1.0, harder=_HARDER[None]) if judged else _score(gates=1.0)
    refused = False in (verdict.valid, verdict.self_contained, verdict.intent_kept)
    return _score(gates=1.0, judge=0.0 if refused else 1.0, harder=_HARDER[verdict.harder])


def _score(**parts: float) -> ItemScore:
    value = 1.0
    for part in parts.values():
        value *= part
    return ItemScore(value, MappingProxyType(parts))
