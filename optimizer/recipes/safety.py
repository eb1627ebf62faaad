"""Harm in finished rows: each is shown to a guard model or to the judge, and tagged or dropped by what is said.

Any part of a run of `autoevol make` can have it (`guard` in its settings). It looks at what the part has finished: no
call is spent on rows that were dropped before, and what is passed on to the next part was looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ...agents.guards import Guarded, GuardTask, HarmTask
from ...agents.messages import Failed, Reply, Task
from ...agents.team import Journey
from ..record.making.part import PartSettings
from ..record.run import Run
from .book import Made, cost_of, instruction_of, keys_of, models_of, rows_of

__all__ = ["GUARDED", "Screening", "screen"]

GUARDED = "guarded"
"""The folder, in that of a part, of its rows after they were looked at."""
_HARMFUL, _UNKNOWN = "harmful", "guard-silent"


@dataclass(slots=True)
class Screening:
    """What the guard said of the rows of a part: counts of rows."""

    looked: int = 0
    harmful: int = 0
    silent: int = 0

    def as_row(self) -> dict[str, Any]:
        """As status.json has it."""
        share = self.harmful / self.looked if self.looked else 0.0
        return {"looked": self.looked, "harmful": self.harmful, "silent": self.silent, "share": round(share, 6)}


async def screen(run: Run, part: PartSettings, place: str, made: Made) -> tuple[Made, Screening]:
    """Show every row of a finished part to its guard; what stays is in `<place>/guarded/dataset.jsonl`.

    A row about which nothing readable was said counts as `silent`: it is tagged so, or dropped.

    Returns:
        The counts of the part after that, and what was said.

    Raises:
        SessionStopped: budget, key, quota or outage.
    """
    stage, source = f"{place}/{GUARDED}", run.folder.path / place / "dataset.jsonl"
    kind: type[GuardTask] = GuardTask if part.guard_role == "guard" else HarmTask
    found, underway = Screening(), deque[Mapping[str, Any]]()
    dropped = dict(made.dropped)
    tick = run.phase(None, stage, made.out)

    def tasks() -> Iterator[Task]:
        for row in rows_of(source):
            underway.append(row)
            yield kind(
                id=f"{stage}/{row['id']}/look", stage=stage, instruction=instruction_of(row), response=row["response"]
            )  # fmt: skip

    with run.folder.rows(f"{stage}/dataset.jsonl") as data, run.folder.rows(f"{stage}/dropped.jsonl") as rest:

        async def deliver(journey: Journey) -> None:
            run.heard(journey)
            row, reason = _tagged(underway.popleft(), cast("Reply", journey[1]), part.guard_role), ""
            found.looked += 1
            unsafe = row["provenance"]["guard"]["unsafe"]
            if unsafe is None:
                found.silent, reason = found.silent + 1, _UNKNOWN
            elif unsafe:
                found.harmful, reason = found.harmful + 1, _HARMFUL
            if reason and part.guard == "drop":
                rest.write(_dropped(row, stage, reason))
                dropped[reason] = dropped.get(reason, 0) + 1
            else:
                data.write(row)
            tick()

        await run.team.work(tasks(), lambda _: None, deliver)
    out = made.out - sum(dropped.values()) + sum(made.dropped.values())
    return Made(made.taken, made.created, out, dict(sorted(dropped.items())), (*made.lines, _line(found))), found


def _tagged(row: Mapping[str, Any], reply: Reply, by: str) -> dict[str, Any]:
    """The row with what the guard said, and what it cost."""
    came = dict(row["provenance"])
    said: dict[str, Any] = {"by": by, "unsafe": None}
    if isinstance(reply, Guarded):
        said |= {"unsafe": reply.unsafe, "categories": list(reply.categories)}
        said |= {"fault": reply.fault} if reply.fault else {}
    elif isinstance(reply, Failed):
        said["fault"] = reply.reason
    cost = cost_of(reply.calls)
    came["calls"] = [*came["calls"], *keys_of(reply.calls)]
    came["cost"] = None if came["cost"] is None or cost is None else came["cost"] + cost
    came["models"] = list(dict.fromkeys([*came["models"], *models_of(reply.calls)]))
    return {**row, "provenance": {**came, "guard": said}}


def _dropped(row: Mapping[str, Any], stage: str, reason: str) -> dict[str, Any]:
    came = row["provenance"]
    said = came["guard"]
    detail = ", ".join(said.get("categories", ())) or said.get("fault", "")
    return {
        "seed_id": came["seed_id"], "stage": stage, "reason": reason, "detail": detail, "findings": [],
        "calls": came["calls"], "cost": came["cost"], "id": row["id"], "instruction": row["instruction"],
        "response": row["response"], "guard": said, "parents": came.get("parents", []),
    }  # fmt: skip


def _line(found: Screening) -> str:
    silent = f", {found.silent:,} without a word" if found.silent else ""
    share = f" ({found.harmful / found.looked:.1%})" if found.looked else ""
    return f"The guard found {found.harmful:,} of {found.looked:,} rows harmful{share}{silent}."
