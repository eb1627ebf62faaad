"""The way of one row: what is asked next, and what comes of it in the end. Pure functions of what was said so far.

    winner      instruction ─► IFD of both ─► winner ─► response of the winner ─► r-IFD, and IFD of the new pair
    all         instruction ─► response of the original, response of the new one ─► every score of all four versions

The second is the way of the authors' code, with one reflection and five texts more; the choice falls by the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ....agents.messages import Instruction, Task
from ....agents.reflector import ReflectTask
from ....agents.team import Journey
from ...record.making.reflection import ReflectionSettings
from ...scoring.ifd import Measure, Ratio, Unscored
from ...scoring.selection import Drop, ResponseScores, pick_instruction, pick_response
from .row import INSTRUCTION, Row, response_name
from .versions import Reader, Version

__all__ = ["Course", "Outcome", "first_task"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row.

    Args:
        kept: the version that is data; None where the row is dropped.
        drop: why it is none.
        versions: every version there is, in the order in which they came.
        chosen: name of the version whose instruction won; empty where none did.
        ifd, rifd: scores by the name of the version, of those that were looked at.
        critiques: what the teacher had to say, by what it reflected on.
        faults: what went wrong with reflections that gave no text, likewise.
        picks: what the judge preferred, by side, in both orders, where it chose instead of the student.
    """

    kept: Version | None
    drop: Drop | None
    versions: tuple[Version, ...]
    chosen: str
    ifd: Mapping[str, Ratio | Unscored]
    rifd: Mapping[str, Ratio | Unscored]
    critiques: Mapping[str, str]
    faults: Mapping[str, str]
    picks: Mapping[str, Sequence[str | None]] | None = None


def first_task(place: str, stage: str, instruction: Instruction, response: str) -> ReflectTask:
    """What a row begins with: a reflection on its instruction."""
    return ReflectTask(
        id=f"{place}/{INSTRUCTION}", stage=stage, instruction=instruction, response=response, improve="instruction"
    )


@dataclass(frozen=True, slots=True)
class Course:
    """The way of every row under these settings.

    Args:
        part: settings of the recipe.
        reader: how the student reads.
    """

    part: ReflectionSettings
    reader: Reader

    @property
    def measure(self) -> Measure:
        """The ratio that is compared."""
        return "loss" if self.part.measure == "loss" else "ppl"

    # ------------------------------------------------------------ what is asked

    def route(self, journey: Journey) -> tuple[Task, ...]:
        """What is still to be asked, side by side; nothing when the row's way is over."""
        row = Row.of(journey, self.part.repeating)
        if self.part.versions == "all":
            return self._all(row)
        pending = row.again(INSTRUCTION, self.part.retries)
        if pending is not None:
            return (pending,)
        first = [(version, False) for version in (row.original, row.improved) if version is not None]
        texts = tuple(self.reader.asks(first, row.place, row.stage, row.read))
        if texts:
            return texts
        winner = self._winner(row)
        if isinstance(winner, Drop):
            return ()
        return self._response_of(row, winner)

    def _response_of(self, row: Row, winner: Version) -> tuple[Task, ...]:
        """The reflection on the winner's response, then what it takes to compare the two."""
        pending = row.next_on(winner, self.part.retries)
        if pending is not None:
            return (pending,)
        new = row.better_response(winner)
        if new is None and not self.part.keep_unreplaced:
            return ()
        if new is None:
            return tuple(self.reader.asks([(winner, True)], row.place, row.stage, row.read))
        return tuple(self.reader.asks([(winner, True), (new, True), (new, False)], row.place, row.stage, row.read))

    def _all(self, row: Row) -> tuple[Task, ...]:
        """Every reflection, and every text of every version that is there."""
        tasks: list[Task] = []
        again = row.again(INSTRUCTION, self.part.retries)
        if again is not None:
            tasks.append(again)
        there = [row.original] if again or row.improved is None else [row.original, row.improved]
        for version in tuple(there):
            pending = row.next_on(version, self.part.retries)
            new = row.better_response(version)
            if pending is not None:
                tasks.append(pending)
            elif new is not None:
                there.append(new)
        wanted = [(version, reverse) for version in there for reverse in (False, True)]
        return (*tasks, *self.reader.asks(wanted, row.place, row.stage, row.read))

    # ------------------------------------------------------------ what comes of it

    def outcome(self, journey: Journey) -> Outcome:
        """What became of a row whose way is over."""
        row = Row.of(journey, self.part.repeating)
        versions = [row.original, *([row.improved] if row.improved else [])]
        versions += [new for version in tuple(versions) if (new := row.better_response(version)) is not None]
        ifd = {version.name: score for version in versions if (score := self._score(row, version)) is not None}
        rifd = {
            version.name: score
            for version in versions
            if (score := self._score(row, version, reverse=True)) is not None
        }
        winner = self._winner(row)
        kept = winner if isinstance(winner, Drop) else self._kept(row, winner)
        return Outcome(
            kept if isinstance(kept, Version) else None, kept if isinstance(kept, Drop) else None, tuple(versions),
            "" if isinstance(winner, Drop) else winner.name, ifd, rifd, row.critiques, row.faults,
        )  # fmt: skip

    def _winner(self, row: Row) -> Version | Drop:
        old, new = row.original, row.improved
        score = self._score(row, old)
        assert score is not None  # noqa: S101  every way asks for it first
        chosen = pick_instruction(
            score, self._score(row, new) if new else None, self.measure, limit=self.part.limit_first
        )  # fmt: skip
        if isinstance(chosen, Drop):
            return chosen
        return new if chosen == "new" and new is not None else old

    def _kept(self, row: Row, winner: Version) -> Version | Drop:
        new = row.better_response(winner)
        if new is None and not self.part.keep_unreplaced:
            name = response_name(winner)
            return Drop(f"reflection-{row.faults.get(name, 'missing')}", "the reflection on the response gave none")
        new = new or winner
        scores = (
            self._score(row, v, reverse=r) for v, r in ((winner, False), (winner, True), (new, False), (new, True))
        )
        found = [score or Unscored("missing") for score in scores]
        chosen = pick_response(ResponseScores(*found), self.measure, keep_old=self.part.keep_unreplaced)
        if isinstance(chosen, Drop):
            return chosen
        return new if chosen == "new" else winner

    def _score(self, row: Row, version: Version, *, reverse: bool = False) -> Ratio | Unscored | None:
        """A score; None where the student was not given its texts."""
        after, alone, _ = self.reader.texts(version, reverse=reverse)
        if after not in row.read or alone not in row.read:
            return None
        return self.reader.score(version, row.read, reverse=reverse)
