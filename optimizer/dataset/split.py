"""One split of the seeds for a whole run: train to find failures in, dev to decide on, test to confirm once."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from .draws import draw_key
from .report import ReadReport
from .seed import Seed
from .source import SeedSource, content_of

__all__ = ["Split", "choose", "split_seeds"]

Chosen = tuple[tuple[Seed, ...], tuple[Seed, ...], tuple[Seed, ...]]


@dataclass(frozen=True, slots=True)
class Split:
    """The seeds that a search works with. Each part is in random order, so its first n are a random sample too.

    Args:
        train, dev, test: no seed is in two of them; all turns of a conversation that are in any are in the same.
        total: seeds in the whole source.
        fingerprint: of the whole source (see `Survey`); resume refuses seeds with another one.
        report: what became of the rows.
    """

    train: tuple[Seed, ...]
    dev: tuple[Seed, ...]
    test: tuple[Seed, ...]
    total: int
    fingerprint: str
    report: ReadReport

    @property
    def sizes(self) -> str:
        """The sizes in one line."""
        parts = (self.train, self.dev, self.test)
        return "{:,} train, {:,} dev, {:,} test".format(*map(len, parts)) + f" of {self.total:,} seeds"


def split_seeds(source: SeedSource, *, dev: int, test: int, train: int, run_seed: int) -> Split:
    """Split a source in one pass, holding no more seeds than the parts can take.

    Every row has a key drawn from (run_seed, content); rows sorted by it fill dev first, then test, then train. So
    the split does not depend on the order of the file; and n rows appended to a source that fills all parts put at
    most n rows into each part that were not there. The same seeds in another order have other ids, nothing else.

    Where the seeds do not suffice, of the rows (a conversation is one row) at most 40 % go to dev, but one if there
    are two, and at most 20 % to test; train has the rest, and always at least one. So 1 row gives 1/0/0
    (train/dev/test), 2 give 1/1/0, 5 give 2/2/1, 100 give 40/40/20. A conversation that does not fit into what is
    left of a part gives its first turns; the others are in no part.

    Args:
        source: where the seeds are.
        dev, test, train: at most so many seeds in each; `test` and `dev` may be 0.
        run_seed: the run's own seed.

    Raises:
        UsageError: the source cannot be read to its end, or holds no seed.
    """
    reading = source.reading()
    parts = choose(reading, dev=dev, test=test, train=train, run_seed=run_seed)
    survey = reading.survey()
    return Split(*parts, survey.count, survey.fingerprint, survey.report)


def choose(seeds: Iterable[Seed], *, dev: int, test: int, train: int, run_seed: int) -> Chosen:
    """Train, dev and test out of seeds whose turns of one conversation follow each other; see `split_seeds`."""
    # A heap of the rows with the smallest keys, largest on top; the ordinal settles ties and is never equal.
    heap: list[tuple[int, int, list[Seed]]] = []
    most = dev + test + train
    rows = 0
    for _, group in groupby(seeds, key=lambda seed: seed.row):
        turns = list(group)
        rows += 1
        entry = (-draw_key(run_seed, "split", content_of(turns[0])), -rows, turns)
        if len(heap) < most:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)
    waiting = [turns for _, _, turns in sorted(heap, reverse=True)]
    for_dev = _fill(waiting, dev, min(rows - 1, max(1, rows * 2 // 5)))
    for_test = _fill(waiting, test, rows // 5)
    return _fill(waiting, train, rows), for_dev, for_test


def _fill(waiting: list[list[Seed]], seeds: int, rows: int) -> tuple[Seed, ...]:
    """Take rows off the front until a part has its seeds, or its share of the rows."""
    part: list[Seed] = []
    taken = 0
    while taken < len(waiting) and taken < rows and len(part) < seeds:
        part += waiting[taken]
        taken += 1
    del waiting[:taken]
    return tuple(part[:seeds])
