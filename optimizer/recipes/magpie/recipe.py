"""The recipe: rows from nothing but a template, in order, each with how it came about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import JsonValue

from ....agents.gateway.errors import UsageError
from ....agents.gateway.requests import Turn
from ....agents.team import Journey
from ....prompts import Prompts, check_all, shipped
from ...dataset.rows import DataRow, DroppedRow, Provenance
from ...dataset.seed import Seed
from ...record.making.magpie import MagpieSettings
from ...record.run import Run
from ..book import Book, Made, cost_of, keys_of, models_of
from .chat import Chat, chat_of
from .course import Course, Row
from .sampling import Planner
from .templates import family_of, parts_of

__all__ = ["magpie"]


async def magpie(run: Run, part: MagpieSettings, place: str, rows: Iterable[Seed]) -> Made:
    """Make `part.count` rows (arXiv 2406.08464, section 2).

    Raises:
        UsageError: there are rows already, or the model cannot be asked so.
        SessionStopped: budget, key, quota or outage; `autoevol resume` goes on.
    """
    if next(iter(rows), None) is not None:
        raise UsageError(
            "Magpie makes rows from nothing, and here are some already.", fix="Put it first, without SEEDS."
        )
    prompts = check_all(Path(run.settings.prompts)) if run.settings.prompts else shipped()
    chat = _chat(run, part, prompts)
    course = Course(part, chat, Planner(part, run.settings.run_seed, place, prompts), place)
    tick = run.phase(None, place, part.count)
    with Book(run, place) as book:

        async def deliver(journey: Journey) -> None:
            run.heard(journey)
            row = course.row(journey)
            if row.reason:
                book.drop(_dropped(row, place))
            else:
                book.keep(_data(row, chat))
            tick()

        await run.team.work(course.first_tasks(), course.route, deliver)
        return book.made


def _chat(run: Run, part: MagpieSettings, prompts: Prompts) -> Chat:
    model = run.settings.roles.generator.model
    name = part.template if part.template != "auto" else family_of(model)
    if name is None:
        raise UsageError(
            f"The name of the model '{model}' does not tell its family of chat templates.",
            fix="Say it with --with template=qwen2.5, or describe one with families.",
        )
    reminder = prompts.get("make-magpie-turns", "en").fill() if part.turns > 1 else ""
    return chat_of(name, parts_of(name, part.families), part, reminder)


def _data(row: Row, chat: Chat) -> DataRow:
    *before, last = row.turns
    turns = tuple(turn for each in before for turn in (Turn("user", each.instruction), Turn("assistant", each.answer)))
    return DataRow(
        id=row.plan.id, instruction=last.instruction, response=last.answer, context=turns,
        provenance=Provenance(
            seed_id=row.plan.id, recipe="magpie", calls=keys_of(row.calls), cost=cost_of(row.calls),
            models=models_of(row.calls), notes=_notes(row, chat),
        ),
    )  # fmt: skip


def _dropped(row: Row, place: str) -> DroppedRow:
    return DroppedRow(
        row.plan.id, place, row.reason, row.detail, calls=keys_of(row.calls), cost=cost_of(row.calls),
        instruction=row.raw,
    )  # fmt: skip


def _notes(row: Row, chat: Chat) -> Mapping[str, JsonValue]:
    last = row.turns[-1]
    return {
        "template": chat.name,
        "sampling": {"temperature": row.plan.temperature, "top_p": row.plan.top_p},
        "raw_instruction": last.raw,
        "rules": list(last.rules),
        **({"system_key": row.plan.key} if row.plan.key else {}),
    }
