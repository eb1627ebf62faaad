"""Sides held together: paired by item, each against the first, under addresses that can be kept."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from autoevol.optimizer.live.addresses import Asked, address, read_address
from autoevol.optimizer.live.opinions import Refused, label_item
from autoevol.optimizer.live.sides import Held, Side, came_to, choices, hold_together
from autoevol.optimizer.live.views import sides_page
from autoevol.optimizer.record.by_hand import LABELS, read_by_hand
from autoevol.optimizer.scoring.ranking import holm
from tests.optimizer.pages.sample_run import write_run

GROUP = "steps/000/incumbent"


def _run(folder: Path, scores: Mapping[str, float | None]) -> Side:
    """A run whose incumbent has these scores, by the text of the seed."""
    write_run(folder)
    rows = [
        {"seed_id": f"{folder.name}-{place}", "stages": [seed, f"{seed}!"], "response": "r", "score": score}
        for place, (seed, score) in enumerate(scores.items())
    ]
    (folder / f"{GROUP}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return next(side for side in choices(folder) if side.group == GROUP)


def _held(root: Path, *sides: Mapping[str, float | None]) -> Held:
    return hold_together(root, [_run(root / f"run{place}", scores) for place, scores in enumerate(sides)])


def test_sides_are_paired_by_the_text_of_the_seed(tmp_path: Path) -> None:
    """Runs that number the same data in two ways meet; what one of them lacks is an open place, and is counted."""
    held = _held(
        tmp_path, {"s1": 0.0, "s2": 1.0, "s3": 0.5}, {"s3": 1.0, "s2": 1.0, "s9": 0.0}, {"s3": 0.0, "s1": None}
    )
    found = {pair.seed: pair.gains for pair in held.pairs}

    assert {"s3": (0.5, -0.5), "s2": (0.0, None), "s1": (None, None)} == found
    assert [(2, 1), (2, 0)] == [(other.shared, other.own) for other in held.others]
    assert [(3, 0.5), (3, 2 / 3), (1, 0.0)] == list(held.means)
    assert [(2, 1, 0, 1), (1, 0, 1, 0)] == [
        (duel.n, duel.wins, duel.losses, duel.ties) for other in held.others if (duel := other.duel)
    ]


@pytest.mark.parametrize(
    ("which", "seeds"),
    [("all", "abc"), ("differs", "ab"), ("won", "a"), ("lost", "b"), ("won-B", "a"), ("lost-B", ""), ("lost-C", "b"),
     ("won-F", "a")],
)  # fmt: skip
def test_a_filter_shows_who_won(tmp_path: Path, which: str, seeds: str) -> None:
    """Against the first side: anyone, or one of the others; a letter that nobody has means anyone."""
    held = _held(tmp_path, {"a": 0.0, "b": 1.0, "c": 1.0}, {"a": 1.0, "b": 1.0}, {"a": 0.0, "b": 0.0, "c": 1.0})

    assert seeds == "".join(sorted(pair.seed for pair in held.shown(which)))


def test_the_level_is_shared_by_all_comparisons_with_the_first(tmp_path: Path) -> None:
    """By Holm: a difference that would count alone is no claim beside five others without one."""
    base = {f"s{n}": 0.0 for n in range(40)}
    better = {seed: 1.0 if n < 8 else 0.0 for n, seed in enumerate(base)}
    (tmp_path / "alone").mkdir()
    alone = _held(tmp_path / "alone", base, better).others[0].duel
    many = [other.duel for other in _held(tmp_path, base, better, *([base] * 4)).others if other.duel]

    assert alone is not None
    assert ("B", alone.p) == (alone.better, alone.p_adjusted)
    assert holm([duel.p for duel in many]) == [duel.p_adjusted for duel in many]
    assert pytest.approx(5 * alone.p) == many[0].p_adjusted
    assert alone.p == many[0].p


def test_what_has_nothing_in_common_makes_no_claim(tmp_path: Path) -> None:
    """No item on both sides, or none with a score on both: the others do not pay for it."""
    held = _held(tmp_path, {"a": 1.0, "b": 0.0}, {"z": 1.0}, {"a": None}, {"a": 0.0, "b": 0.0})

    assert [None, None] == [other.duel for other in held.others[:2]]
    assert held.others[2].duel is not None
    assert held.others[2].duel.p == held.others[2].duel.p_adjusted
    page = _page(tmp_path, *held.sides)
    assert "no item in common" in page
    assert "after Holm" not in page
    assert "after Holm over the 2 comparisons" in _page(tmp_path, *held.sides, held.sides[3])


def test_methods_stand_clause_by_clause_against_the_first(tmp_path: Path) -> None:
    """The one that won against the one it came from, and the other way round."""
    write_run(tmp_path / "one")
    start, winner = (next(side for side in choices(tmp_path / "one") if side.group == group)
                     for group in (GROUP, "steps/000/candidates/1/dev"))  # fmt: skip
    held = hold_together(tmp_path, [start, winner, start])

    assert [["kept", "changed", "added"], ["kept", "kept"]] == [
        [change.kind for change in other.diff] for other in held.others
    ]


def _drawn(folder: Path, *rows: tuple[str, str | None, int, str, float | None]) -> Side:
    """A contestant of a comparison: set, evolver, draw, what came of the one seed, and its score."""
    write_run(folder)
    (folder / "compare").mkdir(exist_ok=True)
    lines = [
        {"set": name, "evolver": evolver, "draw": draw, "seed_id": "1", "stages": [f"seed of {name}", text],
         "response": "r", "score": score}
        for name, evolver, draw, text, score in rows
    ]  # fmt: skip
    (folder / "compare/one.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return next(side for side in choices(folder) if side.group == "compare/one")


def test_draws_are_averaged_and_evolvers_are_not(tmp_path: Path) -> None:
    """One item for all draws of the first evolver, with the texts of the first draw; the page says so."""
    side = _drawn(
        tmp_path / "one", ("a", "m<1>", 0, "a0", 0.0), ("a", "m<1>", 1, "a1", 1.0), ("a", "m<1>", 2, "a2", None),
        ("a", "m2", 0, "other", 0.0), ("b", "m<1>", 0, "b0", 1.0), ("b", "m2", 0, "other", 0.0),
    )  # fmt: skip
    held = hold_together(tmp_path, [side, side])
    page = _page(tmp_path, side, side)

    assert {"seed of a": ("a0", 0.5), "seed of b": ("b0", 1.0)} == {
        pair.seed: (item.stages[-1], item.score) for pair in held.pairs if (item := pair.examples[0])
    }
    assert ((2, 0.75),) * 2 == held.means
    assert 2 == page.count("means over 3 draws, texts those of the first; evolved by m&lt;1&gt;; the items by m2 are")
    assert ("", "") == _held(tmp_path / "plain", {"a": 1.0}, {"a": 1.0}).told


def test_a_verdict_is_about_the_texts_that_were_shown(tmp_path: Path) -> None:
    """Sets share ids: the texts on the page are found again by their sign, and are refused when they are gone."""
    folder = tmp_path / "one"
    side = _drawn(folder, ("a", None, 0, "a0", 0.0), ("b", None, 0, "b0", 1.0))
    signs = re.findall(r'data-item="1" data-sign="(\w+)"', _page(tmp_path, side, side))
    sent = {"group": "compare/one", "item": "1", "good": True}
    for sign in dict.fromkeys(signs):
        label_item(folder, {**sent, "sign": sign})

    assert {("compare/one/1", "a0"), ("compare/one/1#2", "b0")} == {
        (row["id"], row["evolved"]) for row in read_by_hand(folder, LABELS)
    }
    with pytest.raises(Refused, match="load the page again"):
        label_item(folder, {**sent, "sign": "0" * 16})


SIDES = (Side("a run", GROUP, ""), Side("b&c=d", "compare/x y#?", ""), Side("ü%2F", "test/best", ""))


@pytest.mark.parametrize("sides", [SIDES, SIDES * 2])
def test_an_address_holds_every_side(sides: Sequence[Side]) -> None:
    """Whatever their names are made of; and the filter and the page."""
    asked = read_address(address(sides, "won-C", 3).partition("?")[2])

    assert Asked(tuple((side.run, side.group) for side in sides), "won-C", 3) == asked


@pytest.mark.parametrize(
    ("query", "sides", "show", "page"),
    [
        ("left=a&left_of=steps/000/batch&right=b&right_of=test/best&show=left&page=1",
         (("a", "steps/000/batch"), ("b", "test/best")), "lost", 1),
        ("left=a&right=b&show=right", (("a", ""), ("b", "")), "won", 0),
        ("left=a", (("a", ""),), "differs", 0),
        ("side=a&side=/x&side=b/", (("a", ""), ("b", "")), "differs", 0),
        ("&".join(["side=a"] * 9), (("a", ""),) * 6, "differs", 0),
        ("side=a&side=b&show=won-C", (("a", ""), ("b", "")), "differs", 0),
        ("side=a&side=b&show=lost-B", (("a", ""), ("b", "")), "lost-B", 0),
        ("side=a&show=won-Z&page=99999999", (("a", ""),), "differs", 0),
        ("", (), "differs", 0),
    ],
)  # fmt: skip
def test_old_and_odd_addresses_are_read(query: str, sides: tuple[tuple[str, str], ...], show: str, page: int) -> None:
    """Two sides as pages linked them before; what makes no sense is left out."""
    assert Asked(sides, show, page) == read_address(query)


def test_a_run_alone_means_what_it_came_to(tmp_path: Path) -> None:
    """Its chosen method on the test, where it got so far."""
    (tmp_path / "one").mkdir()
    _run(tmp_path / "one", {"a": 1.0})
    (tmp_path / "one/test/best.jsonl").write_text('{"seed_id": "x", "stages": ["a", "b"]}\n', encoding="utf-8")
    page = sides_page(tmp_path, ["one"], read_address("side=one"))

    assert '<option value="test/best" selected>' in page
    assert "two sides or more" in page


def test_before_the_test_a_run_came_to_the_method_that_it_holds(tmp_path: Path) -> None:
    """The one accepted last, else the incumbent; the starting method of a test only where nothing was accepted."""
    run = write_run(tmp_path / "one")
    tested = Side("one", "test/start", "")
    before = [side for side in choices(run) if not side.group.startswith("test/")]
    start = next(side for side in before if side.group == GROUP)
    winner = next(side for side in before if "accepted" in side.name)

    assert winner == came_to(run, [tested, *before])
    assert start == came_to(run, [tested, start])
    (run / "steps/000/decision.json").unlink()
    assert tested == came_to(run, [tested, *before])


def test_of_a_comparison_a_contestant_is_chosen(tmp_path: Path) -> None:
    """None of them is what it came to: the place stays open, and nothing is said to be missing."""
    side = _drawn(tmp_path / "one", ("a", None, 0, "a0", 0.0))
    for part in ("steps", "test"):
        shutil.rmtree(tmp_path / "one" / part, ignore_errors=True)
    page = sides_page(tmp_path, ["one"], read_address("side=one&side=one/compare/one"))

    assert came_to(tmp_path / "one", [side]) is None
    assert 1 == page.count('<option value="compare/one" selected>')
    assert "Choose a run and a method" in page
    assert "is not there" not in page.partition('<main id="result"')[2].partition("</main>")[0]


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    """Names of runs and contestants, and texts of items."""
    name = "<img src=x onerror=alert(1)>"
    side = _run(tmp_path / name, {"</script><b>": 1.0})
    page = _page(tmp_path, side, side, side)

    assert "<img" not in page
    assert "&lt;/script&gt;&lt;b&gt;" in page


def _page(root: Path, *sides: Side) -> str:
    query = address(sides, "all").partition("?")[2]
    return sides_page(root, sorted(child.name for child in root.iterdir()), read_address(query))
