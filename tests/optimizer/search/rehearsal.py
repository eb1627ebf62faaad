"""Whole runs on the scripted model: what each role says is set by the test, and every request is kept.

Methods have a *grade* from 0 to 10: by one of grade 10 every evolved text lacks something and the responder asks for
it, by one of grade 0 none, between them the share of seeds is about a tenth of the grade. A clause says the grade.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autoevol.agents.cast import SeatSpec, build_cast
from autoevol.agents.gateway.gateway import Parts, open_gateway
from autoevol.agents.gateway.outcomes import Outcome
from autoevol.agents.gateway.requests import Decoding, Request
from autoevol.agents.gateway.simulated.scripted import ScriptedModel
from autoevol.agents.messages import ProgramTask, RoleName
from autoevol.agents.method import Method
from autoevol.agents.method_file import dump_method, load_method
from autoevol.agents.team import Team
from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.dataset.split import split_seeds
from autoevol.optimizer.pages.watcher import QuietWatcher
from autoevol.optimizer.recipes.auto_evol import auto_evol
from autoevol.optimizer.recipes.evolve import evolve
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.events import EventLog
from autoevol.optimizer.record.folder import RunFolder
from autoevol.optimizer.record.run import MessageLog, Run, Spending
from autoevol.optimizer.scoring.examine.runner import Runner
from autoevol.optimizer.search.strategies import strategies_of
from autoevol.optimizer.steering.inbox import Inbox
from autoevol.optimizer.steering.wheel import Wheel
from autoevol.optimizer.steering.wishes import Wish

__all__ = ["Actors", "Played", "clauses_of", "play", "refined", "rewritten"]

_FLAVOURS = (
    "Read the new problem aloud as a stranger would.",
    "Give each new quantity a unit and count twice.",
    "Prefer a condition that changes the result over decoration.",
    "End by asking for one figure, and keep the people of the story.",
)


def clauses_of(grade: int, flavour: int = 0) -> tuple[str, ...]:
    """A method of this grade; methods of different flavours are told apart by the checks."""
    return (f"Work in one more condition of grade {grade}.", _FLAVOURS[flavour % len(_FLAVOURS)])


def refined(clauses: Sequence[str]) -> str:
    """What a refiner says that proposes these clauses."""
    lines = "\n".join(f"{number}. {text}" for number, text in enumerate(clauses, 1))
    return f"<why>results lacked something</why>\n<clauses>\n{lines}\n</clauses>"


def rewritten(clauses: Sequence[str]) -> str:
    """What a refiner says that is asked for the whole method as one text."""
    return "Gladly.\n<method>\n{}\n</method>".format("\n".join(clauses))


@dataclass
class Actors:
    """The models of a run.

    Args:
        proposals: by sample (step x candidates + candidate - 1) what the refiner says: the grade of a new method, or
            a text or outcome as it is. A sample that is not here proposes grade 10.
        analyses: by sample what the analyst says instead of a finding.
        longer: grade of the control `just-longer`.
        on_test: grade of every method on the test split, where it is another one.
        answer: what the responder says instead, by request.
        evolved: what the evolver says instead, by request.
        student: what the student says, by request.
    """

    proposals: Mapping[int, int | str | Outcome] = field(default_factory=dict[int, "int | str | Outcome"])
    analyses: Mapping[int, str | Outcome] = field(default_factory=dict[int, "str | Outcome"])
    longer: int = 10
    on_test: int | None = None
    answer: Callable[[Request], str | Outcome] | None = None
    evolved: Callable[[Request], str | Outcome] | None = None
    student: Callable[[Request], str | Outcome] = field(default=lambda _: "#### 0")
    asked: list[Request] = field(default_factory=list[Request])

    def speak(self, request: Request) -> str | Outcome:
        """Answer as the role that asks."""
        self.asked.append(request)
        match request.role:
            case "evolver":
                return (self.evolved or self._evolve)(request)
            case "responder":
                return (self.answer or _respond)(request)
            case "analyst":
                finding = "problem: a number is missing\ncases: 1, 2\nquote: some boxes\nrule: Name every number."
                return self.analyses.get(request.sample, f"<findings>\n{finding}\n</findings>")
            case "refiner":
                said = self.proposals.get(request.sample, 10)
                form = rewritten if "<method>" in request.turns[-1].text else refined
                return form(clauses_of(said, request.sample)) if isinstance(said, int) else said
            case "student":
                return self.student(request)
            case _:
                return _judge(request)

    def _evolve(self, request: Request) -> str:
        told, text = request.turns[0].text, data(request)
        grade = int(found[1]) if (found := re.search(r"of grade (\d+)", told)) else self.longer
        if request.stage == "test" and self.on_test is not None:
            grade = self.on_test
        lacking = luck(text) % 10 < grade
        # Each method evolves in words of its own, so that no answer serves two.
        own = luck(told) % 90 + 10
        extra = f"There are also {'some' if lacking else own} boxes with {own + 3} parts each, a third of them lost."
        return f"<evolved>{extra} {text} Say how many are left over in the end.</evolved>"


def data(request: Request) -> str:
    """The text between the marks of a request to the evolver."""
    found = re.findall(r"<<<TEXT (\w+)\n(.*?)\nTEXT \1>>>", request.turns[-1].text, re.DOTALL)
    return str(found[-1][1])


def luck(text: str) -> int:
    """Chance that is a function of the text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def _respond(request: Request) -> str:
    text = request.turns[-1].text
    if "some boxes" in text:
        return "Could you please provide the missing number?"
    return f"Counting step by step gives {luck(text) % 900 + 10}."


