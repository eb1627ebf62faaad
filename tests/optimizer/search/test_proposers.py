"""Search strategies: what they order from what is known, and that a run of each is the same whenever it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.messages import Edit, MethodFinding
from autoevol.agents.method import Method, Origin
from autoevol.agents.method_file import load_method, parse_method
from autoevol.optimizer.search.proposers.auto_evol import AutoEvol, complement
from autoevol.optimizer.search.proposers.evolutionary import Evolutionary, levels, population
from autoevol.optimizer.search.proposers.field import Field, Tried
from tests.optimizer.search.rehearsal import Actors, Played, clauses_of, play

START = Method(("Start here.",), name="start")
A, B, C = (Method((f"Do {letter}.",), name=letter) for letter in "ABC")


def _row(method: Method, scores: Sequence[float], *, step: int = 0, gain: float = 0.0, high: float = 1.0,
         against: Method = START) -> Tried:  # fmt: skip
    named = {f"seed-{n}": score for n, score in enumerate(scores)}
    edit = None if method is against else Edit("w", method.clauses, gain, False, len(scores), gain - 1, high)
    return Tried(method, step, named, against.id, edit)


def _field(*rows: Tried, incumbent: Method = START) -> Field:
    return Field(START, incumbent, rows)


# ---------------------------------------------------------------- the loop of the paper


@pytest.mark.parametrize(
    ("candidates", "steps"),
    [
        (5, ["sbsbs", "bsbsM", "sbsbM", "bsbsM"]),
        (2, ["sb", "sM", "sb", "sM"]),
        (1, ["s", "M", "s", "M"]),
    ],
)
def test_small_and_bold_take_turns_and_a_merge_joins_from_the_second_step(candidates: int, steps: list[str]) -> None:
    """Where two candidates are all there are, both ways still come up."""
    field = _field(_row(START, [0, 1]), _row(A, [1, 0]))
    proposer = AutoEvol(candidates)

    assert steps[1:] == ["".join(_letter(o.operator) for o in proposer.orders(step, field)) for step in range(1, 4)]
    assert steps[0] == "".join(_letter(order.operator) for order in proposer.orders(0, _field()))
    merged = proposer.orders(1, field)[-1]
    assert (START, A) == merged.parents


def _letter(operator: str) -> str:
    return "M" if operator == "merge" else operator[0]


def test_the_published_loop_does_not_merge() -> None:
    """Merging is ours."""
    field = _field(_row(START, [0, 1]), _row(A, [1, 0]))

    assert {"small", "bold"} == {order.operator for order in AutoEvol(5, merging=False).orders(1, field)}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([_row(A, [0, 1, 1]), _row(B, [1, 1, 0])], B),
        ([_row(A, [1, 1, 0]), _row(B, [1, 1, 0])], A),
        ([_row(A, [1, 0, 0]), _row(B, [0, 1, 0])], A),
        ([_row(A, [0, 1, 1])], None),
        ([_row(A, [1, 1, 1], high=-0.1), _row(B, [1, 0, 0])], B),
        ([_row(A, [1, 1, 1], high=-0.1)], None),
        ([], None),
    ],
)
def test_the_partner_is_the_best_that_wins_where_the_incumbent_loses(rows: list[Tried], found: Method | None) -> None:
    """Not one that was proven worse, nor one that is only as good; of equals the earlier."""
    assert found == complement(_field(_row(START, [0, 1, 1]), *rows))


def test_a_former_incumbent_may_be_the_partner() -> None:
    """What it showed in any race counts, on the items that both met."""
    rows = (_row(START, [1, 0]), _row(A, [0, 1], gain=0.1), _row(A, [0, 1], step=1, against=A))

    assert START == complement(_field(*rows, incumbent=A))


def test_a_banned_method_has_no_children() -> None:
    """Neither as the partner of a merge nor in a population."""
    field = _field(_row(START, [0, 1, 1]), _row(A, [1, 1, 0]), _row(B, [1, 0, 0]))

    assert (A, B) == (complement(field), complement(field.barring([A.id])))
    assert A in population(field, 3)
    assert A not in population(field.barring([A.id]), 3)


# ---------------------------------------------------------------- the population


GAINS = st.lists(st.tuples(st.integers(0, 5), st.floats(-1, 1), st.integers(1, 200)), max_size=12)


def _bred(gains: Sequence[tuple[int, float, int]]) -> Field:
    methods = [START, *(Method((f"Do {n}.",)) for n in range(5))]
    rows = [_row(START, [0.5]), *(_row(methods[n], [0.5] * items, gain=gain) for n, gain, items in gains if n)]
    return _field(*rows)


@given(GAINS)
def test_levels_are_shrunken_gains(gains: list[tuple[int, float, int]]) -> None:
    """Never further from the incumbent than what was seen; the start is where levels count from."""
    field = _bred(gains)
    found = levels(field)

    assert 0.0 == found[START.id]
    for row in field.archive[1:]:
        of_method = [r.edit.gain or 0.0 for r in field.archive if r.method == row.method and r.edit]
        assert abs(found[row.method.id]) <= max(map(abs, of_method)) + 1e-12


def test_many_items_count_more_than_few() -> None:
    """A lucky handful does not lead; gains over a better incumbent start from its level."""
    lucky, sure = _row(A, [1.0] * 4, gain=0.5), _row(B, [1.0] * 100, gain=0.2)
    later = _row(C, [1.0] * 100, gain=0.1, step=1, against=B)

    found = levels(_field(_row(START, [0]), lucky, sure, later))

    assert found[A.id] < found[B.id] < found[C.id]
    assert found[C.id] == pytest.approx(0.3 * 100 / 110)


@given(GAINS, st.integers(2, 4), st.integers(0, 9), st.integers(0, 99))
def test_children_have_living_parents(gains: list[tuple[int, float, int]], size: int, step: int, run_seed: int) -> None:
    """The incumbent lives, whoever was proven worse has no children, and the same field gives the same orders."""
    field = _bred(gains)
    living = {method.id for method in population(field, size)}
    orders = Evolutionary(5, size, run_seed).orders(step, field)

    assert START.id in living
    assert len(living) <= size
    assert living >= {parent.id for order in orders for parent in order.parents}
    assert all((order.operator == "merge") == (len({p.id for p in order.parents}) == 2) for order in orders)
    assert orders == Evolutionary(5, size, run_seed).orders(step, field)


def test_a_population_of_one_mutates() -> None:
    """Before the first race there is only the start."""
    orders = Evolutionary(20, 6, 0).orders(0, _field())

    assert {(START,)} == {order.parents for order in orders}
    assert {"small", "bold"} == {order.operator for order in orders}


def test_the_proven_worse_die() -> None:
    """However the mean looks on all items that it met."""
    rows = (_row(START, [0] * 9), _row(A, [1] * 9, gain=0.9, high=-0.1), _row(B, [1] * 9, gain=0.2))

    assert (START, B) == population(_field(*rows), 6)


# ---------------------------------------------------------------- memory


def test_problems_that_come_back_are_counted_over_steps() -> None:
    """By the words of their names; what the last step no longer had is gone."""
    found = (
        (0, MethodFinding("not harder", ("a", "b"), "", "r1")),
        (0, MethodFinding("answer leaked", ("a",), "", "r")),
        (1, MethodFinding("text is not harder", ("c",), "", "r2")),
        (1, MethodFinding("Not harder", ("c", "d"), "", "r3")),
        (1, MethodFinding("drift", ("a", "b", "c", "d"), "", "r")),
    )

    known = replace(_field(), found=found).recurring(2)

    assert [("not harder", "r3", 2, 4), ("drift", "r", 1, 4)] == [(k.cluster, k.rule, k.steps, k.cases) for k in known]
    assert () == replace(_field(), found=found).recurring(3)
    assert () == _field().recurring(0)


# ---------------------------------------------------------------- whole runs


def _search(**said: Any) -> dict[str, Any]:
    return {"steps": 2, "batch": 3, "candidates": 3, "dev": 14, "test": 0, "least_dev": 5, **said}


def _told(run: Played, place: str) -> str:
    (request,) = [one for one in run.asked if one.place == place]
    return "\n".join(turn.text for turn in request.turns)


async def test_best_of_n_looks_at_no_results(tmp_path: Path) -> None:
    """No batch, no analyst; each refiner sees the start alone, also when something better was found."""
    run = await play(tmp_path, Actors({0: 2, 3: 0}), search=_search(strategy="best-of-n"))

    assert (0, 0, 6) == (run.calls("analyst"), run.calls("evolver", "steps/000/batch"), run.calls("refiner"))
    assert run.decision(0)["accepted"] is not None
    for step in (0, 1):
        told = _told(run, f"steps/{step:03d}/c1/refine")
        assert all(clause in told for clause in run.start.clauses)
        assert "FINDINGS" not in told
        assert "EDITS" not in told
    assert [run.start.id] == run.candidate(1, 1)["parents"]
    assert [] == run.rows("steps/000/batch.jsonl")


async def test_a_merge_shows_both_methods_from_the_second_step_on(tmp_path: Path) -> None:
    """A candidate that did better but was not accepted lives on in the merge."""
    run = await play(tmp_path, Actors({0: 2}), search=_search(alpha=1e-6))

    row = run.candidate(1, 3)
    told = _told(run, "steps/001/c3/refine")
    assert ("merge", [run.start.id, run.candidate(0, 1)["method_id"]]) == (row["operator"], row["parents"])
    assert f"A1. {run.start.clauses[0]}" in told
    assert f"B1. {clauses_of(2)[0]}" in told
    assert ["small", "bold"] == [run.candidate(0, number)["operator"] for number in (1, 2)]


async def test_the_record_says_what_was_edited_and_why(tmp_path: Path) -> None:
    """In the candidate's row, and in its method, clause by clause: finding, cases, reason."""
    edit = "<clauses>\nfinding: 1\ntext: Name each new number.\nclause: 2\nreason: numbers lack\n</clauses>"

    run = await play(tmp_path, Actors({0: edit}), search=_search(steps=1, candidates=1))

    row = run.candidate(0, 1)
    method = parse_method((run.folder / "steps/000/candidates/1/method.md").read_text(encoding="utf-8"), "m")
    batch = [seed["seed_id"] for seed in run.rows("steps/000/batch.jsonl")]
    assert [
        {"kind": "replace", "clause": 2, "text": "Name each new number.", "reason": "numbers lack", "findings": [1]}
    ] == row["edits"]
    kept, new = method.origins
    assert Origin(method=run.start.id) == kept
    assert (1, "small", "a number is missing", "numbers lack", method.id) == (
        new.step, new.operator, new.finding, new.reason, new.method,
    )  # fmt: skip
    assert set(new.cases) <= set(batch)
    assert 2 == len(new.cases)


