"""The recipe: rows from nothing but a template, in order, each with how it came about.

A first pass asks and writes down what came (`made.jsonl`, `vectors.f32` in the folder of the part); a second one, over
those files, decides what only all rows together can decide, and writes the data set.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from anyio import get_cancelled_exc_class
from pydantic import JsonValue

from ....agents.gateway.errors import SessionStopped, UsageError
from ....agents.team import Journey
from ....prompts import Prompts, check_all, shipped
from ...dataset.seed import Seed
from ...record.folder import RowsFile
from ...record.making.magpie import MagpieSettings
from ...record.making.magpie_values import FamilySettings
from ...record.run import Run
from ..book import Book, Made, cost_of, keys_of, models_of
from .chat import Chat, chat_of
from .course import Course
from .finishing import Labels, finish
from .measuring import Measuring
from .neighbours import VECTORS, VectorFile
from .probe import ask_template, probe
from .rows import Candidate, Row, candidate_object
from .sampling import Planner
from .server_template import family_from
from .templates import family_of, parts_of

__all__ = ["magpie"]


async def magpie(run: Run, part: MagpieSettings, place: str, rows: Iterable[Seed]) -> Made:
    """Make `part.count` rows (arXiv 2406.08464, section 2).

    Raises:
        UsageError: there are rows already, or the model cannot be asked so.
        SessionStopped: budget, key, quota or outage; what was made by then is in the files, `autoevol resume` goes on.
    """
    if next(iter(rows), None) is not None:
        raise UsageError("Magpie makes rows from nothing, and here are some.", fix="Put it first, and give no SEEDS.")
    prompts = check_all(Path(run.settings.prompts)) if run.settings.prompts else shipped()
    chat: Chat | None = None
    notes: dict[str, JsonValue] = {"not_magpie": True}
    if part.mode == "raw":
        chat, notes = await _chat(run, part, place, prompts)
    if part.reward == "judge":
        notes["reward_is"] = "a judge's mark from 1 to 10 as a stand-in"
    labels = Labels("magpie" if chat else "user-simulator", notes)
    family = parts_of(part.reward_template, part.families) if part.reward_template else None
    planner = Planner(part, run.settings.run_seed, place, prompts)
    course = Course(part, chat, planner, Measuring(part, chat, place, family), place)
    with Book(run, place) as book:
        try:
            await _gather(run, part, place, course)
        except (SessionStopped, get_cancelled_exc_class()):
            finish(run, part, place, labels, book)
            raise
        finish(run, part, place, labels, book)
        return book.made


async def _gather(run: Run, part: MagpieSettings, place: str, course: Course) -> None:
    """The first pass."""
    tick = run.phase(None, place, part.count)
    rated_by = run.settings.roles.rewarder.model if part.reward != "none" else ""
    with ExitStack() as stack:
        file: RowsFile = stack.enter_context(run.folder.rows(f"{place}/made.jsonl"))
        vectors = stack.enter_context(VectorFile(run.folder.path / place / VECTORS)) if part.neighbours else None

        async def deliver(journey: Journey) -> None:
            run.heard(journey)
            row = course.row(journey)
            if rated_by and row.usable:
                row.measured["reward_by"] = rated_by
            number = vectors.add(row.vector) if vectors is not None and row.vector else None
            file.write(candidate_object(_candidate(row, number)))
            tick()

        await run.team.work(course.first_tasks(), course.route, deliver)


def _candidate(row: Row, vector: int | None) -> Candidate:
    plan = row.plan
    return Candidate(
        id=plan.id, reason=row.reason, detail=row.detail, raw=row.raw if row.reason else "", turns=tuple(row.turns),
        calls=keys_of(row.calls), cost=cost_of(row.calls), models=models_of(row.calls),
        sampling={
            "temperature": plan.temperature, "top_p": plan.top_p, **({"system_key": plan.key} if plan.key else {}),
        },
        language=row.language, measured=row.measured, vector=vector, vector_size=len(row.vector),
    )  # fmt: skip


async def _chat(run: Run, part: MagpieSettings, place: str, prompts: Prompts) -> tuple[Chat, dict[str, JsonValue]]:
    """The chat with the model, shown to be taken as it is; and what rows say of that.

    Raises:
        UsageError: no template can be had, or the server does not fit it.
    """
    name, family = await _family(run, part, place)
    reminder = prompts.get("make-magpie-turns", "en").fill() if part.turns > 1 else ""
    chat, shown = chat_of(name, family, part, reminder), "off"
    if part.probe == "strict":
        probed = await probe(run.team, place, family)
        shown, chat = "passed", chat.without_bos() if probed.server_bos else chat
        run.watcher.note(
            f"The server takes prompts as they are{' (it adds the BOS)' if probed.server_bos else ''}; template {name}."
            + ("" if probed.stops else " It does not heed stop strings: they are cut here.")
        )
    return chat, {"template": name, "probe": shown}


async def _family(run: Run, part: MagpieSettings, place: str) -> tuple[str, FamilySettings]:
    """The template: the one that is named, else that of the model's name, else what the server tells.

    A guess by the name is held against the server's own template where the model is embedded, which tells it.
    """
    seat = run.settings.roles.generator
    named = family_of(seat.model) if part.template == "auto" else part.template
    if part.template not in {"auto", "server"}:
        return part.template, parts_of(part.template, part.families)
    guessed = None if part.template == "server" or named is None else parts_of(named, part.families)
    if guessed is not None and run.settings.endpoints[seat.endpoint].local is None:
        return named or "", guessed
    told = family_from(await ask_template(run.team, place))
    if guessed is not None and (told is None or (told.assistant, told.again) == (guessed.assistant, guessed.again)):
        return named or "", guessed
    if told is not None:
        return "server", told
    raise UsageError(
        f"Neither the name of the model '{seat.model}' nor the server tells its chat template.",
        fix="Name its family with --with template=qwen2.5, or describe it with families.",
    )
