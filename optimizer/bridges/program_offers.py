"""Candidates for the instructions of a program: the analyst reads a batch, the refiner edits a line or writes anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import anyio

from ...agents.agent import Seat
from ...agents.cast import prompts_of
from ...agents.clauses import whole_breaches
from ...agents.gateway.outcomes import Outcome
from ...agents.gateway.requests import Decoding, Request
from ...agents.messages import Analysis, Edit, Failed, MethodFinding, Recurrence, RoleName
from ...agents.method import WHOLE, Method
from ...agents.program import (
    GOOD,
    PartAnalysisTask,
    PartAnalyst,
    PartCase,
    PartEditTask,
    PartProposal,
    PartRefiner,
    lines_of,
)
from ...prompts import Prompts
from ..dataset.language import language_of
from ..record.settings import RoleSettings, Settings
from ..search.checks import alike, copied, growth
from .one_use import Rollout
from .open_door import OpenDoor
from .program_parts import Wording, field_texts, told_part
from .rollouts import Item

__all__ = ["Memory", "Offer", "Proposers", "as_method", "proposers_of", "told_by"]

_SHARED = frozenset({"tried-edits", "earlier-findings", "refiner-found"})
"""Prompts of the other search that are told here too."""

_MARKS = ("[[ ##", "<<<", ">>>")
"""What adapters and we write round fields; an instruction with them would be read for one."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One candidate that was asked for, and what came.

    Args:
        number: from 1.
        part: whose instruction it changes.
        operator: by one line, or anew.
        findings: what the analyst said.
        wording: the candidate, where there is one.
        why: what it is meant to mend.
        problems: why it is none.
    """

    number: int
    part: str
    operator: Literal["small", "bold"]
    findings: tuple[MethodFinding, ...] = ()
    wording: Wording | None = None
    why: str = ""
    problems: tuple[str, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """How the record shows it."""
        return {
            "number": self.number, "part": self.part, "operator": self.operator, "why": self.why,
            "wording": self.wording.id if self.wording else None,
            "instruction": self.wording.of(self.part) if self.wording else None, "problems": list(self.problems),
            "findings": [
                {"problem": one.cluster, "cases": list(one.cases), "evidence": one.evidence, "rule": one.rule}
                for one in self.findings
            ],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Memory:
    """What earlier steps tell: edits of each part with their effects, problems that come back, wordings that met."""

    edits: Mapping[str, tuple[Edit, ...]]
    earlier: Mapping[str, tuple[Recurrence, ...]]
    tried: frozenset[str]


@dataclass(frozen=True, slots=True)
class Proposers:
    """Analyst and refiner of a program.

    Args:
        analyst, refiner: the agents.
        program: whose parts they are told of.
        data: texts that no instruction may carry.
        candidates: how many are asked for in a step.
    """

    analyst: PartAnalyst
    refiner: PartRefiner
    program: Any
    data: Sequence[str]
    candidates: int

    async def __call__(
        self, step: int, incumbent: Wording, seen: Sequence[tuple[Item, Rollout]], memory: Memory
    ) -> list[Offer]:
        """The candidates of a step, good and bad: small and bold in turn, and part after part.

        Args:
            step: from 0.
            incumbent: what they are made from.
            seen: its batch.
            memory: of the steps before.
        """
        offers: list[Offer] = []

        async def one(number: int) -> None:
            turn = step * self.candidates + number - 1
            part = incumbent.texts[turn // 2 % len(incumbent.texts)][0]
            # The sample index grows over the steps: the same batch is analysed anew in a later one.
            offers.append(await self._offer(turn, Offer(number, part, "bold" if turn % 2 else "small"), step,
                                            incumbent, seen, memory))  # fmt: skip

        async with anyio.create_task_group() as asking:
            for number in range(1, self.candidates + 1):
                asking.start_soon(one, number)
        return self._unlike(sorted(offers, key=lambda offer: offer.number))

    async def _offer(
        self, sample: int, offer: Offer, step: int, incumbent: Wording, seen: Sequence[tuple[Item, Rollout]],
        memory: Memory,
    ) -> Offer:  # fmt: skip
        part, text = offer.part, incumbent.of(offer.part)
        cases = tuple(case for item, rollout in seen if (case := _case(item, rollout, part)) is not None)
        if not cases:
            return replace(offer, problems=("the part was not used",))
        if all(case.score >= GOOD for case in cases):
            return replace(offer, problems=("nothing of the batch is to be mended",))
        stage, told = f"steps/{step:03d}", told_part(self.program, part)
        edits, language = memory.edits.get(part, ()), language_of(text)
        place = f"{stage}/c{offer.number}"
        analysis = await self.analyst(PartAnalysisTask(
            id=f"{place}/analyse", stage=stage, sample=sample, part=told, text=text, language=language, cases=cases,
            history=edits, earlier=memory.earlier.get(part, ()),
        ))  # fmt: skip
        if why := _nothing(analysis):
            return replace(offer, problems=(why,))
        if not isinstance(analysis, Analysis):
            raise TypeError("an analysis is due")
        offer = replace(offer, findings=analysis.findings)
        proposal = await self.refiner(PartEditTask(
            id=f"{place}/refine", parent=analysis.id, stage=stage, sample=sample, part=told, text=text,
            language=language, analysis=analysis, operator=offer.operator, history=edits,
        ))  # fmt: skip
        if isinstance(proposal, Failed):
            return replace(offer, problems=(f"the refiner gave nothing: {proposal.reason}",))
        return self._checked(offer, proposal, incumbent, memory)

    def _checked(self, offer: Offer, proposal: PartProposal, incumbent: Wording, memory: Memory) -> Offer:
        if proposal.text is None:
            return replace(offer, problems=(f"the proposal was {proposal.fault or 'unreadable'}",))
        wording = incumbent.but(offer.part, proposal.text, proposal.why)
        problems = _problems(incumbent.of(offer.part), proposal.text, offer.operator, self.data)
        if wording.id in memory.tried:
            problems = (*problems, "it was tried before")
        return replace(offer, why=proposal.why, wording=wording, problems=problems)

    def _unlike(self, offers: Sequence[Offer]) -> list[Offer]:
        """The second of two that are the same is none."""
        known: set[str] = set()
        found: list[Offer] = []
        for offer in offers:
            if offer.wording is not None and not offer.problems:
                if offer.wording.id in known:
                    offer = replace(offer, problems=("it says the same as another candidate",))  # noqa: PLW2901
                known.add(offer.wording.id if offer.wording else "")
            found.append(offer)
        return found


def proposers_of(settings: Settings, door: OpenDoor, secret: str, program: Any, data: Sequence[str]) -> Proposers:
    """Analyst and refiner on their seats.

    Raises:
        UsageError: a role has no model, or a prompt of the user's own is wrong.
    """
    prompts = _prompts(settings)
    roles, endpoints = settings.roles, settings.endpoints
    analyst = PartAnalyst(
        _seat("analyst", roles.analyst, door), secret, prompts, endpoints[roles.analyst.endpoint].output_form
    )
    refiner = PartRefiner(
        _seat("refiner", roles.refiner, door), secret, prompts, endpoints[roles.refiner.endpoint].output_form
    )
    return Proposers(analyst, refiner, program, data, settings.search.candidates)


def told_by(settings: Settings) -> str:
    """64 hex digits over the prompts that analyst and refiner of a program are told.

    Raises:
        UsageError: one of the user's own is wrong.
    """
    texts = _prompts(settings).texts
    mine = sorted(key for key in texts if key[0].startswith("make-program-") or key[0] in _SHARED)
    return hashlib.sha256("\x1e".join(f"{key}\x1f{texts[key].text}" for key in mine).encode()).hexdigest()


def as_method(wording: Wording) -> Method:
    """A wording as the referee's records know methods."""
    lines = tuple(f"{name}: {line}" for name, text in wording.texts for line in lines_of(text))
    return Method(lines, name=wording.id, parent=wording.parent, why=wording.why, control=WHOLE)


