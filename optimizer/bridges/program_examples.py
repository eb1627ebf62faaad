"""The user's examples as a split: those to learn from, those to decide on, those to confirm on once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...agents.gateway.errors import UsageError
from ...agents.messages import Instruction
from ..dataset.draws import generator
from ..dataset.report import ReadReport
from ..dataset.seed import Seed
from ..dataset.split import Split
from ..record.settings import SearchSettings
from .program_parts import field_texts
from .rollouts import Item

__all__ = ["Examples", "split_examples"]

_DEV_SHARE, _TEST_SHARE = 0.5, 0.25  # of examples that nobody has split
_HELD_BACK = 1 / 3  # of a validation set, where there is no test set


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples that have a part each in the search.

    Args:
        items: all of them, by id.
        split: the same as the loop knows them.
    """

    items: Mapping[str, Item]
    split: Split

    def of(self, seeds: Iterable[Seed]) -> list[Item]:
        """The items of these."""
        return [self.items[seed.id] for seed in seeds]

    def texts(self) -> list[str]:
        """What stands in them: no instruction may carry it."""
        return [text for item in self.items.values() for text in _fields(item.example).values()]


def split_examples(
    train: Sequence[Any], dev: Sequence[Any] | None, test: Sequence[Any] | None, search: SearchSettings, run_seed: int
) -> Examples:
    """Who is learned from, decided on and confirmed on; no example is in two parts.

    Without a validation set half of the examples decide and a quarter confirms. With one, a third of it is kept back
    to confirm on where there is no test set; examples to learn from that are in it as well are not learned from, and
    where none is left it is split as if it were all there is.

    Raises:
        UsageError: there are no examples, they have no inputs, or too few to decide on.
    """
    rng = generator(run_seed, "program/split")
    for_test = _unlike(_items("test", test or ()), set())
    for_dev = _unlike(_items("val", dev or ()), _contents(for_test))
    for_train = _unlike(_items("train", train), _contents(for_test) | _contents(for_dev))
    pool = [] if dev and for_train else [*for_dev, *for_train]
    rng.shuffle(pool)
    if pool:
        at = int(len(pool) * _DEV_SHARE)
        for_dev, rest = pool[:at], pool[at:]
        to_test = 0 if test is not None else min(search.test, int(len(pool) * _TEST_SHARE))
        for_test, for_train = for_test or rest[:to_test], rest[to_test:]
    else:
        rng.shuffle(for_dev)
        back = 0 if test is not None else min(search.test, int(len(for_dev) * _HELD_BACK))
        for_test, for_dev = for_test or for_dev[:back], for_dev[back:]
    for_dev = for_dev[: search.dev]
    _enough(for_train, for_dev, search)
    parts = [tuple(map(_seed, part)) for part in (for_train, for_dev, for_test)]
    everyone = [*for_train, *for_dev, *for_test]
    split = Split(parts[0], parts[1], parts[2], len(everyone), "", ReadReport())
    return Examples({item.id: item for item in everyone}, split)


def _items(kind: str, examples: Sequence[Any]) -> list[Item]:
    items = [Item(f"{kind}-{number:05d}", example) for number, example in enumerate(examples, 1)]
    for item in items:
        if getattr(item.example, "_input_keys", None) is None:
            raise UsageError(
                f"The example {item.id} does not say which of its fields are inputs.",
                fix="Make it with dspy.Example(…).with_inputs('question').",
            )
    return items


def _unlike(items: Sequence[Item], known: set[str]) -> list[Item]:
    """Those that say something else than the known ones, and each thing once."""
    kept: dict[str, Item] = {}
    for item in items:
        content = _content(item)
        if content not in known:
            kept.setdefault(content, item)
    return list(kept.values())


def _contents(items: Iterable[Item]) -> set[str]:
    return {_content(item) for item in items}


def _content(item: Item) -> str:
    return json.dumps(_fields(item.example.inputs()), sort_keys=True)


def _fields(example: Any) -> dict[str, str]:
    return field_texts(dict(example.items()))


def _seed(item: Item) -> Seed:
    return Seed(item.id, 0, Instruction(_content(item)))


def _enough(train: Sequence[Item], dev: Sequence[Item], search: SearchSettings) -> None:
    if not train:
        raise UsageError("There is no example to learn from.", fix="Give a trainset.")
    if len(dev) < search.least_dev:
        raise UsageError(
            f"{len(dev)} examples are too few to decide on (at least {search.least_dev}).",
            fix="Give more examples. `search.least_dev` may be lower; then only great gains can show themselves.",
        )