def _judge(request: Request) -> str:
    (_, _, a), (_, _, b) = re.findall(r"<<<(\w+) (\w+)\n(.*?)\n\1 \2>>>", request.turns[-1].text, re.DOTALL)[:2]
    lines = ["quote: boxes", "valid: yes", "self_contained: yes", "intent: yes"]
    return "\n".join(["<verdict>", *lines, f"harder: {'A' if len(a) > len(b) else 'B'}", "</verdict>"])


@dataclass(frozen=True)
class Played:
    """A run that ended: its folder, its story, the starting method, and what the models were asked."""

    folder: Path
    story: str
    start: Method
    asked: list[Request]

    def json(self, name: str) -> Any:
        """A JSON file of the run."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def rows(self, name: str) -> list[Any]:
        """A JSONL file of the run."""
        return [json.loads(line) for line in (self.folder / name).read_text(encoding="utf-8").splitlines()]

    @property
    def status(self) -> Any:
        """How it stands in the end."""
        return self.json("status.json")

    def decision(self, step: int) -> Any:
        """The decision of a step."""
        return self.json(f"steps/{step:03d}/decision.json")

    def candidate(self, step: int, number: int) -> Any:
        """One candidate of a step, from 1."""
        return self.json(f"steps/{step:03d}/candidates/{number}/candidate.json")

    def best(self) -> tuple[str, ...]:
        """The clauses of the best method."""
        return load_method(str(self.folder / "method.md")).clauses

    def calls(self, role: str, place: str = "") -> int:
        """How often a role was asked at places that begin so."""
        return sum(request.role == role and request.place.startswith(place) for request in self.asked)


async def play(
    folder: Path, actors: Actors, *, start: int = 10, seeds: int = 40, wishes: Sequence[Wish] = (), **said: Any
) -> Played:
    """Run a recipe to its end.

    Args:
        folder: an empty folder.
        actors: the models.
        start: grade of the starting method.
        seeds: how many there are, or (in `said`) `source`, their file.
        wishes: of a person, that lie in the inbox when it begins.
        said: settings, as a file says them.
    """
    source = said.pop("source", None) or _seeds(folder / "seeds.jsonl", seeds)
    method = folder / "start.md"
    method.write_text(dump_method(Method(clauses_of(start, 3))), encoding="utf-8")
    said["search"] = {"method": str(method), **said.get("search", {})}
    endpoints = {"default": {"script": "said by a function", "concurrency": 8}}
    settings = resolve(None, {"model": "m", "endpoints": endpoints, "seeds": {"source": str(source)}, **said})
    opened = open_seeds(settings.seeds)
    search = settings.search
    split = split_seeds(opened, dev=search.held_out, test=search.test, train=search.train, run_seed=settings.run_seed)
    files = RunFolder(folder / "run")
    files.path.mkdir()
    parts = Parts(callers={"default": ScriptedModel(actors.speak)})
    async with open_gateway(settings.endpoints, files.path, settings.budget, parts=parts) as gateway:

        def spending() -> Spending:
            totals = gateway.totals()
            return Spending(totals.all.calls, totals.all.tokens, totals.all.cost, totals.minutes)

        with files.rows("messages.jsonl") as messages:
            events = EventLog(files.path / "events.jsonl")
            cast = build_cast(gateway, _seats(), secret="00112233")
            runner = Runner(events.decided, events.put, QuietWatcher().note)
            team = Team({**cast, ProgramTask: runner}, gateway)
            run = Run(settings, files, events, split, team, MessageLog(messages), QuietWatcher(), spending)
            for wish in wishes:
                Inbox(files.path).put(wish)
            run.wheel = Wheel(settings, events, QuietWatcher().note, Inbox(files.path), gateway)
            recipe = evolve if settings.recipe == "evolve" else auto_evol
            chosen = load_method(search.method)
            story = await recipe(run, strategies_of(settings), chosen, opened)
    return Played(files.path, story, chosen, actors.asked)


def _seats() -> dict[RoleName, SeatSpec]:
    roles: tuple[RoleName, ...] = ("evolver", "responder", "analyst", "refiner", "judge", "student", "embedder")
    return {role: SeatSpec("default", f"m-{role}", Decoding(800)) for role in roles}


def _seeds(path: Path, count: int) -> Path:
    rows = [
        {"question": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many balls?"} for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
