"""What is measured in the worlds, each as rows of a table."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from autoevol.optimizer.scoring.statistics import compare_paired, paired

from .nature import WORLDS, World
from .rivals import BOUNDS, SHAPES, draw_differences
from .searches import Course, Searcher, everyone_on_everything, in_world, profile
from .weighed import CHOICES

__all__ = ["MEASURES", "Table"]

Table = list[Sequence[str]]
"""Rows of cells; the first is the head."""

_ITEMS = 420  # of a world: the held-out pool, and some that the batches are said to come from
_NEAR = 0.03
_TEN = {"patience": None, "regret": None}
_HEAD = ["accepted methods truly better", "runs with a false acceptance", "ends with the best of all proposed",
         f"… or within {_NEAR}", "true gain", "calls", "steps"]  # fmt: skip


def searches(repetitions: int) -> list[tuple[str, Table]]:
    """Every profile as it is shipped, and plain full evaluation, in every world where something is better."""
    tables: list[tuple[str, Table]] = []
    for world in ("as published", "rare and large", "often and small", "noisy judge"):
        rows: Table = [["search", *_HEAD]]
        for name, searcher, items in _contenders():
            rows.append([name, *_row(in_world(searcher, WORLDS[world], items, repetitions))])
        tables.append((f"Whole searches, world '{world}'", rows))
    return tables


def equal(repetitions: int) -> list[tuple[str, Table]]:
    """Against plain full evaluation, ten steps each: at the same calls, and at the same share of best endings."""
    tables: list[tuple[str, Table]] = []
    for world in ("as published", "rare and large"):
        ours = in_world(profile("recommended", **_TEN), WORLDS[world], _ITEMS, repetitions)
        rows: Table = [["search", *_HEAD], ["recommended, ten steps", *_row(ours)]]
        per_item = 4 * (10 * 5 + 1)
        same = round((_calls(ours) - 10 * 20) / per_item)
        sizes = [same, *(size for size in (100, 150, 200, 300, 400, 600, 800) if size > same)]
        for items in sizes:
            theirs = in_world(everyone_on_everything(items), WORLDS[world], max(items, _ITEMS), repetitions)
            label = f"full evaluation on {items}" + (" (equal calls)" if items == same else "")
            reached = _best(theirs) >= _best(ours)
            rows.append([label + (" (equal truth)" if reached else ""), *_row(theirs)])
            if reached:
                break
        tables.append((f"At equal calls and at equal truth, world '{world}'", rows))
    return tables


def nothing(repetitions: int) -> list[tuple[str, Table]]:
    """False acceptances where nothing is better: at most 5 % of the runs may have one."""
    rows: Table = [["search", "world", "runs with a false acceptance", "true gain", "calls", "steps"]]
    for world in ("nothing differs", "nothing is better"):
        for name, searcher, items in _contenders():
            courses = in_world(searcher, WORLDS[world], items, repetitions)
            _, false, _, _, gain, calls, steps = _row(courses)
            rows.append([name, world, false, gain, calls, steps])
    return [("False acceptances where nothing is better", rows)]


def intervals(repetitions: int) -> list[tuple[str, Table]]:
    """How often intervals hold the truth; 95 % ones should in 93 to 97 % of the cases."""
    rows: Table = [["interval", "of", "items", "nominal", "holds the truth", "below it", "above it"]]
    for world in ("as published", "noisy judge"):
        for items in (50, 100, 200):
            bca, bound = _fixed_intervals(world, items, repetitions * 5)
            what = f"a candidate against its parent, '{world}'"
            rows.append(["BCa, for reading", what, str(items), "95 %", *_coverage(bca)])
            rows.append(["the one that decides, at 95 %", what, str(items), "95 %", *_coverage(bound)])
    accepted: list[tuple[float, float]] = []
    for world in ("as published", "nothing differs"):
        courses = in_world(profile("recommended", **_TEN), WORLDS[world], _ITEMS + 100, repetitions)
        tested = [(low, high, gain) for c in courses for _, low, high, gain, _ in c.decided]
        sides = [2 * level for c in courses for *_, level in c.decided]
        nominal = f"{100 * (1 - float(np.mean(sides))):.2f} %" if sides else "–"
        rows.append(["the one that decided", f"tested leaders, '{world}'", "96 to 304", nominal, *_coverage(tested)])
        ended = [found for number, c in enumerate(courses) if (found := _on_test(world, number, c))]
        if len(ended) > repetitions // 2:
            rows.append(["BCa, for reading", f"chosen method on test, '{world}'", "100", "95 %", *_coverage(ended)])
            accepted = [(shown, gain) for c in courses for shown, low, _, gain, _ in c.decided if low > 0]
    flattered: Table = [["accepted", "gain that was shown", "true gain"]]
    shown, true = (f"{float(np.mean(part)):+.3f}" for part in zip(*accepted, strict=True))
    flattered.append([f"{len(accepted)} leaders, 'as published'", shown, true])
    return [("Intervals", rows), ("What an accepted gain is worth", flattered)]


def bounds(repetitions: int) -> list[tuple[str, Table]]:
    """Lower bounds of a mean difference: how often one is above 0 where the truth is 0, as a multiple of its level."""
    rows: Table = [["differences", "items", "level", *BOUNDS]]
    times = repetitions * 20
    for shape in SHAPES:
        for items in (30, 96, 300):
            rng = np.random.default_rng((items, len(shape)))
            drawn = [draw_differences(shape, items, rng) for _ in range(times)]
            for level in (0.05, 0.005):
                wrong = [sum(bound(each, level) > 0 for each in drawn) / times / level for bound in BOUNDS.values()]
                rows.append([shape, str(items), f"{100 * level:g} %", *(f"{part:.1f}" for part in wrong)])
    power: Table = [["true gain", "items", "level", *BOUNDS]]
    for gain, items in ((0.05, 304), (0.08, 152), (0.08, 304), (0.12, 100)):
        rng = np.random.default_rng((items, 7))
        drawn = [_shifted(gain, items, rng) for _ in range(repetitions * 5)]
        found = [np.mean([bound(each, 0.005) > 0 for each in drawn]) for bound in BOUNDS.values()]
        power.append([f"{gain:+.2f}", str(items), "0.5 %", *(_percent(float(share)) for share in found)])
    return [("Wrong lower bounds, as a multiple of the level", rows), ("Gains that are proven", power)]


def choices(repetitions: int) -> list[tuple[str, Table]]:
    """The rules with one thing changed at a time, ten steps each."""
    rows: Table = [["rule", *_HEAD]]
    for name, searcher in CHOICES.items():
        rows.append([name, *_row(in_world(searcher, WORLDS["as published"], _items_for(name), repetitions))])
    rows.append(["(and where nothing differs:)", *[""] * len(_HEAD)])
    for name, searcher in CHOICES.items():
        rows.append([name, *_row(in_world(searcher, WORLDS["nothing differs"], _items_for(name), repetitions))])
    return [("What was weighed, world 'as published'", rows)]


MEASURES: dict[str, Callable[[int], list[tuple[str, Table]]]] = {
    "searches": searches, "equal": equal, "nothing": nothing, "intervals": intervals, "bounds": bounds,
    "choices": choices,
}  # fmt: skip


# ---------------------------------------------------------------- parts


def _items_for(choice: str) -> int:
    return 2 * _ITEMS if choice.startswith("800") else _ITEMS


def _contenders() -> list[tuple[str, Searcher, int]]:
    return [
        ("`recommended`", profile("recommended"), _ITEMS),
        ("`recommended`, all ten steps", profile("recommended", **_TEN), _ITEMS),
        ("`paper`", profile("paper"), _ITEMS),
        ("`paper`, all ten steps", profile("paper", patience=None), _ITEMS),
        ("`official-code`", profile("official-code"), 620),
        ("full evaluation on 80, ten steps", everyone_on_everything(80), _ITEMS),
        ("full evaluation on 200, ten steps", everyone_on_everything(200), _ITEMS),
    ]


def _row(courses: Sequence[Course]) -> list[str]:
    gains = [gain for course in courses for gain in course.gains]
    false = float(np.mean([any(gain <= 0 for gain in course.gains) for course in courses]))
    near = float(np.mean([course.found >= course.best - _NEAR for course in courses]))
    gain = float(np.mean([course.found - course.start for course in courses]))
    return [
        _percent(float(np.mean([gain > 0 for gain in gains]))) if gains else "none accepted",
        _percent(false), _percent(_best(courses)), _percent(near), f"{gain:+.3f}", f"{_calls(courses):,.0f}",
        f"{np.mean([course.steps for course in courses]):.1f}",
    ]  # fmt: skip


def _best(courses: Sequence[Course]) -> float:
    return float(np.mean([course.found >= course.best - 1e-9 for course in courses]))


def _calls(courses: Sequence[Course]) -> float:
    return float(np.mean([course.calls for course in courses]))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _coverage(found: Sequence[tuple[float, float, float]]) -> list[str]:
    below = float(np.mean([high < truth for _, high, truth in found]))
    above = float(np.mean([low > truth for low, _, truth in found]))
    return [_percent(1 - below - above), _percent(below), _percent(above)]


def _fixed_intervals(
    world: str, items: int, times: int
) -> tuple[list[tuple[float, float, float]], list[tuple[float, float, float]]]:
    """Intervals of one child each, on so many items that chose nothing."""
    bca: list[tuple[float, float, float]] = []
    bound: list[tuple[float, float, float]] = []
    for number in range(times):
        drawn = World(WORLDS[world], items, np.random.default_rng((3, number, items)))
        child = drawn.child(drawn.start)
        old, new, truth = drawn.start.scores.tolist(), child.scores.tolist(), child.quality - drawn.start.quality
        shown = compare_paired(old, new, alpha=0.05, margin=0.0, rng=random.Random(number))
        bca.append((shown.low, shown.high, truth))
        found = paired(old, new)
        bound.append((found.low(0.025), found.high(0.025), truth))
    return bca, bound


def _on_test(world: str, number: int, course: Course) -> tuple[float, float, float] | None:
    """The BCa interval of the chosen method on 100 items that no step looked at; None where the start was kept."""
    if course.ended is None or not course.gains:
        return None
    start = World(WORLDS[world], _ITEMS + 100, np.random.default_rng((1, number))).start
    old, new = start.scores[_ITEMS:].tolist(), course.ended.scores[_ITEMS:].tolist()
    shown = compare_paired(old, new, alpha=0.05, margin=0.0, rng=random.Random(number))
    return shown.low, shown.high, course.found - course.start


def _shifted(gain: float, items: int, rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Differences alike on both sides, but for a share of the ties that became full wins."""
    differences = draw_differences("alike on both sides", items, rng)
    return np.where(rng.random(items) < gain / 0.9, np.maximum(differences, 0) + (differences <= 0) * 0.9, differences)