async def test_kept_clauses_keep_their_origin_over_steps(tmp_path: Path) -> None:
    """The second step's method knows that its first clause came in with the first step."""
    first = "<clauses>\nfinding: 1\ntext: Let the story take a turn of grade 0.\nclause: 1\nreason: a\n</clauses>"
    second = "<clauses>\nfinding: 1\ntext: Name each new number.\nclause: 2\nreason: b\n</clauses>"

    run = await play(tmp_path, Actors({0: first, 2: second}), search=_search(candidates=2, alpha=0.5))

    assert "c1" == run.decision(0)["label"]
    method = parse_method((run.folder / "steps/001/candidates/1/method.md").read_text(encoding="utf-8"), "m")
    assert [(1, "a"), (2, "b")] == [(origin.step, origin.reason) for origin in method.origins]
    assert run.decision(0)["accepted"] == method.origins[0].method
    assert load_method(str(run.folder)).origins


async def test_what_an_edit_did_is_told_to_the_next_step(tmp_path: Path) -> None:
    """Gain with its interval and items, and the findings that became rarer."""
    run = await play(tmp_path, Actors({0: 0}), search=_search(alpha=1e-6, candidates=1))

    told = _told(run, "steps/001/c1/analyse")
    assert '"gain": 1.0' in told
    assert '"items": 14' in told
    assert '"rarer": ["asks-back -100%"]' in told
    assert '{"problem": "a number is missing", "steps": 1, "cases": 2}' in told


@pytest.mark.parametrize("strategy", ["auto-evol", "best-of-n", "evolutionary"])
async def test_a_strategy_makes_the_same_run_again(tmp_path: Path, strategy: str) -> None:
    """Byte for byte, with merges and changes of the method in it; all under the same budget and race."""
    told: list[Mapping[str, bytes]] = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        actors = Actors({1: 6, 4: 3, 6: 8, 7: 1})
        search = _search(strategy=strategy, steps=4, candidates=3, population=3, patience=None, alpha=0.5)
        run = await play(folder, actors, source=_seeds(tmp_path), search=search)
        files = sorted(path for path in (run.folder / "steps").rglob("*") if path.is_file())
        told.append({str(path.relative_to(run.folder)): path.read_bytes() for path in files})
        assert 3 * 4 == run.calls("refiner")
        assert any(run.decision(step)["accepted"] for step in range(4))

    assert told[0] == told[1]


def _seeds(folder: Path) -> Path:
    path = folder / "seeds.jsonl"
    rows = [f'{{"question": "Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many?"}}\n' for n in range(40)]
    path.write_text("".join(rows), encoding="utf-8")
    return path
