"""The loop step by step on the scripted model: what is accepted, what is kept, what is called, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.outcomes import Answer, NoAnswer, Outcome
from autoevol.agents.gateway.requests import Request
from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.record.settings import SeedSettings
from tests.optimizer.search.rehearsal import Actors, Played, clauses_of, data, luck, play, refined

DEV = 14


def _search(**said: Any) -> dict[str, Any]:
    return {"steps": 1, "batch": 3, "candidates": 2, "dev": DEV, "test": 0, "least_dev": 5, **said}


async def test_a_candidate_that_is_better_beyond_doubt_becomes_the_method(tmp_path: Path) -> None:
    """It is the incumbent of the next step, with what it has shown on dev, and is what is applied."""
    run = await play(tmp_path, Actors({1: 0}), search=_search(steps=2))

    first, second = run.decision(0), run.decision(1)
    assert ("c2", False) == (first["label"], first["undecidable"])
    assert first["reason"].startswith("c2 is better by 1.000")
    assert [first["accepted"], None] == [second["standings"][0]["method_id"], second["accepted"]]
    assert clauses_of(0, 1) == run.best()
    assert 0 == run.calls("evolver", "steps/001/dev/incumbent")
    assert (40, first["accepted"]) == (run.status["rows_in"], run.status["applied_method"])
    assert {first["accepted"]} == {row["provenance"]["method_id"] for row in run.rows("dataset.jsonl")}


@pytest.mark.parametrize("profile", ["recommended", "paper"])
@pytest.mark.parametrize("grade", [10, 0])
async def test_a_tie_keeps_the_incumbent(tmp_path: Path, profile: str, grade: int) -> None:
    """No better is not better, whether all failed or none."""
    run = await play(tmp_path, Actors({0: grade, 1: grade}), start=grade, profile=profile, search=_search())

    assert (None, None) == (run.decision(0)["accepted"], run.decision(0)["label"])
    assert run.start.clauses == run.best()
    assert run.start.id == run.status["applied_method"]


async def test_of_two_equals_the_earlier_is_taken(tmp_path: Path) -> None:
    """The paper is silent; an order that is written down is the same in every replay."""
    for profile in ("recommended", "paper"):
        folder = tmp_path / profile
        folder.mkdir()
        run = await play(folder, Actors({0: 0, 1: 0}), profile=profile, search=_search())
        assert "c1" == run.decision(0)["label"]


async def test_under_the_least_number_of_items_nothing_is_accepted(tmp_path: Path) -> None:
    """However good it looks; and the ending says so."""
    run = await play(tmp_path, Actors({0: 0, 1: 0}), search=_search(least_dev=DEV + 1))

    assert (None, True) == (run.decision(0)["accepted"], run.decision(0)["undecidable"])
    assert f"{DEV} dev items are too few to decide (at least {DEV + 1})" in run.story
    assert run.start.clauses == run.best()


async def test_what_is_no_proposal_is_kept_with_its_reason(tmp_path: Path) -> None:
    """After an analysis that is none the refiner is not asked, after a proposal that is none nothing on dev is."""
    actors = Actors(
        analyses={0: "all is well, I believe", 1: "<findings>\nnone\n</findings>", 2: NoAnswer("", "content_filter")},
        proposals={
            3: "I would write it shorter.",
            4: NoAnswer("", "empty"),
            5: Answer("", "<clauses>\n1. Cut", "length"),
        },
    )

    run = await play(tmp_path, actors, search=_search(candidates=6))

    assert [
        ["the analysis was unreadable"],
        ["the analyst found nothing to mend"],
        ["the analyst gave nothing: content_filter"],
        ["the proposal was unreadable"],
        ["the refiner gave nothing: empty"],
        ["the proposal was truncated"],
    ] == [run.candidate(0, number)["problems"] for number in range(1, 7)]
    assert (3, 0) == (run.calls("refiner"), run.calls("evolver", "steps/000/dev"))
    assert "Kept the incumbent: no proposal passed the checks." == run.decision(0)["reason"]
    unreadable = run.folder / "steps/000/candidates/4/unreadable.txt"
    assert "I would write it shorter." == unreadable.read_text(encoding="utf-8")
    assert 6 == len(run.rows("steps/000/analyses.jsonl"))


async def test_a_candidate_that_fails_the_checks_costs_no_call(tmp_path: Path) -> None:
    """The others race under their own numbers."""
    proposals: dict[int, int | str | Outcome] = {
        0: refined(clauses_of(10, 3)),
        1: refined(["Put it between <evolved> tags."]),
        2: 0,
    }

    run = await play(tmp_path, Actors(proposals), search=_search(candidates=3))

    assert ["it says the same as the incumbent"] == run.candidate(0, 1)["problems"]
    assert "clause 1 holds a tag or mark" in run.candidate(0, 2)["problems"][0]
    assert ["incumbent", "c3"] == [row["label"] for row in run.decision(0)["standings"]]
    assert [0, 0, DEV] == [run.calls("evolver", f"steps/000/dev/c{number}/") for number in (1, 2, 3)]
    assert "c3" == run.decision(0)["label"]
    assert (run.folder / "steps/000/candidates/1/method.md").exists()


async def test_a_candidate_that_is_clearly_worse_leaves_at_a_rung(tmp_path: Path) -> None:
    """It is asked no more, and the decision says where it left."""
    search = _search(dev=14, rungs=[6], candidates=2)

    run = await play(tmp_path, Actors({0: 10, 1: 0}), start=0, search=search)

    _, worse, equal = run.decision(0)["standings"]
    assert (6, 6, None, 14) == (worse["dropped_at"], worse["items"], equal["dropped_at"], equal["items"])
    assert 6 == run.calls("evolver", "steps/000/dev/c1/")


async def test_the_judge_is_heard(tmp_path: Path) -> None:
    """Half of the score of an item is what the judge says, and who is not asked says nothing."""
    actors = Actors({0: 0})

    judged = await play(tmp_path, actors, search=_search(candidates=1))

    assert DEV == judged.calls("judge", "steps/000/dev/c1/")
    assert 0 == judged.calls("judge", "steps/000/dev/incumbent/"), "what a gate stops is not judged"
    assert {"evolved"} == {row["verdict"]["harder"] for row in judged.rows("steps/000/candidates/1/dev.jsonl")}


async def test_later_steps_are_told_what_was_tried(tmp_path: Path) -> None:
    """Why, and what came of it."""
    run = await play(tmp_path, Actors({}), search=_search(steps=2, candidates=1))

    first, second = (request for request in run.asked if request.role == "analyst")
    assert "results lacked something" not in "".join(turn.text for turn in first.turns)
    assert "results lacked something" in "".join(turn.text for turn in second.turns)


@pytest.mark.parametrize(("patience", "steps"), [(2, 3), (None, 5)])
async def test_the_search_stops_after_steps_without_change(tmp_path: Path, patience: int | None, steps: int) -> None:
    """Counted from the last change."""
    run = await play(tmp_path, Actors({0: 0}), search=_search(steps=5, candidates=1, patience=patience, alpha=0.5))

    assert (steps, "c1") == (run.status["steps_done"], run.decision(0)["label"])


async def test_the_search_leaves_what_applying_needs(tmp_path: Path) -> None:
    """A cap that another step would eat into stops the search, not the run."""
    run = await play(tmp_path, Actors({}), search=_search(steps=9, patience=None), budget={"calls": 300})

    assert 1 <= run.status["steps_done"] < 9
    assert "the rest of the calls budget is kept" in run.status["search_stopped"]
    assert 40 == run.status["rows_in"]


# ---------------------------------------------------------------- the published profiles


async def test_paper_takes_the_lowest_failure_rate_and_stops_when_it_no_longer_falls(tmp_path: Path) -> None:
    """Auto Evol-Instruct, eq. 2 and section 3.3."""
    actors = Actors({0: 5, 1: 2, 2: 8, 3: 2, 4: 5, 5: 8})

    run = await play(tmp_path, actors, profile="paper", search=_search(steps=5, candidates=3, dev=20, patience=1))

    rates = [row["figures"]["failure_rate"] for row in run.decision(0)["standings"]]
    assert 1.0 == rates[0]
    assert ("c2", min(rates)) == (run.decision(0)["label"], rates[2])
    assert (2, None) == (run.status["steps_done"], run.decision(1)["accepted"])
    assert "the last step changed nothing" == run.status["search_stopped"]
    assert rates[2] == run.decision(1)["standings"][0]["figures"]["failure_rate"]


async def test_paper_makes_the_calls_that_the_paper_counts(tmp_path: Path) -> None:
    """A step: batch + m analyses + m refinements + m x dev x (evolve + answer); the incumbent's dev once for all."""
    batch, candidates, dev = 3, 2, 12
    actors = Actors({0: 5, 1: 8, 2: 0, 3: 5})
    search = _search(batch=batch, candidates=candidates, dev=dev, steps=2)

    run = await play(tmp_path, actors, profile="paper", search=search, apply=False)

    step = batch + 2 * candidates + candidates * dev * 2
    assert ["c1", "c1"] == [run.decision(number)["label"] for number in (0, 1)]
    assert 2 * step + dev * 2 == len(run.asked)
    assert 0 == run.calls("judge")


