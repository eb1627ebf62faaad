"""An account runs out of money in the middle: it is asked no more, and what waits is kept.

With a second account the work goes on there; without one the session stops, and goes on once there is money again.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from .jobs import Job, Report
from .stage import asked, provider, read_log, start
from .tables import Table, median, say

__all__ = ["run"]

_CALLS, _PAID = 600, 200
_RPM = 2400.0
_KNOBS = {"latency": "lognormal/0.5/0.3"}


@dataclass(frozen=True)
class _Found:
    late: int
    refused: int
    answers: int
    twice: int


def run(rounds: int) -> None:
    """Play both cases."""
    table: Table = [("case", "calls to the empty account later than 1 s", "calls that it refused", "answers",
                     "paid for twice")]  # fmt: skip
    for name, play in (("a second account", _two), ("one account, resumed with money", _resumed)):
        found = [play() for _ in range(rounds)]
        table.append((
            name, f"{max(each.late for each in found)}", f"{median([each.refused for each in found]):.0f}",
            f"{min(each.answers for each in found)} of {_CALLS}", f"{max(each.twice for each in found)}",
        ))  # fmt: skip
    say("An account runs out of money in the middle", table, rounds)


def _two() -> _Found:
    with tempfile.TemporaryDirectory(prefix="autoevol-bench-") as name:
        folder = Path(name)
        log = folder / "empty.jsonl"
        with provider({**_KNOBS, "quota_after": _PAID, "log": log}) as empty, provider(_KNOBS) as other:
            report = _asked(folder, empty, {"rpm": _RPM / 2, "replicas": [{"base_url": other}]})
            return _found(log, [empty, other], report)


def _resumed() -> _Found:
    with tempfile.TemporaryDirectory(prefix="autoevol-bench-") as name:
        folder = Path(name)
        log = folder / "empty.jsonl"
        with provider({**_KNOBS, "quota_after": _PAID, "log": log}) as place:
            stopped = _asked(folder, place, {"rpm": _RPM})
            if not stopped.stopped:
                raise RuntimeError("the session did not stop where the money was spent")
            found = _found(log, [place], stopped)
            asked(place, "/control", {"quota_after": "none"})
            report = _asked(folder, place, {"rpm": _RPM})
            return _Found(found.late, found.refused, report.answers, _twice([place]))


def _asked(folder: Path, place: str, endpoint: dict[str, object]) -> Report:
    client = start(Job(base_url=place, folder=folder / "run", calls=_CALLS, endpoint=endpoint))
    client.go()
    report = client.report(120.0)
    if report is None:
        raise TimeoutError("the client did not end")
    return report


def _found(log: Path, places: list[str], report: Report) -> _Found:
    twice = _twice(places)
    refused = [call.arrived for call in read_log(log) if call.status == 429]
    late = sum(at > min(refused) + 1.0 for at in refused)
    return _Found(late, len(refused), report.answers, twice)


def _twice(places: list[str]) -> int:
    """Answers that were paid for though there was one already."""
    answered = sum(int(str(asked(place, "/stats")["answered"])) for place in places)
    return max(0, answered - _CALLS)
