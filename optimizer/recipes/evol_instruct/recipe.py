"""Evol-Instruct over all seeds: lines without a barrier between rounds, rows in the order of the seeds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync

from ....agents.messages import Answered, Call, Failed, Task
from ....agents.team import Journey
from ....prompts import check_all, shipped
from ...curate.rows import carried
from ...dataset.rows import DataRow, DroppedRow, Provenance, data_object
from ...dataset.seed import Seed
from ...dataset.source import same_text
from ...record.making.evol_instruct import EvolInstructSettings
from ...record.run import Run
from ..book import Book, Made, cost_of, count_of, keys_of, labels_of, models_of, with_said
from .line import Attempt, Line, Look, following
from .rules import poor_response, rules_of

__all__ = ["evol_instruct"]

_RECIPE = "evol-instruct"


async def evol_instruct(run: Run, part: EvolInstructSettings, place: str, rows: Iterable[Seed]) -> Made:
    """Evolve every row through the rounds and keep every generation.

    Raises:
        SessionStopped: budget, key, quota or outage; rows finished by then are in the files.
    """
    prompts = check_all(Path(run.settings.prompts)) if run.settings.prompts else shipped()
    look = rules_of(part, prompts)
    underway: deque[Line] = deque()
    by_task: dict[str, Line] = {}
    tick = run.phase(None, place, count_of(rows))

    def first_tasks() -> Iterator[Task]:
        for line in _lines(run, part, place, rows, look):
            task = line.first_task()
            underway.append(line)
            by_task[task.id] = line
            yield task

    with Book(run, place) as book:
        writer = _Writer(run, book)

        async def deliver(journey: Journey) -> None:
            run.heard(journey)
            line = underway.popleft()
            del by_task[journey[0].id]
            writer.write(line, journey)
            if line.owner:
                tick()

        async def route(journey: Journey) -> Task | None:
            # The detectors take milliseconds: in a thread, so that the answers of other lines are not kept waiting.
            return await run_sync(following, by_task[journey[0].id], journey)

        await run.team.work(first_tasks(), route, deliver)
        return book.made


def _lines(run: Run, part: EvolInstructSettings, place: str, rows: Iterable[Seed], look: Look) -> Iterator[Line]:
    for seed, said in with_said(rows):
        line = Line(seed, part, place, run.settings.run_seed, look, said=said)
        if part.rounds:
            yield line
        if part.downward:
            yield replace(line, downward=True, owner=not part.rounds, seen={})


class _Writer:
    """Puts finished lines into the book. The same text never comes out twice: 8 bytes of each are remembered."""

    def __init__(self, run: Run, book: Book) -> None:
        self._run = run
        self._book = book
        self._known: set[int] = set()

    def write(self, line: Line, journey: Journey) -> None:
        """The seed, where the line owns it, and every attempt."""
        if line.owner:
            self._book.taken += 1
            self._seed(line, journey)
        for number, attempt in enumerate(line.attempts(journey), 1):
            if not attempt.reason and line.part.detectors and self._again(attempt.text or ""):
                attempt = attempt.dropped("repeat", "the same text as an earlier row")  # noqa: PLW2901
            if attempt.reason:
                self._book.drop(_dropped(line, attempt, number))
            else:
                self._book.keep(self._data(line, attempt, number))

    def _again(self, text: str) -> bool:
        name = _hash_of(text)
        known = name in self._known
        self._known.add(name)
        return known

    def _seed(self, line: Line, journey: Journey) -> None:
        seed, answer = line.seed, journey[1]
        calls = answer.calls if isinstance(answer, Answered | Failed) else ()
        reason = _why_no_seed(line, answer)
        if reason:
            self._book.drop(DroppedRow(seed.id, line.place, *reason, calls=keys_of(calls), cost=cost_of(calls),
                                       notes={"operation": "seed", "round": 0, "parents": []}))  # fmt: skip
            return
        self._again(seed.instruction.text)
        response = seed.response or (answer.text if isinstance(answer, Answered) else "")
        reasoning = answer.reasoning if isinstance(answer, Answered) else ""
        came = _came(line, calls, rounds=0, parents=(), operation="seed", number=0)
        row: dict[str, Any] = data_object(self._row(seed.id, seed, response, reasoning, came))
        whole = carried(row, line.said)
        # What this part says of the row wins, also where that is nothing.
        self._book.keep_object({**whole, "provenance": {**whole["provenance"], **row["provenance"]}})

    def _data(self, line: Line, attempt: Attempt, number: int) -> DataRow:
        parent = attempt.parent
        came = _came(
            line, attempt.calls, rounds=parent.depth + 1, parents=(parent.id,), operation=attempt.task.operation,
            number=number,
        )  # fmt: skip
        notes = {**came.notes, **({} if attempt.gain is None else {"gain": attempt.gain})}
        labels = labels_of(line.seed, line.said)
        if labels:
            notes["given"] = dict(labels)
        seed = replace(parent.seed, instruction=replace(parent.seed.instruction, text=attempt.text or ""))
        came = replace(came, findings=attempt.findings, notes=notes)
        return self._row(line.row_id(number), seed, attempt.response or "", attempt.reasoning, came)

    def _row(self, name: str, seed: Seed, response: str, reasoning: str, came: Provenance) -> DataRow:
        wanted = self._run.settings.reasoning
        if wanted == "export" and reasoning:
            response = f"<think>\n{reasoning}\n</think>\n\n{response}"
        asked = seed.instruction
        return DataRow(name, asked.text, response, came, asked.system, asked.context,
                       reasoning if wanted == "apart" else None)  # fmt: skip


def _hash_of(text: str) -> int:
    """8 bytes that are equal for the same text, but for white space."""
    return int.from_bytes(blake2b(same_text(text).encode("utf-8", "replace"), digest_size=8).digest(), "big")


def _why_no_seed(line: Line, answer: object) -> tuple[str, str] | None:
    """Why the seed itself is no row; None where it is."""
    if line.part.seeds == "leave":
        return "left-out", "seeds are not wanted among the rows"
    if isinstance(answer, Failed):
        return "no-response", answer.reason
    if line.seed.response is not None or not isinstance(answer, Answered):
        return None
    if answer.fault:
        return "no-response", answer.fault
    return poor_response(line.part, answer.text, line.seed.instruction.language)


def _came(
    line: Line, calls: tuple[Call, ...], *, rounds: int, parents: tuple[str, ...], operation: str, number: int
) -> Provenance:  # fmt: skip
    return Provenance(
        seed_id=line.seed.id, line=line.seed.line, seed_instruction=line.seed.instruction.text, rounds=rounds,
        calls=keys_of(calls), cost=cost_of(calls), models=models_of(calls), recipe=_RECIPE, parents=parents,
        notes={"operation": operation, "round": number},
    )  # fmt: skip


def _dropped(line: Line, attempt: Attempt, number: int) -> DroppedRow:
    return DroppedRow(
        seed_id=line.seed.id, stage=line.place, reason=attempt.reason, detail=attempt.detail,
        findings=attempt.findings, calls=keys_of(attempt.calls), cost=cost_of(attempt.calls),
        instruction=attempt.text, response=attempt.response,
        notes={"operation": attempt.task.operation, "round": number, "parents": [attempt.parent.id]},
    )  # fmt: skip