async def test_paper_counts_what_is_unreadable_as_a_failure(tmp_path: Path) -> None:
    """The denominator is all of dev (docs/profiles.md)."""

    def evolved(request: Request) -> str:
        return "no tags" if luck(data(request)) % 2 else f"<evolved>Two more. {data(request)}</evolved>"

    run = await play(tmp_path, Actors({}, evolved=evolved), profile="paper", search=_search(candidates=1))

    (standing, *_) = run.decision(0)["standings"]
    assert 0 < standing["findings"]["unreadable"] < DEV
    assert standing["findings"]["unreadable"] / DEV == pytest.approx(standing["figures"]["failure_rate"])


def _wordy(grade: str, words: int) -> Actors:
    """A candidate of a grade whose responses are so long, against a start of short ones."""

    def answer(request: Request) -> str:
        text = request.turns[-1].text
        if "some boxes" in text:
            return "Could you please provide the missing number?"
        return "word " * (words if "By" in text else 5)

    def evolved(request: Request) -> str:
        told, text = request.turns[0].text, data(request)
        candidate = f"grade {grade}" in told
        lacking = candidate and grade != "0" and luck(text) % 10 < int(grade)
        return f"<evolved>{'By' if candidate else 'So'} {'some' if lacking else 'many'} boxes: {text}</evolved>"

    return Actors({0: int(grade)}, answer=answer, evolved=evolved)


