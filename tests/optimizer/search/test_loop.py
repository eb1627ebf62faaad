"""The loop step by step on the scripted model: what is accepted, what is kept, what is called, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.outcomes import Answer, NoAnswer, Outcome
from autoevol.agents.gateway.requests import Request
from tests.optimizer.search.rehearsal import Actors, clauses_of, data, luck, play, refined

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
    """However good it looks; and the ending says so. No later step would know more, so none is paid for."""
    run = await play(tmp_path, Actors({0: 0, 1: 0}), search=_search(steps=3, least_dev=DEV + 1))

    assert (None, True) == (run.decision(0)["accepted"], run.decision(0)["undecidable"])
    assert f"{DEV} dev items are too few to decide (at least {DEV + 1})" in run.story
    assert (1, "there are too few dev seeds to decide on") == (run.status["steps_done"], run.status["search_stopped"])
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
    """It is asked no more, and the decision says where it left; the other goes on to be tested."""
    search = _search(dev=14, rungs=[3], candidates=2)

    run = await play(tmp_path, Actors({0: 10, 1: 0}), start=8, search=search)

    _, worse, better = run.decision(0)["standings"]
    assert (3, 3, None, 14) == (worse["dropped_at"], worse["items"], better["dropped_at"], better["items"])
    assert 3 == run.calls("evolver", "steps/000/dev/c1/")
    assert ("c2", 11) == (run.decision(0)["label"], run.decision(0)["n"])


async def test_the_judge_is_heard(tmp_path: Path) -> None:
    """In both orders, and now and then once more; who is not asked says nothing."""
    actors = Actors({0: 0})

    judged = await play(tmp_path, actors, search=_search(candidates=1))

    rows = judged.rows("steps/000/candidates/1/dev.jsonl")
    again = sum("again" in row for row in rows)
    assert 0 < again < DEV
    assert 2 * DEV + again == judged.calls("judge", "steps/000/dev/c1/")
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
    search = _search(steps=5, candidates=1, patience=patience, regret=None, alpha=0.5)

    run = await play(tmp_path, Actors({0: 0}), search=search)

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
    """Parts of the split may be empty then; every seed is still evolved. Without dev no step is begun."""
    run = await play(tmp_path, Actors({0: 0}), profile=profile, seeds=seeds, search=_search(test=5))

    assert seeds == run.status["rows_in"]
    nothing = "there are no dev seeds to decide on"
    assert (seeds == 1 and profile != "official-code") == (run.status["search_stopped"] == nothing)
    assert run.start.clauses == run.best() or run.status["search_stopped"] != nothing
