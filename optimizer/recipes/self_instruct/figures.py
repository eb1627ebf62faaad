"""How varied the rows are: root verbs and objects, nearness to the seed tasks, lengths (Self-Instruct, section 3.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .admission import Admitted
from .roots import root_of
from .words import words_of

__all__ = ["Figures"]

_VERBS, _THINGS = 20, 4  # as in the published sunburst
_BINS = 10
_KEPT = 20_000  # different pairs of verb and object that are counted; beyond it new ones are only summed up
_LENGTHS = 2_000  # words from which on lengths are one


class Figures:
    """Counts over the tasks and rows that were kept. Memory: bounded."""

    def __init__(self) -> None:
        self._roots: Counter[tuple[str, str]] = Counter()
        self._tasks = self._rows = self._with_input = self._classifications = self._beyond = 0
        self._seed_bins, self._pool_bins = [0] * _BINS, [0] * _BINS
        self._seed_sum = 0.0
        self._lengths: dict[str, Counter[int]] = {name: Counter() for name in ("instruction", "input", "output")}

    def add_task(self, new: Admitted, classification: bool | None) -> None:
        """A task that gave a row at least."""
        self._tasks += 1
        self._classifications += bool(classification)
        self._seed_bins[_bin(new.nearest_seed[1])] += 1
        self._pool_bins[_bin(new.nearest[1])] += 1
        self._seed_sum += new.nearest_seed[1]
        self._length("instruction", new.instruction)
        root = root_of(new.instruction)
        if root in self._roots or len(self._roots) < _KEPT:
            self._roots[root] += 1
        else:
            self._beyond += 1

    def add_row(self, given: str, response: str) -> None:
        """A row of a task."""
        self._rows += 1
        self._with_input += bool(given)
        if given:
            self._length("input", given)
        self._length("output", response)

    def _length(self, name: str, text: str) -> None:
        self._lengths[name][min(_LENGTHS, len(words_of(text)))] += 1

    @property
    def as_row(self) -> Mapping[str, Any]:
        """Ready for JSON. Bins of ROUGE-L are [0, 0.1), [0.1, 0.2), … [0.9, 1]."""
        verbs: Counter[str] = Counter()
        for root, count in self._roots.items():
            verbs[root[0]] += count
        found = {root: count for root, count in self._roots.items() if root[0]}
        return {
            "tasks": self._tasks,
            "rows": self._rows,
            "rows_with_input": self._with_input,
            "classifications": self._classifications,
            "rouge_l_to_nearest_seed": {
                "mean": round(self._seed_sum / max(1, self._tasks), 4),
                "bins": self._seed_bins,
            },
            "rouge_l_to_nearest_before": {"bins": self._pool_bins},
            "words": {name: _spread(lengths) for name, lengths in self._lengths.items()},
            "roots": {
                "found_in": sum(found.values()),
                "different_verbs": len({verb for verb, _ in found}),
                "different_pairs": sum(1 for _, thing in found if thing),
                "not_counted": self._beyond,
                "top": [
                    {"verb": verb, "count": count, "objects": self._objects(verb)}
                    for verb, count in sorted(verbs.items(), key=lambda each: (-each[1], each[0]))
                    if verb
                ][:_VERBS],
            },
        }

    @property
    def _mean(self) -> float:
        return self._seed_sum / max(1, self._tasks)

    @property
    def line(self) -> str:
        """In one line, for the story."""
        verbs = len({verb for verb, _ in self._roots if verb})
        return (
            f"{self._tasks:,} tasks with {verbs:,} different root verbs; ROUGE-L to the nearest seed task"
            f" {self._mean:.2f} in the mean (figures.json)."
        )

    def _objects(self, verb: str) -> dict[str, int]:
        mine = [(thing, count) for (each, thing), count in self._roots.items() if each == verb and thing]
        return dict(sorted(mine, key=lambda each: (-each[1], each[0]))[:_THINGS])


def _bin(score: float) -> int:
    return min(_BINS - 1, int(score * _BINS))


def _spread(lengths: Counter[int]) -> dict[str, float]:
    """Mean and quantiles of lengths."""
    total = lengths.total()
    if not total:
        return {}
    ordered = sorted(lengths.items())
    mean = sum(length * count for length, count in ordered) / total
    return {"mean": round(mean, 1), **{f"p{q}": _quantile(ordered, total * q / 100) for q in (10, 50, 90)}}


def _quantile(ordered: list[tuple[int, int]], place: float) -> int:
    seen = 0
    for length, count in ordered:
        seen += count
        if seen >= place:
            return length
    return ordered[-1][0]
