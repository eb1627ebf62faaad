"""The tasks that a prompt shows: human ones from the seeds, and those that were made here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ....agents.bootstrap.asking import Pair, Thought
from ...dataset.draws import generator
from ...dataset.seed import Seed

__all__ = ["Shown", "Shows", "human_tasks"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A task that may stand in a prompt: its row's id, and what is shown of it."""

    id: str
    thought: Thought


def human_tasks(seeds: Iterable[Seed], *, whole: bool) -> list[Shown]:
    """Each instruction once; with their instances, and only where they have one, when whole tasks are shown."""
    found: dict[str, Shown] = {}
    for seed in seeds:
        text = " ".join(seed.bare.split())
        if whole and seed.response is None:
            continue
        instance = Pair(seed.input, seed.response) if whole and seed.response is not None else None
        found.setdefault(text, Shown(seed.id, Thought(text, instance)))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Shows:
    """Draws what a request shows.

    Args:
        humans: the seed tasks.
        size: tasks in a prompt.
        machine: of them made here, at most; more where there are not enough of the others.
        run_seed, place: name the generators.
    """

    humans: Sequence[Shown]
    size: int
    machine: int
    run_seed: int
    place: str

    def of(self, number: int, made: Sequence[Shown], known: int) -> list[Shown]:
        """What request `number` shows, when the first `known` of `made` are known."""
        draw = generator(self.run_seed, f"{self.place}/shown", number)
        others = min(self.size, len(self.humans))
        machine = min(known, max(min(self.machine, self.size), self.size - others))
        shown = draw.sample(self.humans, min(others, self.size - machine))
        shown += [made[place] for place in draw.sample(range(known), machine)]
        draw.shuffle(shown)
        return shown
