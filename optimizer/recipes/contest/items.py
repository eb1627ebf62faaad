"""The items of a comparison: from each set of seeds the same ones for all, and how rows of other tools name them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ....agents.gateway.errors import UsageError
from ...dataset.draws import draw_key
from ...dataset.report import ReadReport
from ...dataset.seed import Seed
from ...dataset.source import SeedSource, content_of, open_seeds, same_text
from ...record.settings import SeedSettings, Settings

__all__ = ["ItemSet", "Key", "KeyRing", "item_sets", "sources"]

Key = tuple[int, str]
"""An item: the number of its set, from 0, and the id of its seed."""


@dataclass(frozen=True, slots=True)
class ItemSet:
    """The items out of one source of seeds.

    Args:
        name: of the set, for people; the file's name.
        source: where the seeds are.
        items: those that are compared on, in the order of the source.
        total: seeds in the whole source.
        fingerprint: of the whole source; resume refuses seeds with another one.
        report: what became of the rows.
        own_ids: what the source itself calls an item → id of its seed; names that are not unique are left out.
    """

    name: str
    source: str
    items: tuple[Seed, ...]
    total: int
    fingerprint: str
    report: ReadReport
    own_ids: dict[str, str]


def sources(settings: Settings) -> tuple[SeedSettings, ...]:
    """The sources of seeds: that of `seeds`, then those of `compare.seeds`, read by the same field names."""
    first = settings.seeds
    return (first, *(first.model_copy(update={"source": each}) for each in settings.compare.seeds))


def item_sets(settings: Settings) -> tuple[ItemSet, ...]:
    """Read every source and choose its items: the `compare.items` seeds with the smallest drawn keys.

    The choice depends on the run's seed and the texts, not on the order of a file.

    Raises:
        UsageError: a source cannot be read, holds no seed, or is named twice.
    """
    found: list[ItemSet] = []
    names: Counter[str] = Counter()
    for place in sources(settings):
        if any(place.source == each.source for each in found):
            raise UsageError(f"The seeds {place.source} are named twice.", fix="Name each set of seeds once.")
        name = _name(place.source)
        names[name] += 1
        found.append(_item_set(settings, open_seeds(place), place.source, name + f"-{names[name]}" * (names[name] > 1)))
    return tuple(found)


class KeyRing:
    """Finds the items that a row of another tool is about."""

    def __init__(self, sets: Iterable[ItemSet]) -> None:
        self._by_text: dict[str, list[Key]] = {}
        self._by_id: dict[str, list[Key]] = {}
        self._own: dict[str, list[Key]] = {}
        for number, each in enumerate(sets):
            for seed in each.items:
                self._by_text.setdefault(same_text(seed.instruction.text), []).append((number, seed.id))
                self._by_id.setdefault(seed.id, []).append((number, seed.id))
            for name, seed_id in each.own_ids.items():
                self._own.setdefault(name, []).append((number, seed_id))

    def find(self, ids: Iterable[str], text: str | None) -> list[Key] | None:
        """The items, at most one of each set; empty where it is about none of them; None where it names another seed.

        The text of the seed decides, where the row has it; else an id that only one set has. Ids of ours are places
        in a file, so one under which the row has another text than ours is a misunderstanding.

        Args:
            ids: what the row calls its seed, the surest first.
            text: the seed's instruction as the row has it.
        """
        names = list(ids)
        own = [key for name in names for key in self._own.get(name, ())]
        ours = [key for name in names for key in self._by_id.get(name, ())]
        if text is None:
            return next((keys[:1] for keys in (own, ours) if len(set(keys)) == 1), list[Key]())
        found = self._by_text.get(same_text(text), [])
        if found:
            return list(_one_of_each_set(found, {*own, *ours}))
        if len(set(own)) == 1:
            return own[:1]
        return None if ours else []


def _one_of_each_set(keys: list[Key], named: set[Key]) -> Iterator[Key]:
    """Of a set in which several items have the same text (in other conversations) only one that the row names."""
    for number in dict.fromkeys(number for number, _ in keys):
        candidates = [key for key in keys if key[0] == number]
        if len(candidates) > 1:
            candidates = [key for key in candidates if key in named]
        if len(candidates) == 1:
            yield candidates[0]


def _item_set(settings: Settings, source: SeedSource, place: str, name: str) -> ItemSet:
    reading = source.reading()
    most = settings.compare.items
    if most is None:
        chosen = list(reading)
    else:
        key = settings.run_seed, "compare-items"
        drawn = heapq.nsmallest(
            most, enumerate(reading), key=lambda each: (draw_key(*key, content_of(each[1])), each[0])
        )
        chosen = [seed for _, seed in sorted(drawn, key=lambda each: each[0])]
    survey = reading.survey()
    return ItemSet(
        name, place, tuple(chosen), survey.count, survey.fingerprint, survey.report, _own_ids(source, chosen)
    )


def _own_ids(source: SeedSource, chosen: list[Seed]) -> dict[str, str]:
    # Turns of one conversation share a line, so its name is not that of one item.
    lines = Counter(seed.line for seed in chosen)
    by_line = {seed.line: seed.id for seed in chosen if lines[seed.line] == 1}
    named: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for line, name in source.own_ids():
        counts[name] += 1
        if line in by_line:
            named[name] = by_line[line]
    return {name: seed_id for name, seed_id in named.items() if counts[name] == 1}


def _name(source: str) -> str:
    last = Path(source.removeprefix("hub:")).name
    return last.removesuffix(".gz").partition(".")[0] or "seeds"
