"""An audit of a judge, from its folder: made, run, and run again after anything; the journal answers what was paid for.

audit-settings.json   everything that was said, with fingerprints of rows, prompts and detectors
journal.sqlite        every finished call
audit.json, audit.md  what came of it, rebuilt at every end
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from math import ceil
from pathlib import Path
from typing import Any

from ..agents.agent import Door
from ..agents.cast import SeatSpec, build_cast, prompt_fingerprint
from ..agents.gateway.books.prices import price_of, worst_price
from ..agents.gateway.endpoints import Budget
from ..agents.gateway.errors import StorageError, UsageError
from ..agents.gateway.gateway import open_gateway
from ..agents.gateway.outcomes import Usage
from ..agents.gateway.requests import Decoding
from ..agents.messages import Instruction, JudgeTask, Task
from ..agents.team import Cast, Journey, Team
from .dataset.draws import draw_key, generator
from .pages.audit import audit_markdown
from .pages.watcher import Watcher
from .record.config import freeze, thaw
from .record.estimate import Estimate, Line, seed_tokens
from .record.folder import RunFolder
from .record.settings import Settings
from .scoring.audit import AuditReport, AuditRow, audit
from .scoring.detectors import DETECTORS, GATES, detect, detectors_of
from .scoring.detectors import VERSION as RULES
from .scoring.judging import looks_of
from .scoring.labelled import LabelledRow, load_labelled
from .scoring.pair import Pair

__all__ = ["FROZEN", "Plan", "create_audit", "open_audit", "plan_audit", "run_audit"]

FROZEN = "audit-settings.json"
_AGAIN = 5  # every so many rows are shown once more in the first order
_PROMPT = 330  # tokens round the texts, about
_VERDICT = 120  # tokens of an answer, about


@dataclass(frozen=True, slots=True)
class Plan:
    """What an audit does.

    Args:
        settings: only the judge's endpoint and role matter; `seeds` names the file, its language and how many rows.
        rows: the labelled rows, each with the gates that stopped it.
        everything: show the judge also what a gate stops.
    """

    settings: Settings
    rows: tuple[AuditRow, ...]
    everything: bool

    @property
    def shown(self) -> list[AuditRow]:
        """The rows that the judge is asked about."""
        return [each for each in self.rows if self.everything or not each.stopped]

    @property
    def calls(self) -> int:
        """How many calls that takes: both orders, and a repeat now and then."""
        return 2 * len(self.shown) + ceil(len(self.shown) / _AGAIN)

    @property
    def estimate(self) -> Estimate:
        """Calls, tokens and money; retries are not in it."""
        seat = self.settings.roles.judge
        endpoint = self.settings.endpoints[seat.endpoint]
        looks = self.calls / max(1, len(self.shown))
        read = round(looks * sum(_PROMPT + _tokens(each.row) for each in self.shown))
        price, free = endpoint.prices.get(seat.model), endpoint.free
        usual = Usage(read, self.calls * min(_VERDICT, seat.max_tokens))
        worst = Usage(2 * read, self.calls * seat.max_tokens)
        line = Line(
            stage="audit", role="judge", calls=self.calls, tokens_in=read, expected_out=usual.output_tokens,
            worst_out=worst.output_tokens, expected_usd=price_of(price, usual, free=free),
            worst_usd=worst_price(price, worst, free=free), worst_in=worst.input_tokens, least_calls=self.calls,
            endpoint=seat.endpoint, model=seat.model,
        )  # fmt: skip
        return Estimate((line,))


def plan_audit(settings: Settings, *, everything: bool) -> Plan:
    """Read the labelled rows and run the free detectors over them.

    Raises:
        UsageError: the file cannot be read, has a bad line, or holds no row of the language.
    """
    said = settings.seeds
    rows = load_labelled(Path(said.source) if said.source else None)
    rows = [row for row in rows if said.language in {None, row.language}]
    if not rows:
        raise UsageError(f"There is no labelled row in the language '{said.language}'.", fix="Choose another language.")
    if said.limit is not None and said.limit < len(rows):
        keys = sorted(rows, key=lambda row: draw_key(settings.run_seed, "audit-rows", row.id))
        drawn = {row.id for row in keys[: said.limit]}
        rows = [row for row in rows if row.id in drawn]
    names = [name for name in settings.detectors or detectors_of(settings.profile) if name in DETECTORS]
    return Plan(settings, tuple(AuditRow(row, _stopped(row, names)) for row in rows), everything)


def create_audit(plan: Plan, folder: Path) -> Plan:
    """Freeze an audit in its folder; the secret of its delimiters is drawn here where none is given.

    Returns:
        The plan with the secret.

    Raises:
        StorageError: the folder cannot be written.
    """
    settings = plan.settings
    if not settings.secret:
        settings = settings.model_copy(update={"secret": secrets.token_hex(16)})
    plan = replace(plan, settings=settings)
    RunFolder(folder).write_json(FROZEN, {**_frozen(plan), "secret": settings.secret})
    return plan


def open_audit(folder: Path, said: Plan | None = None) -> Plan:
    """An audit that was begun.

    Args:
        folder: where.
        said: what the command line says of it; it must be the same, but for the budget. None: nothing is said.

    Raises:
        UsageError: it is no folder of an audit, or rows, prompts, detectors or settings are not those of its start.
        StorageError: its settings are damaged.
    """
    frozen = RunFolder(folder).read_json(FROZEN)
    settings = thaw({**frozen["settings"], "secret": frozen["secret"]})
    plan = plan_audit(settings, everything=frozen["everything"])
    now = _frozen(plan)
    if said is not None:
        _check_same(folder, frozen, _frozen(said), fix="Give only --folder to continue it, or begin another without.")
    _check_same(folder, frozen, now, fix="Put the old ones back, or begin another audit in a new folder.")
    return plan


async def run_audit(plan: Plan, folder: Path, watcher: Watcher, budget: Budget | None = None) -> AuditReport:
    """Ask the judge what it was not asked yet, and write down what it comes to.

    Where it is broken off, what was answered by then is written down, too.

    Args:
        plan: from `open_audit`.
        folder: its folder.
        watcher: who is told how it goes.
        budget: caps in the place of the frozen ones.

    Raises:
        SessionStopped: the endpoint does not answer, or a cap was reached; `run_audit` continues.
        StorageError: the folder cannot be written, or another process is at work on it.
        AutoEvolError: as `open_gateway`.
    """
    settings, shown = plan.settings, plan.shown
    done: dict[str, AuditRow] = {}
    again = {f"audit/{each.row.id}/judge" for each in shown[::_AGAIN]}

    def route(journey: Journey) -> Task | None:
        return _next_look(journey, again)

    async def deliver(journey: Journey) -> None:
        each = shown[len(done)]
        done[each.row.id] = replace(each, looks=looks_of(journey))
        watcher.tick(len(done))

    async with open_gateway(
        settings.endpoints, folder, budget or settings.budget, on_notice=watcher.note
    ) as gateway:  # fmt: skip
        watcher.attach(gateway.progress)
        watcher.phase(None, "asking the judge", len(shown))
        finished = False
        try:
            await Team(_cast(settings, gateway), gateway).work(_first_looks(plan), route, deliver)
            finished = True
            return _written(plan, folder, done, complete=True)
        finally:
            if not finished:
                with suppress(StorageError):
                    _written(plan, folder, done, complete=False)


def _written(plan: Plan, folder: Path, done: dict[str, AuditRow], *, complete: bool) -> AuditReport:
    """The report of the rows that are done, put on disk. A row that waits for the judge is in none."""
    waiting = {each.row.id for each in plan.shown} - done.keys()
    rows = [done.get(each.row.id, each) for each in plan.rows if each.row.id not in waiting]
    model = plan.settings.roles.judge.model
    report = audit(rows, model)
    files, title = RunFolder(folder), f"Audit of the judge {model}{'' if complete else ' (not finished)'}"
    files.write_json("audit.json", {"complete": complete, "autoevol": metadata.version("autoevol"), **report.as_row()})
    files.write_text("audit.md", audit_markdown(report, title))
    return report


def _first_looks(plan: Plan) -> Iterator[Task]:
    for each in plan.shown:
        row = each.row
        place = f"audit/{row.id}/judge"
        yield JudgeTask(
            id=place, stage="audit", original=Instruction(row.seed, language=row.language),
            evolved=Instruction(row.evolved, language=row.language), response=row.response or "",
            swap=generator(plan.settings.run_seed, f"judge-order/{place}").random() < 0.5,
        )  # fmt: skip


def _next_look(journey: Journey, again: set[str]) -> Task | None:
    """The other order, then the first order once more where that is drawn; whatever came of the looks before."""
    tasks = [message for message in journey if isinstance(message, JudgeTask)]
    first, last = tasks[0], journey[-1]
    if len(tasks) == 1:
        return replace(first, id=f"{first.id}/turned", parent=last.id, swap=not first.swap)
    if len(tasks) == 2 and first.id in again:
        return replace(first, id=f"{first.id}/again", parent=last.id, sample=first.sample + 1)
    return None


def _cast(settings: Settings, door: Door) -> Cast:
    seat = settings.roles.judge
    extra = json.dumps(seat.extra, sort_keys=True) if seat.extra else None
    decoding = Decoding(seat.max_tokens, seat.temperature, seat.top_p, extra=extra)
    spec = SeatSpec(seat.endpoint, seat.model, decoding, settings.endpoints[seat.endpoint].output_form)
    return build_cast(door, {"judge": spec}, secret=settings.secret, prompts_folder=_prompts(settings))


def _stopped(row: LabelledRow, names: Sequence[str]) -> tuple[str, ...]:
    """The gates that stop a row; a text without a word is what a run calls unreadable."""
    text = row.evolved if any(sign.isalnum() for sign in row.evolved) else None
    pair = Pair(
        instruction=row.seed, response=row.seed_response, evolved=text, evolved_response=row.response,
        fault="" if text else "unreadable", language=row.language,
    )  # fmt: skip
    return tuple(finding.kind for finding in detect(pair, names) if finding.kind in GATES)


def _tokens(row: LabelledRow) -> int:
    return seed_tokens(["\n".join((row.seed, row.evolved, row.response or ""))])


def _frozen(plan: Plan) -> dict[str, Any]:
    """What may not change; the budget may, and the secret is its own."""
    rows = json.dumps([[row.id, row.seed, row.evolved, row.response, *row.flaws] for row in _labelled(plan)])
    settings = plan.settings.model_copy(update={"secret": ""})
    return {
        "autoevol": metadata.version("autoevol"),
        "fingerprints": {
            "rows": hashlib.sha256(rows.encode()).hexdigest(),
            "prompts": prompt_fingerprint(_prompts(settings), "judge"),
            "detectors": RULES,
        },
        "everything": plan.everything,
        "settings": freeze(settings),
    }


def _labelled(plan: Plan) -> list[LabelledRow]:
    return [each.row for each in plan.rows]


def _check_same(folder: Path, old: dict[str, Any], new: dict[str, Any], *, fix: str) -> None:
    changed = [name for name, value in new["fingerprints"].items() if old["fingerprints"][name] != value]
    for name, value in old["settings"].items():  # what a newer version added is at its default
        if name != "budget" and new["settings"].get(name) != value:
            changed.append({"seeds": "rows"}.get(name, name))
    if old["everything"] is not new["everything"]:
        changed.append("--all")
    if changed:
        raise UsageError(f"The audit in {folder} began with other {', '.join(dict.fromkeys(changed))}.", fix=fix)


def _prompts(settings: Settings) -> Path | None:
    return Path(settings.prompts) if settings.prompts else None
