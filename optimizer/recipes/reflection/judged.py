"""The way of a row where a judge compares two texts instead of a student that scores them: a proxy, and named so.

The new text wins only where the judge prefers it in both orders: judges prefer a place as well as a text.
"""

from __future__ import annotations

from dataclasses import dataclass

from ....agents.messages import Task
from ....agents.preference import Preferred, PreferTask
from ....agents.reflector import Side
from ....agents.team import Journey
from ...record.making.reflection import ReflectionSettings
from ...scoring.selection import Drop
from .course import Outcome
from .row import INSTRUCTION, Row, response_name
from .versions import Version

__all__ = ["JudgedCourse"]


@dataclass(frozen=True, slots=True)
class JudgedCourse:
    """The way of every row under these settings: winner first, by a judge.

    Args:
        part: settings of the recipe.
    """

    part: ReflectionSettings

    def route(self, journey: Journey) -> tuple[Task, ...]:
        """What is still to be asked, side by side; nothing when the row's way is over."""
        row = Row.of(journey, self.part.repeating)
        pending = row.again(INSTRUCTION, self.part.retries)
        if pending is not None:
            return (pending,)
        if row.improved is not None and not _picks(journey, row, "instruction"):
            return _asks(row, row.original, row.improved, "instruction")
        winner = _winner(journey, row)
        pending = row.next_on(winner, self.part.retries)
        if pending is not None:
            return (pending,)
        new = row.better_response(winner)
        if new is None or _picks(journey, row, "response"):
            return ()
        return _asks(row, winner, new, "response")

    def outcome(self, journey: Journey) -> Outcome:
        """What became of a row whose way is over."""
        row = Row.of(journey, self.part.repeating)
        winner = _winner(journey, row)
        new = row.better_response(winner)
        versions = tuple(version for version in (row.original, row.improved, new) if version is not None)
        picks = {side: _picks(journey, row, side) for side in ("instruction", "response")}
        kept: Version | Drop = winner
        if new is not None and _wins(picks["response"]):
            kept = new
        elif new is None and not self.part.keep_unreplaced:
            fault = row.faults.get(response_name(winner), "missing")
            kept = Drop(f"reflection-{fault}", "the reflection on the response gave none")
        elif not self.part.keep_unreplaced:
            kept = Drop("not-replaced", "the judge does not prefer the response that was reflected on in both orders")
        return Outcome(
            kept if isinstance(kept, Version) else None, kept if isinstance(kept, Drop) else None, versions,
            winner.name, {}, {}, row.critiques, row.faults, picks,
        )  # fmt: skip


def _winner(journey: Journey, row: Row) -> Version:
    new = row.improved
    return new if new is not None and _wins(_picks(journey, row, "instruction")) else row.original


def _asks(row: Row, old: Version, new: Version, side: Side) -> tuple[Task, ...]:
    """The same question in both orders."""
    return tuple(
        PreferTask(
            id=f"{row.place}/prefer-{side}/{name}", stage=row.stage, old=(old.instruction, old.response),
            new=(new.instruction, new.response), side=side, swap=swap,
        )
        for name, swap in (("first", False), ("turned", True))
    )  # fmt: skip


def _picks(journey: Journey, row: Row, side: str) -> tuple[str | None, ...]:
    """What the judge preferred, in the order of the questions; empty where it was not asked."""
    mine = f"{row.place}/prefer-{side}/"
    return tuple(
        reply.pick if isinstance(reply, Preferred) else None
        for task, reply in zip(journey[::2], journey[1::2], strict=True)
        if task.id.startswith(mine)
    )


def _wins(picks: tuple[str | None, ...]) -> bool:
    return bool(picks) and all(pick == "new" for pick in picks)
