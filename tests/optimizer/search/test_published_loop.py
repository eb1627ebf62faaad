"""The published profiles as whole runs on the scripted model: each quirk does something that is not done without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.outcomes import NoAnswer, Outcome
from autoevol.agents.gateway.requests import Request, request_key
from autoevol.agents.method import WHOLE
from autoevol.agents.method_file import load_method
from autoevol.optimizer.record.quirks import switched
from tests.optimizer.search.rehearsal import Actors, Played, clauses_of, data, luck, play, rewritten

DEV = 12


def _search(**said: Any) -> dict[str, Any]:
    return {"steps": 1, "batch": 3, "candidates": 2, "dev": DEV, "test": 0, "least_dev": 5, **said}


async def _both(tmp_path: Path, actors: Actors, quirk: str, profile: str, **said: Any) -> tuple[Played, Played]:
    """The same run with a quirk of its profile, and without."""
    runs: list[Played] = []
    for name, quirks in (("with", ()), ("without", (f"-{quirk}",))):
        (tmp_path / name).mkdir()
        actors.asked = []
        runs.append(await play(tmp_path / name, actors, profile=profile, quirks=list(quirks), **said))
    return runs[0], runs[1]


def _told(run: Played, role: str) -> list[str]:
    return ["\n".join(turn.text for turn in request.turns) for request in run.asked if request.role == role]


# ---------------------------------------------------------------- analysis and proposals


async def test_texts_only_leaves_batches_unanswered_and_findings_untold(tmp_path: Path) -> None:
    """Off, the analyst sees answers, what fired and the score."""
    with_it, without = await _both(tmp_path, Actors({}), "texts-only", "paper", search=_search())

    assert (0, 3) == (with_it.calls("responder", "steps/000/batch"), without.calls("responder", "steps/000/batch"))
    for words in ('"response"', "paper-lost-key", '"score"'):
        assert (False, True) == (words in _told(with_it, "analyst")[0], words in _told(without, "analyst")[0])


async def test_feedback_is_free_text_and_kept_in_the_record(tmp_path: Path) -> None:
    """Off, it has the form of findings; both go into a whole new method."""
    actors = Actors({0: 0}, analyses={0: "Case 2 was not made harder."})
    with_it, _ = await _both(tmp_path, actors, "same-conversation", "official-code", search=_search(candidates=1))
    quirks = ["-free-feedback", "-same-conversation"]
    found = await play(_folder(tmp_path), Actors({0: 0}), profile="paper", quirks=quirks[:1], search=_search())

    assert "Case 2 was not made harder." == with_it.candidate(0, 1)["feedback"]
    assert [] == with_it.candidate(0, 1)["findings"]
    assert "feedback" not in found.candidate(0, 1)
    assert "Name every number." == found.candidate(0, 1)["findings"][0]["rule"]
    assert "Name every number." in _told(found, "refiner")[0]


async def test_a_candidate_is_a_whole_text_or_a_list_of_clauses(tmp_path: Path) -> None:
    """Off, the refiner edits clauses by free feedback; both become the best method, are applied and load again."""
    with_it, without = await _both(tmp_path, Actors({0: 0}), "whole-method", "paper", search=_search(candidates=1))

    for run, control, clauses in ((with_it, WHOLE, ("\n".join(clauses_of(0)),)), (without, "", clauses_of(0))):
        best = load_method(str(run.folder / "method.md"))
        assert (control, clauses, best.id) == (best.control, best.clauses, run.decision(0)["accepted"])
        assert (best.id, 40) == (run.status["applied_method"], run.status["rows_out"])
    assert "problem: a number is missing" in _told(without, "refiner")[0]


async def test_the_refiner_goes_on_in_the_analysts_conversation(tmp_path: Path) -> None:
    """Off, it sees the feedback alone."""
    with_it, without = await _both(
        tmp_path, Actors({}), "same-conversation", "official-code", search=_search(candidates=1)
    )

    (analyst,), (refiner,), (alone,) = (
        [request.turns for request in run.asked if request.role == role]
        for run, role in ((with_it, "analyst"), (with_it, "refiner"), (without, "refiner"))
    )
    assert (analyst, "assistant") == (refiner[:2], refiner[2].speaker)
    assert ["system", "user"] == [turn.speaker for turn in alone]
    assert (True, False) == ("CASES" in refiner[1].text, any("CASES" in turn.text for turn in alone))


async def test_nobody_is_told_what_was_tried(tmp_path: Path) -> None:
    """The quirk can be had in our own profile, too."""
    runs: list[Played] = []
    for name, quirks in (("with", ["+no-history"]), ("without", [])):
        (tmp_path / name).mkdir()
        runs.append(await play(tmp_path / name, Actors({}), quirks=quirks, search=_search(steps=2, candidates=1)))

    second = [(_told(run, "analyst")[1], _told(run, "refiner")[1]) for run in runs]
    assert [(False, False), (True, True)] == [
        ("results lacked" in analyst, "results lacked" in refiner) for analyst, refiner in second
    ]


async def test_unchecked_a_copy_of_the_method_is_tried(tmp_path: Path) -> None:
    """And kept for a tie of the old method with itself in any case; off, it costs no call."""
    same = rewritten(["1. Work in one more condition of grade 10.", "2. End by asking for one figure, and keep the "
                      "people of the story."])  # fmt: skip
    with_it, without = await _both(tmp_path, Actors({0: same, 1: same}), "unchecked", "paper", search=_search())

    assert ([], 3) == (with_it.candidate(0, 1)["problems"], len(with_it.decision(0)["standings"]))
    assert 0 == with_it.calls("evolver", "steps/000/dev/c1/"), "the same question was answered for the incumbent"
    assert ["it says the same as the incumbent"] == without.candidate(0, 1)["problems"]
    assert "Kept the incumbent: no proposal passed the checks." == without.decision(0)["reason"]


async def test_a_text_of_any_size_is_not_tried_even_unchecked(tmp_path: Path) -> None:
    """The size of a method bounds the cost of everything after it."""
    endless = f"<method>\n{'harder ' * 1001}\n</method>"

    run = await play(tmp_path, Actors({0: endless}), profile="paper", search=_search(candidates=1))

    assert ["it is about 1001 words long, at most 1000 are allowed"] == run.candidate(0, 1)["problems"]


async def test_the_old_method_stands_in_for_what_could_not_be_read(tmp_path: Path) -> None:
    """With its reason on record, and no call for it; off, there is no candidate."""
    proposals: dict[int, int | str | Outcome] = {0: "I will not.", 1: NoAnswer("", "content_filter")}
    with_it, without = await _both(
        tmp_path, Actors(proposals), "old-for-unreadable", "official-code", search=_search(), apply=False
    )

    reasons = [["the proposal was unreadable"], ["the refiner gave nothing: content_filter"]]
    for run in (with_it, without):
        assert reasons == [run.candidate(0, number)["problems"] for number in (1, 2)]
    assert [with_it.start.id] * 3 == [row["method_id"] for row in with_it.decision(0)["standings"]]
    assert with_it.start.id == with_it.candidate(0, 1)["stand_in"]
    assert (None, 0) == (with_it.decision(0)["accepted"], with_it.calls("evolver", "steps/000/dev/c1/"))
    assert ["incumbent"] == [row["label"] for row in without.decision(0)["standings"]]
    assert "0 changes of the method" in with_it.story


async def test_an_analysis_without_a_word_leaves_the_old_method_too(tmp_path: Path) -> None:
    """As in the code; the refiner is not asked."""
    actors = Actors({}, analyses={0: "…"})

    run = await play(tmp_path, actors, profile="official-code", search=_search(candidates=1), apply=False)

    assert (0, ["the analysis was unreadable"]) == (run.calls("refiner"), run.candidate(0, 1)["problems"])
    assert run.start.id == run.candidate(0, 1)["stand_in"]


# ---------------------------------------------------------------- what is a failure


@pytest.mark.parametrize(
    ("quirks", "answer", "failed"),
    [
        ([], "I'm sorry, which one?", False),
        (["+code-rules"], "I'm sorry, which one?", True),
        (["-paper-rules", "+code-rules"], "Sure, which one?", True),
        ([], "Sure, which one?", True),
        (["-paper-rules"], "Sure, it is 7.", True),
        ([], "Sure, it is 7.", False),
    ],
)
async def test_who_says_what_a_failure_is(tmp_path: Path, quirks: list[str], answer: str, *, failed: bool) -> None:
    """The paper's rules, the code's, both; or the gates of our own, for which a copy of the seed is one."""
    actors = Actors({}, answer=lambda _: answer, evolved=lambda request: f"<evolved>{data(request)}</evolved>")

    run = await play(tmp_path, actors, profile="paper", quirks=quirks, search=_search(candidates=1), apply=False)

    figures = run.decision(0)["standings"][0]["figures"]
    assert float(failed) == figures["failure_rate"]


async def test_what_a_failed_call_lost_is_a_row_and_in_no_figure(tmp_path: Path) -> None:
    """Law 3 binds: the reason is there. Off, the denominator is all of dev."""

    def evolved(request: Request) -> str | Outcome:
        if luck(data(request)) % 3 == 0:
            return NoAnswer("", "content_filter")
        return f"<evolved>Many boxes: {data(request)}</evolved>"

    said: dict[str, Any] = {"search": _search(candidates=1), "apply": False}
    with_it, without = await _both(tmp_path, Actors({}, evolved=evolved), "survivors", "official-code", **said)

    rows = with_it.rows("steps/000/incumbent.jsonl")
    lost = [row for row in rows if row["fault"] == "content_filter"]
    assert 0 < len(lost) < DEV == len(rows)
    assert [{"failed"}] * len(lost) == [{finding["kind"] for finding in row["findings"]} for row in lost]
    survived, all_of_dev = (run.decision(0)["standings"][0]["figures"] for run in (with_it, without))
    assert (1.0, DEV - len(lost)) == (survived["success_rate"], survived["survivors"])
    assert 1 - len(lost) / DEV == pytest.approx(all_of_dev["success_rate"])


# ---------------------------------------------------------------- decision and items


async def test_the_observed_rate_decides_where_evidence_would_not(tmp_path: Path) -> None:
    """Off, five items are too little, whatever they show."""
    said: dict[str, Any] = {"search": _search(dev=5, least_dev=6), "start": 10}
    with_it, without = await _both(tmp_path, Actors({0: 5, 1: 5}), "observed-rate", "paper", **said)

    assert ("c1", False) == (with_it.decision(0)["label"], with_it.decision(0)["undecidable"])
    assert (None, True) == (without.decision(0)["label"], without.decision(0)["undecidable"])


async def test_candidates_alone_compete_where_the_paper_is_read_by_the_letter(tmp_path: Path) -> None:
    """A worse method replaces the incumbent; by default it never does."""
    runs: list[Played] = []
    for name, quirks in (("with", ["+candidates-only"]), ("without", [])):
        (tmp_path / name).mkdir()
        actors = Actors({0: 10, 1: 10})
        runs.append(await play(tmp_path / name, actors, start=0, profile="paper", quirks=quirks, search=_search()))

    assert ["c1", None] == [run.decision(0)["label"] for run in runs]
    assert runs[0].decision(0)["reason"].endswith("The incumbent did not compete.")


async def test_what_test_does_not_confirm_is_applied_as_the_publications_do(tmp_path: Path) -> None:
    """Off, the starting method is."""
    said: dict[str, Any] = {"search": _search(candidates=1, test=8), "start": 10}
    with_it, without = await _both(tmp_path, Actors({0: 0}, on_test=0), "apply-unconfirmed", "paper", **said)

    assert [with_it.decision(0)["accepted"], without.start.id] == [
        run.status["applied_method"] for run in (with_it, without)
    ]


@pytest.mark.parametrize(
    ("profile", "quirks", "different", "shared"),
    [
        ("paper", [], DEV, False),
        ("official-code", [], 3 * DEV, True),
        ("official-code", ["-dev-overlaps-train"], DEV, False),
        ("official-code", ["-rolling-dev", "+fixed-dev"], DEV, True),
    ],
)
async def test_dev_items_of_the_steps(
    tmp_path: Path, profile: str, quirks: list[str], different: int, *, shared: bool
) -> None:
    """How many different ones three steps decide on, and whether some are from the seeds of train."""
    search = _search(steps=3, candidates=1, batch=1, patience=None)
    run = await play(tmp_path, Actors({}), profile=profile, quirks=quirks, seeds=60, search=search, apply=False)

    seen = [{row["seed_id"] for row in run.rows(f"steps/{step:03d}/incumbent.jsonl")} for step in range(3)]
    held_out = {row["seed_id"] for row in (await _held_out(tmp_path, search)).rows("steps/000/incumbent.jsonl")}
    assert different == len(set[str]().union(*seen))
    assert shared == (not set[str]().union(*seen) <= held_out)


async def test_batches_in_turn_repeat_no_seed(tmp_path: Path) -> None:
    """Off, a later batch may draw the same seeds again; of the held-out ones only where the pool is shared."""
    said: dict[str, Any] = {"search": _search(steps=6, candidates=1, batch=6), "apply": False}
    with_it, without = await _both(tmp_path, Actors({}), "batches-in-turn", "official-code", **said)

    different = [
        len({row["seed_id"] for step in range(6) for row in run.rows(f"steps/{step:03d}/batch.jsonl")})
        for run in (with_it, without)
    ]
    assert 36 == different[0] > different[1]


# ---------------------------------------------------------------- whole runs, side by side


@pytest.mark.parametrize("profile", ["recommended", "paper", "official-code"])
async def test_a_whole_run_of_a_profile_goes_from_seeds_to_data(tmp_path: Path, profile: str) -> None:
    """Steps, a method that is better, a confirmation on seeds that nothing was chosen by, every seed a row."""
    search = {"steps": 3, "batch": 4, "candidates": 2, "dev": 20, "test": 16, "least_dev": 5}
    proposals: dict[int, int | str | Outcome] = {0: 5, 1: 0, 2: "nothing to propose", 3: 8, 4: 0, 5: 3}

    run = await play(tmp_path, Actors(proposals), profile=profile, seeds=100, search=search)

    assert ("c2", "confirmed") == (run.decision(0)["label"], run.status["confirmation"])
    assert {"recommended": 3, "paper": 2, "official-code": 3}[profile] == run.status["steps_done"]
    assert (100, 100) == (run.status["rows_in"], run.status["rows_out"])
    tested = {row["seed_id"] for row in run.rows("test/start.jsonl")}
    looked_at = {
        row["seed_id"]
        for step in range(run.status["steps_done"])
        for name in ("batch", "incumbent")
        for row in run.rows(f"steps/{step:03d}/{name}.jsonl")
    }
    assert (16, set[str]()) == (len(tested), tested & looked_at)
    best = load_method(str(run.folder / "method.md"))
    assert ("" if profile == "recommended" else WHOLE) == best.control
    assert switched(profile, ()) or profile == "recommended"  # type: ignore[arg-type]


async def test_equal_questions_have_one_key_in_every_profile(tmp_path: Path) -> None:
    """The same split, the same starting method in the same contract: a journal that is reused answers them."""
    keys: dict[str, dict[str, set[str]]] = {}
    for profile in ("recommended", "paper", "official-code"):
        (tmp_path / profile).mkdir()
        run = await play(tmp_path / profile, Actors({}), profile=profile, search=_search(test=4), apply=False)
        keys[profile] = {
            stage: {request_key(request) for request in run.asked
                    if request.role == "evolver" and request.place.startswith(stage)}
            for stage in ("steps/000/batch", "steps/000/dev/incumbent", "test/start")
        }  # fmt: skip

    ours, paper, code = (keys[profile] for profile in ("recommended", "paper", "official-code"))
    assert ours == paper
    assert DEV == len(ours["steps/000/dev/incumbent"])
    assert 0 < len(set[str]().union(*ours.values()) & set[str]().union(*code.values()))


async def _held_out(tmp_path: Path, search: dict[str, Any]) -> Played:
    """The plain run on the same seeds, whose incumbent meets the held-out items."""
    said: dict[str, Any] = {"profile": "paper", "seeds": 60, "search": {**search, "steps": 1}, "apply": False}
    return await play(_folder(tmp_path), Actors({}), **said)


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    return folder
