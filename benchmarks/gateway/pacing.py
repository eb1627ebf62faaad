"""A limit that is known or announced: what share of it is used, and how many calls are turned away.

Steady is from five seconds on to the admission of the 95th percentile of the calls, by the provider's own log. Where
the limit is only announced, and where it is one of tokens (nobody knows how many a call takes before one is answered),
it is from five seconds after the first answer can be there.
"""

from __future__ import annotations

from dataclasses import dataclass

from .stage import Played, Scene, repeated
from .tables import Table, median, percent, quantile, say, share_of

__all__ = ["run"]

_RPM = 600.0
_CALLS = 500
_WARM_S = 5.0
# Prompts of about 100 tokens with answers of about 45: ten calls a second again.
_TPM = 90_000.0


@dataclass(frozen=True)
class _Case:
    what: str
    told: str
    latency: float
    limiter: str = "bucket"
    count: str = "actual"

    @property
    def known(self) -> bool:
        """Whether what can be sent is known before the first answer."""
        return self.told == "settings" and self.what == "requests"

    @property
    def calls(self) -> int:
        """More where answers take long, so that steady lasts."""
        return _CALLS if self.latency < 20 else 900

    def scene(self) -> Scene:
        """The case as a scene."""
        rate = {"rpm": _RPM} if self.what == "requests" else {"tpm": _TPM}
        headers = self.told if self.told != "settings" else "none"
        knobs: dict[str, object] = {
            **rate, "limiter": self.limiter, "headers": headers, "count": self.count,
            "latency": f"lognormal/{self.latency}/0.1",
        }  # fmt: skip
        job = {"calls": self.calls, "endpoint": rate if self.told == "settings" else {}}
        return Scene(f"{self.what} {self.told} {self.latency}", knobs, (job,), limit_s=240.0)

    def share(self, played: Played) -> float:
        """Steady share of the permitted rate."""
        calls = played.accepted
        if not calls:
            return 0.0
        start = calls[0].arrived + _WARM_S + (0.0 if self.known else self.latency * 1.3)
        end = quantile([call.arrived for call in calls], 0.95)
        tokens = self.what == "tokens"
        return share_of((_TPM if tokens else _RPM) / 60, calls, start, end, tokens=tokens)


_LATENCIES = (0.2, 1.0, 8.0, 30.0)
_CASES = [
    *(_Case(what, "settings", latency) for what in ("requests", "tokens") for latency in _LATENCIES),
    *(_Case("requests", "openai", latency) for latency in _LATENCIES),
    _Case("requests", "anthropic", 1.0),
    *(_Case("tokens", told, 1.0) for told in ("openai", "anthropic")),
    *(_Case("requests", "settings", 1.0, limiter) for limiter in ("sliding", "strict")),
    *(_Case("tokens", "settings", 1.0, limiter) for limiter in ("sliding", "strict")),
    _Case("requests", "openai", 1.0, "sliding"),
    _Case("tokens", "settings", 1.0, count="reserved"),
]


def run(rounds: int) -> None:
    """Play every case."""
    cases = sorted(_CASES, key=lambda case: case.latency)
    quick, slow = [case for case in cases if case.latency < 20], [case for case in cases if case.latency >= 20]
    played = [results for each in (quick, slow) for results in repeated([case.scene() for case in each], rounds)]
    table: Table = [("bound by", "limit known from", "kept as", "latency", "steady share", "over the limit", "answers")]
    for case, results in zip(cases, played, strict=True):
        over = median([result.over / max(1, result.number("received")) for result in results])
        kept = case.limiter + (", max_tokens reserved" if case.count == "reserved" else "")
        table.append((
            case.what, case.told, kept, f"{case.latency:g} s",
            percent(median([case.share(result) for result in results])), percent(over, 2),
            f"{min(r.answers if r else 0 for result in results for r in result.reports)} of {case.calls}",
        ))  # fmt: skip
    say("Steady share of a limit that is known", table, rounds)