@pytest.mark.parametrize(
    ("grade", "words", "accepted"),
    [("0", 9, True), ("0", 5, True), ("0", 4, False), ("5", 90, False)],
)
async def test_official_code_wants_success_and_length_both_no_worse(
    tmp_path: Path, grade: str, words: int, accepted: bool
) -> None:
    """Longer answers win at the same success and never pay for less of it; a tie is taken, as in the code."""
    search = _search(candidates=1)

    run = await play(tmp_path, _wordy(grade, words), start=7, profile="official-code", search=search, apply=False)

    assert ("c1" if accepted else None) == run.decision(0)["label"]
    old, new = (row["figures"] for row in run.decision(0)["standings"])
    assert old["score"] == pytest.approx(old["success_rate"] * old["length_ratio"])
    assert accepted == (new["success_rate"] >= old["success_rate"] and new["score"] >= old["score"])


async def test_official_code_decides_on_another_slice_in_each_step(tmp_path: Path) -> None:
    """And scores the incumbent anew on it; no slice holds a seed of the test split."""
    search = _search(steps=3, candidates=1, dev=8, test=6)

    run = await play(tmp_path, Actors({}), profile="official-code", search=search, apply=False)

    slices = [[row["seed_id"] for row in run.rows(f"steps/{step:03d}/incumbent.jsonl")] for step in range(3)]
    seen = [seed for part in slices for seed in part]
    tested = {row["seed_id"] for row in run.rows("test/start.jsonl")}
    assert (24, 24) == (len(seen), len(set(seen)))
    assert set() == tested & set(seen)
    for step in range(3):
        assert slices[step] == [row["seed_id"] for row in run.rows(f"steps/{step:03d}/candidates/1/dev.jsonl")]


@pytest.mark.parametrize("profile", ["recommended", "paper", "official-code"])
@pytest.mark.parametrize("seeds", [1, 2, 3])
async def test_a_handful_of_seeds_is_a_run_too(tmp_path: Path, profile: str, seeds: int) -> None:
    """Parts of the split may be empty then; every seed is still evolved."""
    run = await play(tmp_path, Actors({0: 0}), profile=profile, seeds=seeds, search=_search(test=5))

    assert seeds == run.status["rows_in"]
    assert seeds > 1 or profile == "official-code" or run.decision(0)["undecidable"]


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
    search = _search(candidates=1, test=8, apply_unconfirmed=unconfirmed)

    # The starting grade for everybody on test; identity is answered well and must not win by chance.
    run = await play(tmp_path, Actors({0: 0}, on_test=0), start=10, profile=profile, search=search)

    assert "not confirmed" == run.status["confirmation"]
    assert run.decision(0)["accepted"] == run.status["applied_method"]
    assert "applied all the same" in run.story


async def test_a_method_that_is_better_on_test_is_confirmed(tmp_path: Path) -> None:
    """Start, best and both controls are scored on the same test seeds, once."""
    run = await play(tmp_path, Actors({0: 0}), search=_search(candidates=1, test=8))

    confirmation = run.json("test/confirmation.json")
    assert "confirmed" == confirmation["verdict"]
    assert {"start": 8, "best": 8, "identity": 8, "just-longer": 8} == {
        row["label"]: row["items"] for row in confirmation["standings"]
    }
    assert run.decision(0)["accepted"] == run.status["applied_method"]


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
