"""The alignment probe: before any row, whether the student's log-probabilities are those of the text that is given."""

from __future__ import annotations

from ....agents.gateway.errors import UsageError
from ....agents.gateway.wire.alignment import KNOWN, SHUFFLED, MisalignedScores, misaligned
from ....agents.messages import Failed, Scored, ScoreTask, Task
from ....agents.team import Journey
from ...record.run import Run

__all__ = ["prove_alignment"]


async def prove_alignment(run: Run, place: str, start: str = "") -> None:
    """Have the student read two texts, once a run: the calls are in the journal. Anything but a clear yes is a no.

    Args:
        run: whose student it is.
        place: the part of the run that it is booked on.
        start: mark of the beginning that is put before texts.

    Raises:
        UsageError: the scores are not those of the text, or there are none.
        SessionStopped: as every call.
    """
    heard: dict[str, Scored | Failed] = {}

    async def deliver(journey: Journey) -> None:
        task, reply = journey[0], journey[-1]
        assert isinstance(reply, Scored | Failed)  # noqa: S101  a scorer gives nothing else
        heard[task.id] = reply
        run.heard(journey)

    named = {f"{place}/alignment/{name}": text for name, text in (("known", KNOWN), ("shuffled", SHUFFLED))}
    tasks: list[Task] = [ScoreTask(id=name, stage=place, text=start + text) for name, text in named.items()]
    await run.team.work(tasks, lambda _: None, deliver)
    seat = run.settings.roles.student
    first, second = (heard[name] for name in named)
    for reply in (first, second):
        if isinstance(reply, Failed):
            raise UsageError(
                f"'{seat.model}' at '{seat.endpoint}' gave no log-probabilities of a given text: "
                f"{reply.detail or reply.reason}.",
                fix="For the student, name an endpoint that does (docs/ifd.md), or set measure to judge.",
            )
    if isinstance(first, Scored) and isinstance(second, Scored):
        wrong = misaligned(first.tokens, second.tokens)
        if wrong:
            raise MisalignedScores(
                f"What '{seat.model}' at '{seat.endpoint}' gives are not the log-probabilities of the text: {wrong}.",
                fix="Where a server puts no mark of beginning before a prompt, name the mark as `start` of the recipe;"
                " else take another server for the student (docs/ifd.md).",
            )