def _prompts(settings: Settings) -> Prompts:
    return prompts_of(Path(settings.prompts) if settings.prompts else None)


@dataclass(frozen=True, slots=True)
class _Through:
    """The open door, for agents."""

    door: OpenDoor

    async def ask(self, request: Request) -> Outcome:
        """As `OpenDoor.ask_async`."""
        return await self.door.ask_async(request)


def _seat(role: RoleName, said: RoleSettings, door: OpenDoor) -> Seat:
    extra = json.dumps(said.extra, sort_keys=True) if said.extra else None
    decoding = Decoding(said.max_tokens, said.temperature, said.top_p, extra=extra)
    return Seat(role, _Through(door), said.endpoint, said.model, decoding)


def _case(item: Item, rollout: Rollout, part: str) -> PartCase | None:
    """A rollout as the analyst of a part sees it: its last use there; None where it was not used."""
    use = next((use for use in reversed(rollout.uses) if use.part == part), None)
    if use is None:
        return None
    feedback = rollout.of_parts.get(part) or rollout.feedback
    said = " ".join(filter(None, (feedback, f"failed: {rollout.failure}" if rollout.failure else "")))
    inputs = set(item.example.inputs().keys())
    expected = field_texts({name: value for name, value in item.example.items() if name not in inputs})
    result = {} if set(rollout.result) <= set(use.outputs) else dict(rollout.result)
    # What could not be read is in no trace with its inputs; then they are the program's.
    asked = use.inputs or field_texts(dict(item.example.inputs().items()))
    return PartCase(item.id, asked, use.outputs, expected, result, said, rollout.score)


def _nothing(analysis: Analysis | Failed) -> str:
    if isinstance(analysis, Failed):
        return f"the analyst gave nothing: {analysis.reason}"
    if analysis.fault:
        return f"the analysis was {analysis.fault}"
    return "" if analysis.findings else "the analyst found nothing to mend"


def _problems(old: str, new: str, operator: Literal["small", "bold"], data: Sequence[str]) -> tuple[str, ...]:
    """Why an instruction is not tried, before a call is spent on it (as `search/checks.py` for methods)."""
    found = list(whole_breaches(new))
    found += [f"it holds a mark of the program's form: {mark}" for mark in _MARKS if mark in new and mark not in old]
    was, now = (Method(lines_of(text), control=WHOLE) for text in (old, new))
    found += growth(now, operator, (was,))
    if language_of(old) != language_of(new):
        found.append("it is not written in the language of the old one")
    if run := copied(now, (was,), data):
        found.append(f"it copies from the data: {run!r}")
    # Only what differs is compared: one new line in a long instruction is a change.
    gone, come = (Method(tuple(line for line in one.clauses if line not in other.clauses))
                  for one, other in ((was, now), (now, was)))  # fmt: skip
    if alike(gone, come):
        found.append("it says the same as the old one")
    return tuple(found)
