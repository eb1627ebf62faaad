"""The user's examples as a split: those to learn from, those to decide on, those to confirm on once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
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

__all__ = ["Examples", "LeftOut", "split_examples"]

_DEV_SHARE, _TEST_SHARE = 0.5, 0.25  # of examples that nobody has split
_HELD_BACK = 1 / 3  # of a validation set, where there is no test set


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was given and is not used as it was given.

    Args:
        repeated: examples that were there before, word for word.
        shared: examples whose inputs are in another part, which they would give away.
        contradicting: inputs whose examples expect different things; they are used, and stay in one part.
    """

    repeated: int
    shared: int
    contradicting: int

    def as_row(self) -> dict[str, int]:
        """How the record shows it."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """The same for the person, where there is something to say."""
        if self.repeated:
            yield f"{self.repeated} examples are left out: they were given twice."
        if self.shared:
            yield f"{self.shared} examples count in one part only: their inputs were given in another one as well."
        if self.contradicting:
            yield f"{self.contradicting} inputs come with different expected results; no instruction can meet them all."


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples that have a part each in the search.

    Args:
        items: all of them, by id.
        split: the same as the loop knows them.
        left_out: what is not in it.
    """

    items: Mapping[str, Item]
    split: Split
    left_out: LeftOut

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
    given = [_items("test", test or ()), _items("val", dev or ()), _items("train", train)]
    once = [_once(items) for items in given]
    for_test, for_dev, for_train = _apart(once)
    pool = [] if dev and for_train else [*for_dev, *for_train]
    if pool:
        rng.shuffle(pool)
        for_dev, rest = _cut(_together(pool), int(len(pool) * _DEV_SHARE))
        held, for_train = _cut(rest, 0 if test is not None else min(search.test, int(len(pool) * _TEST_SHARE)))
    else:
        rng.shuffle(for_dev)
        back = 0 if test is not None else min(search.test, int(len(for_dev) * _HELD_BACK))
        held, for_dev = _cut(_together(for_dev), back)
    for_test = for_test or held
    for_dev = for_dev[: search.dev]
    _enough(for_train, for_dev, search)
    parts = [tuple(map(_seed, part)) for part in (for_train, for_dev, for_test)]
    everyone = [*for_train, *for_dev, *for_test]
    split = Split(parts[0], parts[1], parts[2], len(everyone), "", ReadReport())
    return Examples({item.id: item for item in everyone}, split, _left_out(given, once, everyone))


def _items(kind: str, examples: Sequence[Any]) -> list[Item]:
    items = [Item(f"{kind}-{number:05d}", example) for number, example in enumerate(examples, 1)]
    for item in items:
        if getattr(item.example, "_input_keys", None) is None:
            raise UsageError(
                f"The example {item.id} does not say which of its fields are inputs.",
                fix="Make it with dspy.Example(…).with_inputs('question').",
            )
    return items


def _once(items: Sequence[Item]) -> list[Item]:
    """Each example once; the same inputs with other results are another."""
    kept: dict[str, Item] = {}
    for item in items:
        kept.setdefault(_whole(item), item)
    return list(kept.values())


def _apart(parts: Iterable[Sequence[Item]]) -> list[list[Item]]:
    """The parts, each without inputs that are in one before it."""
    known: set[str] = set()
    found: list[list[Item]] = []
    for items in parts:
        found.append([item for item in items if _content(item) not in known])
        known.update(map(_content, items))
    return found


def _together(items: Sequence[Item]) -> list[Item]:
    """The same order, but those with the same inputs stand together."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(_content(item), []).append(item)
    return [item for group in groups.values() for item in group]


def _cut(items: Sequence[Item], at: int) -> tuple[list[Item], list[Item]]:
    """The first so many and the others; those with the same inputs stay on one side."""
    while 0 < at < len(items) and _content(items[at - 1]) == _content(items[at]):
        at += 1
    return list(items[:at]), list(items[at:])


def _left_out(given: Iterable[Sequence[Item]], once: Iterable[Sequence[Item]], used: Sequence[Item]) -> LeftOut:
    distinct = [item for items in once for item in items]
    repeated = sum(map(len, given)) - len(distinct)
    shared = len(distinct) - sum(map(len, _apart(once)))
    several = Counter(map(_content, used))
    return LeftOut(repeated, shared, sum(count > 1 for count in several.values()))


def _whole(item: Item) -> str:
    return json.dumps([sorted(item.example.inputs().keys()), _fields(item.example)], sort_keys=True)


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
