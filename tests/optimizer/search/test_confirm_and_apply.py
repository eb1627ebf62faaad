"""After the search: what the test split confirms, what is applied, rounds, and counts that add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.outcomes import NoAnswer
from autoevol.agents.gateway.requests import Request
from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.record.settings import SeedSettings
from tests.optimizer.search.rehearsal import Actors, Played, data, luck, play


def _search(**said: Any) -> dict[str, Any]:
    return {"steps": 1, "batch": 3, "candidates": 2, "dev": 14, "test": 0, "least_dev": 5, **said}


# ---------------------------------------------------------------- confirmation


async def test_what_the_test_does_not_confirm_is_not_applied(tmp_path: Path) -> None:
    """The candidate was better on dev alone; the starting method makes the data."""
    run = await play(tmp_path, Actors({0: 0}, on_test=10), search=_search(candidates=1, test=8))

    assert "c1" == run.decision(0)["label"]
    assert "not confirmed" == run.json("test/confirmation.json")["verdict"]
    assert "The starting method is applied." in run.story
    assert run.start.id == run.status["applied_method"]
    made = [*run.rows("dataset.jsonl"), *run.rows("dropped.jsonl")]
    assert 40 == len(made)
    assert {run.start.id} >= {row["provenance"]["method_id"] for row in run.rows("dataset.jsonl")}


@pytest.mark.parametrize(("profile", "unconfirmed"), [("recommended", True), ("paper", False)])
async def test_it_is_applied_all_the_same_where_the_person_or_the_paper_says_so(
    tmp_path: Path, profile: str, unconfirmed: bool
) -> None:
    """And the reason says that it was not confirmed."""
    search = _search(candidates=1, test=8, **({"apply_unconfirmed": True} if unconfirmed else {}))

    # The starting grade for everybody on test; identity is answered well and must not win by chance.
    run = await play(tmp_path, Actors({0: 0}, on_test=0), start=10, profile=profile, search=search)

    assert "not confirmed" == run.status["confirmation"]
    assert run.decision(0)["accepted"] == run.status["applied_method"]
    assert "applied all the same" in run.story


async def test_a_method_that_is_better_on_test_is_confirmed(tmp_path: Path) -> None:
    """Start, best, what people designed and both controls are scored on the same test seeds, once."""
    run = await play(tmp_path, Actors({0: 0}), search=_search(candidates=1, test=8))

    confirmation = run.json("test/confirmation.json")
    assert "confirmed" == confirmation["verdict"]
    assert {"start": 8, "best": 8, "evol-instruct": 8, "identity": 8, "just-longer": 8} == {
        row["label"]: row["items"] for row in confirmation["standings"]
    }
    assert run.decision(0)["accepted"] == run.status["applied_method"]


async def test_a_search_that_may_believe_more_softens_no_test(tmp_path: Path) -> None:
    """Three items that are all won would do at a level of 90 %, and are no proof at 5 %."""
    run = await play(tmp_path, Actors({0: 0}), search=_search(candidates=1, test=3, alpha=0.9))

    assert "c1" == run.decision(0)["label"]
    assert "not confirmed" == run.status["confirmation"]


@pytest.mark.parametrize("control", ["just-longer", "identity"])
async def test_a_control_that_wins_ends_the_run_without_data(tmp_path: Path, control: str) -> None:
    """A method that doing nothing or just more words beats is worth no data set, and the ending says so."""
    # By the published rules an unchanged text that is answered well is no failure.
    profile = "paper" if control == "identity" else "recommended"
    actors = Actors(longer=0 if control == "just-longer" else 10)

    run = await play(tmp_path, actors, profile=profile, search=_search(candidates=1, test=8))

    assert "a control wins" == run.status["confirmation"]
    assert f"The control '{control}' is better than the method" in run.story
    assert "Nothing was applied" in run.story
    assert not (run.folder / "dataset.jsonl").exists()
    assert 0 == run.calls("evolver", "apply")
    assert "applied_method" not in run.status


async def test_the_identity_control_asks_the_evolver_nothing(tmp_path: Path) -> None:
    """Only its answers cost calls, and under the recommended profile not even these: a copy stops at a gate."""
    for profile, answers in (("recommended", 0), ("paper", 8)):
        folder = tmp_path / profile
        folder.mkdir()
        run = await play(folder, Actors({0: 0}), profile=profile, search=_search(candidates=1, test=8))
        assert (0, answers) == (run.calls("evolver", "test/identity"), run.calls("responder", "test/identity"))
        assert 8 == run.calls("evolver", "test/just-longer")


async def test_without_a_test_split_the_best_is_applied_and_said_so(tmp_path: Path) -> None:
    """Nothing is scored then, not even the controls."""
    run = await play(tmp_path, Actors({0: 0}), search=_search(candidates=1, test=0))

    assert "no test split" == run.status["confirmation"]
    assert "There was no test split" in run.story
    assert 0 == run.calls("evolver", "test")
    assert run.decision(0)["accepted"] == run.status["applied_method"]


# ---------------------------------------------------------------- rounds and counts


async def test_rounds_evolve_what_the_round_before_made(tmp_path: Path) -> None:
    """Chained, each by a request of its own; the last text is answered, once."""

    def evolved(request: Request) -> str:
        return f"<evolved>{data(request)} And {luck(data(request)) % 90} more?</evolved>"

    run = await play(tmp_path, Actors(evolved=evolved), recipe="evolve", seeds=5, profile="paper", search={"rounds": 3})

    assert (15, 5) == (run.calls("evolver"), run.calls("responder"))
    rows = run.rows("dataset.jsonl")
    assert {3} == {row["provenance"]["rounds"] for row in rows}
    assert {3} == {row["instruction"].count("more?") for row in rows}
    texts = {data(request) for request in run.asked if request.role == "evolver"}
    assert {text + f" And {luck(text) % 90} more?" for text in texts} - texts == {row["instruction"] for row in rows}
    parents = {row["id"]: row["parent"] for row in run.rows("messages.jsonl")}
    assert "apply/all/seed-000001/r1/evolve/reply" == parents["apply/all/seed-000001/r2/evolve"]


async def test_a_round_that_fails_ends_its_seed(tmp_path: Path) -> None:
    """Nothing more is spent on it, and it is dropped with the reason."""
    run = await play(
        tmp_path, Actors(evolved=lambda request: "no tags"), recipe="evolve", seeds=4, search={"rounds": 3}
    )

    assert (4, 0, {"unreadable": 4}) == (run.calls("evolver"), run.calls("responder"), run.status["dropped"])


_TROUBLE: tuple[str | NoAnswer, ...] = (
    "no tags", "", "<evolved></evolved>", NoAnswer("", "content_filter"), NoAnswer("", "context_too_long")
)  # fmt: skip


def _troubled(request: Request) -> str | NoAnswer:
    number = luck(request.turns[-1].text) % 11
    if number < len(_TROUBLE):
        return _TROUBLE[number]
    text = data(request) if request.role == "evolver" else ""
    if number == 5:
        return f"<evolved>{text}</evolved>"
    return (
        f"<evolved>There are also {number + 8} boxes with 3 parts, a third lost. {text} How many in the end?</evolved>"
    )


@pytest.mark.parametrize("profile", ["recommended", "paper", "official-code"])
@pytest.mark.parametrize("salt", range(3))
async def test_every_seed_is_a_row_or_a_dropped_row(tmp_path: Path, profile: str, salt: int) -> None:
    """in = out + dropped, each once and in order, whatever the models do; rows of the file add up too."""
    source = tmp_path / "mixed.jsonl"
    good = [f'{{"instruction": "Load {salt}: count {n} and {n * 7} red balls of a box."}}' for n in range(25)]
    source.write_text("\n".join([*good, good[3], '{"instruction": ""}', "not json", ""]), encoding="utf-8")

    run = await play(tmp_path, Actors(evolved=_troubled, answer=_troubled), recipe="evolve", profile=profile,
                     source=source)  # fmt: skip

    data_ids = [row["provenance"]["seed_id"] for row in run.rows("dataset.jsonl")]
    dropped = run.rows("dropped.jsonl")
    _adds_up(run, data_ids, dropped)
    report = open_seeds(SeedSettings(source=str(source))).survey().report
    assert (28, 25, 1, 1, 1) == (report.read, report.good, report.duplicates, report.empty, report.malformed)
    assert all(row["reason"] for row in dropped)


def _adds_up(run: Played, data_ids: list[str], dropped: list[Any]) -> None:
    dropped_ids = [row["seed_id"] for row in dropped]
    reasons = [row["reason"] for row in dropped]
    assert [sorted(data_ids), sorted(dropped_ids)] == [data_ids, dropped_ids]
    assert [f"seed-{number:06d}" for number in range(1, 26)] == sorted([*data_ids, *dropped_ids])
    assert {reason: reasons.count(reason) for reason in reasons} == run.status["dropped"]
    assert (25, len(data_ids), 0) == (run.status["rows_in"], run.status["rows_out"], run.status["pending"])
    assert data_ids
    assert dropped_ids
