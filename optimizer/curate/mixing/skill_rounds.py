"""The rounds of a mixture by skill, in one file that a person can read: graph, settings, losses, weights, quotas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ....agents.gateway.errors import UsageError
from ...record.folder import write_atomically
from .drawing import Copy, apportioned, shuffled, with_copies
from .mix import DrawnFile, Mix
from .pool import Pool
from .skill_graph import SkillGraph
from .skill_it import SkillItSettings, update

__all__ = ["Round", "SkillRounds", "draw_round", "read_losses", "read_rounds", "read_settings"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Round:
    """One round.

    Args:
        losses: by skill, measured after the round before; empty in the first.
        measured: where they come from, in words.
        eta: the step of the update.
        weights: by skill; they add up to 1.
        quotas: rows of each skill to be made or drawn; they add up.
    """

    losses: dict[str, float]
    measured: str
    eta: float
    weights: dict[str, float]
    quotas: dict[str, int]


@dataclass(frozen=True, slots=True)
class SkillRounds:
    """All rounds so far, the oldest first."""

    graph: SkillGraph
    settings: SkillItSettings
    rounds: tuple[Round, ...] = ()

    def following(self, losses: Mapping[str, float], measured: str, count: int) -> SkillRounds:
        """With the next round: its weights, and quotas that add up to `count`.

        Args:
            losses: measured after the last round, by skill; those of no skill of the graph are left aside. A skill
                without one keeps its last. Must be empty for the first round.
            measured: where they come from.
            count: rows of the round.

        Raises:
            UsageError: losses before the first round, none after it, or none ever of a skill.
        """
        if bool(losses) != bool(self.rounds):
            raise UsageError(
                "The first round takes no losses." if losses else "The next round needs the losses after this one.",
                fix="Begin without --losses and --run." if losses else "Give --losses FILE or --run RUN.",
            )
        last = self.rounds[-1].losses if self.rounds else {}
        known = {name: losses.get(name, last.get(name)) for name in self.graph.skills} if losses else {}
        kept = {name: value for name, value in known.items() if value is not None}
        carried = [name for name in kept if name not in losses]
        if carried:
            measured += f"; kept from before: {', '.join(carried)}"
        history = [each.losses for each in self.rounds[1:]] + ([kept] if kept else [])
        made = update(self.graph, history, self.settings)
        new = Round(kept, measured, made.eta, made.values, apportioned(made.values, count))
        return replace(self, rounds=(*self.rounds, new))

    def refuse_counted(self, run: str) -> None:
        """That failure rates of this run are in no round yet.

        Args:
            run: name of its folder.

        Raises:
            UsageError: they are.
        """
        for number, each in enumerate(self.rounds, 1):
            if f" of the run {run} (" in each.measured:
                raise UsageError(
                    f"The run {run} is counted already, in round {number}.",
                    fix="Give the run that was made after the last round; to count one again, give its losses as a "
                    "file with --losses.",
                )

    def write(self, path: Path) -> None:
        """Into a file, as a whole or not at all.

        Raises:
            StorageError: it cannot be written.
        """
        said = {
            "skill_it": _VERSION,
            "skills": list(self.graph.skills),
            "weights": [list(row) for row in self.graph.weights],
            "settings": self.settings.model_dump(mode="json"),
            "rounds": [
                {"round": number, "measured": each.measured, "losses": each.losses, "eta": each.eta,
                 "weights": each.weights, "quotas": each.quotas}
                for number, each in enumerate(self.rounds, 1)
            ],
        }  # fmt: skip
        write_atomically(path, json.dumps(said, indent=1, ensure_ascii=False) + "\n")


def read_rounds(path: Path) -> SkillRounds:
    """The rounds of a file.

    Raises:
        UsageError: it is no such file.
    """
    try:
        said: Any = json.loads(path.read_text(encoding="utf-8"))
        if said["skill_it"] != _VERSION:
            raise ValueError(f"version {said['skill_it']}")
        graph = SkillGraph(tuple(said["skills"]), tuple(tuple(map(float, row)) for row in said["weights"]))
        rounds = tuple(
            Round(dict(each["losses"]), each["measured"], each["eta"], dict(each["weights"]), dict(each["quotas"]))
            for each in said["rounds"]
        )
        return SkillRounds(graph, SkillItSettings.model_validate(said["settings"]), rounds)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise UsageError(
            f"{path} is no file of rounds ({type(error).__name__}).", fix="Begin another with --graph, or restore it."
        ) from error


def read_settings(values: Sequence[str]) -> SkillItSettings:
    """From `NAME=VALUE` each; values as JSON.

    Raises:
        UsageError: no such setting, or no such value of it.
    """
    said: dict[str, object] = {}
    for line in values:
        name, _, text = line.partition("=")
        try:
            said[name.strip()] = json.loads(text)
        except ValueError:
            said[name.strip()] = text.strip()
    try:
        return SkillItSettings.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"--with {'.'.join(map(str, first['loc']))}: {first['msg']}.",
            fix=f"Known are {', '.join(SkillItSettings.model_fields)}.",
        ) from error


def read_losses(path: Path) -> dict[str, float]:
    """Losses by skill from a JSON object.

    Raises:
        UsageError: it is no object of numbers.
    """
    try:
        said: Any = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): float(value) for name, value in said.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{path} holds no losses ({type(error).__name__}).", fix='Write {"skill": loss, …} as JSON.'
        ) from error


def draw_round(pool: Pool, rounds: SkillRounds, copies: int, seed: int) -> Mix:
    """The rows of the last round, drawn by its quotas; a row's group is its skill.

    Each round draws by itself, as the authors do: a row may be drawn in several. Too small skills are repeated, each
    row `copies` times at most; what is then missing is said.
    """
    number, last = len(rounds.rounds), rounds.rounds[-1]
    rows: list[Copy] = []
    notes: list[str] = []
    for skill, quota in last.quotas.items():
        own = [row for row in pool.all_rows() if row.group == skill]
        got = min(quota, copies * len(own))
        rows += with_copies(own, got, seed, f"mix/round-{number}/{skill}")
        if got < quota:
            notes.append(f"{skill}: {quota - got:,} rows short of {quota:,}: there are {len(own):,}.")
    taken = {row.key for row, _ in rows}
    return Mix(
        method="skill-it", source="Skill-it, arXiv 2307.14430, section 4", seed=seed,
        settings={"round": number, "quotas": last.quotas, "copies": copies},
        purposes=[*(f"mix/round-{number}/{skill}" for skill in last.quotas), f"mix/round-{number}/order/N"],
        files=(DrawnFile("mix.jsonl", _ordered(rows, seed, number), f"round {number} by its quotas"),),
        left=[row for row in pool.all_rows() if row.key not in taken], notes=notes,
    )  # fmt: skip


def _ordered(rows: Sequence[Copy], seed: int, number: int) -> tuple[Copy, ...]:
    return tuple(shuffled(rows, seed, f"mix/round-{number}"))
