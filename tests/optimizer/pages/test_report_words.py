"""What the report says: of candidates, decisions, the test, rows, money and the method."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from autoevol.agents.method_file import dump_method
from autoevol.optimizer.pages import report as report_module
from tests.optimizer.pages.reading import page_of, words_of
from tests.optimizer.pages.sample_run import START, WINNER, change, without, write_calls


def test_every_candidate_is_there_with_what_became_of_it(run: Path) -> None:
    """Accepted, refused and unreadable ones, with their figures, reasons and changed clauses."""
    page = page_of(run)
    words = page.told

    assert "Step 1: Candidate 1 accepted" in words
    assert "Candidate 1 0.750 2 5 / 1 +0.500 +0.100 to +0.900 0.004 accepted" in words
    assert "Candidate 2 rejected before a call 1 clause added" in words
    assert "Why not: a text." in words
    assert "Candidate 3 no candidate came of it" in words
    assert "added: Put it between <evolved> tags." in words
    assert ("ins", {}) in page.elements


def test_a_candidate_that_left_early_says_when(run: Path) -> None:
    """Its score is on fewer items, and the page says so."""
    place = run / "steps/000/candidates/1/candidate.json"
    standing = json.loads(place.read_text(encoding="utf-8"))["standing"]
    change(place, standing={**standing, "dropped_at": 16})
    change(run / "steps/000/decision.json", accepted=None, label=None, reason="Kept the incumbent.")
    words = words_of(run)

    assert "It left the race after 16 items and was not scored further." in words
    assert "Kept the starting method: no candidate was shown to be better" in words


def test_what_the_race_took_and_could_have_brought_is_said(run: Path) -> None:
    """With the interval that decided, at its own level."""
    place = run / "steps/000/candidates/1/candidate.json"
    standing = json.loads(place.read_text(encoding="utf-8"))["standing"]
    change(place, standing={**standing, "figures": {**standing["figures"], "confidence": 0.9912}})
    change(run / "steps/000/decision.json", calls=1200, usd=0.5, plausible=0.0625)
    words = words_of(run)

    assert "The race took 1,200 calls for $0.5000. It could plausibly have gained +0.062 at most" in words
    assert "+0.100 to +0.900 (99.1 %) 0.004 accepted" in words


def test_a_way_back_is_told_where_it_was_taken_and_in_the_story(run: Path) -> None:
    """Back at the start nothing was chosen, whatever was accepted between."""
    back = {"method": START.id, "reason": "Went back to start: on 90 items that both have met it is better by 0.200."}
    change(run / "steps/000/decision.json", back=back)
    change(run / "test/confirmation.json", verdict="unchanged")
    words = words_of(run)

    assert "Went back to the starting method: what was accepted did not stay better" in words
    assert "Step 1: Candidate 1 accepted, then went back to an earlier one" in words
    assert f"After step 1: {back['reason']}" in words


@pytest.mark.parametrize(
    ("verdict", "headline"),
    [
        ("confirmed", "Found a better method, confirmed on seeds it had not seen"),
        ("not confirmed", "Chose a new method, but the test did not confirm it"),
        ("a control wins", "Nothing was applied: a control did better than the method"),
        ("no test split", "Chose a new method; it is not confirmed"),
    ],
)
def test_the_headline_says_what_the_test_said(run: Path, verdict: str, headline: str) -> None:
    """A change that was not confirmed is not called better."""
    change(run / "test/confirmation.json", verdict=verdict)

    assert headline in page_of(run).words


def test_an_unconfirmed_method_says_which_one_was_applied(run: Path) -> None:
    """The story and the section of the method name the starting method as the one that was used."""
    change(run / "test/confirmation.json", verdict="not confirmed")
    change(run / "status.json", applied_method=START.id)
    words = words_of(run)

    assert "That is not enough to say that it is better than the start; the starting method was applied." in words
    assert f"another one was applied: {START.id}" in words


def test_too_few_to_decide_is_said_first(run: Path) -> None:
    """A short run does not pretend to have compared anything."""
    reason = "Kept the incumbent: 2 dev items are too few to decide (at least 30)."
    change(run / "steps/000/decision.json", accepted=None, label=None, undecidable=True, reason=reason)
    (run / "method.md").write_text(dump_method(START), encoding="utf-8")
    words = words_of(run)

    assert "Kept the starting method: too few to decide" in words
    assert reason in words
    assert "the one that the run began with" in words


def test_a_stopped_run_says_why_and_how_to_go_on(run: Path) -> None:
    """The reason is there; the run's place on this machine is not."""
    change(run / "status.json", state="stopped", story=f"Stopped: {run}/journal.sqlite cannot be written.")
    words = words_of(run)

    assert "This run is not finished. Stopped: journal.sqlite cannot be written." in words
    assert "autoevol resume" in words


def test_a_run_without_a_search_has_no_steps(run: Path) -> None:
    """`evolve` applies one method; its page speaks of nothing else."""
    without(run / "steps")
    without(run / "test")
    change(run / "status.json", recipe="evolve", split={"train": 0, "dev": 0, "test": 0})
    page = page_of(run)

    assert "One method, applied to every seed" in page.words
    assert "#steps" not in page.values("href")
    assert "confirmation" not in page.words.casefold()


def test_counts_add_up(run: Path) -> None:
    """Rows read, seeds, proposals, rows made and rows dropped: each sum with its parts."""
    words = words_of(run)

    assert "Rows read from the seeds 9 5 good + 1 duplicates + 1 empty + 2 malformed yes" in words
    assert "Seeds they gave 5 2 train + 2 dev + 1 test yes" in words
    assert "Proposals asked for 3 1 accepted + 1 rejected before a call + 1 no candidate came of it yes" in words
    assert "Seeds to evolve 5 3 in the data set + 2 dropped yes" in words
    assert "Dropped rows 2 1 x + 1 y yes" in words


def test_what_the_student_needed_is_counted(run: Path) -> None:
    """How many seeds were made harder, kept, or made easier; nothing of it where no student was asked."""
    assert "evolved up" not in words_of(run)

    change(run / "status.json", aims={"down": 1, "up": 2})

    words = words_of(run)
    assert "The data set has 3 rows from 5 seeds (2 evolved up, 1 evolved down, by what the student needs)" in words
    assert "Rows of the data set, by what the student needs" in words


def test_counts_that_do_not_add_up_are_shown(run: Path) -> None:
    """A row that is in no file is missed."""
    lines = (run / "dataset.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (run / "dataset.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")

    assert "Seeds to evolve 5 2 in the data set + 2 dropped no: +1" in words_of(run)


def test_a_run_broken_off_while_applying_has_pending_rows(run: Path) -> None:
    """What is in no file yet is still to be done, and is counted as that."""
    lines = (run / "dataset.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (run / "dataset.jsonl").write_text(lines[0], encoding="utf-8")
    change(run / "status.json", state="stopped", phase="apply", rows_in=None, rows_out=None, dropped={}, pending=None)

    assert "Seeds to evolve 5 1 in the data set + 2 dropped + 2 pending yes" in words_of(run)


async def test_cost_is_told_by_role_and_stage(run: Path) -> None:
    """Calls, tokens and money of each, and their sum."""
    change(run / "settings.json", settings={"endpoints": {"default": {"base_url": "http://127.0.0.1:1/v1"}}})
    calls = [("evolver", "steps/000/dev", 0.25), ("evolver", "apply", 1.5), ("judge", "test", None)]
    await write_calls(run, calls)
    words = words_of(run)

    assert "evolver 2 0 20 0 10 0 $1.75" in words
    assert "judge 1 1 10 0 5 0 unknown price" in words
    assert "Step 1, race on dev 1 0 10 0 5 0 $0.2500" in words
    assert "All 3 1 30 0 15 0 $1.7500 and 1 call of unknown price" in words
    assert "Step 1 1 · $0.2500 – Confirmation on test – 1 · unknown price All seeds 1 · $1.50 –" in words


async def test_what_was_estimated_stands_beside_what_was_spent(run: Path) -> None:
    """By role and in all; a role without an estimate counts as well, and an unknown price stays unknown."""
    change(run / "settings.json", settings={"endpoints": {"default": {"base_url": "http://127.0.0.1:1/v1"}}})
    await write_calls(run, [("evolver", "steps/000/dev", 0.25), ("evolver", "apply", 1.5), ("judge", "test", None)])
    figures = {"calls": {"at_least": 1, "at_most": 4}, "tokens_in": {"expected": 30}, "tokens_out": {"expected": 20}}
    lines = [
        {"stage": stage, "role": "evolver", "usd": {"expected": 2.0, "at_most": 9.0}, **figures}
        for stage in ("test", "apply")
    ]
    (run / "estimate.json").write_text(json.dumps({"lines": lines}), encoding="utf-8")
    words = words_of(run)

    assert "evolver 2 8 2 25% 100 30 $4.00 $18.00 $1.75" in words
    assert "judge 0 0 1 – 0 15 $0.00 $0.00 unknown price" in words
    assert "All 2 8 3 38% 100 45 $4.00 $18.00 $1.7500 and 1 call of unknown price" in words


async def test_a_run_without_a_readable_estimate_has_no_such_table(run: Path) -> None:
    """It is said where the file is damaged, and the page is there all the same."""
    await write_calls(run, [("evolver", "apply", 0.5)])
    assert "Estimated before the run" not in words_of(run)
    (run / "estimate.json").write_text("[", encoding="utf-8")

    assert "estimate.json: it is not a JSON object." in words_of(run)


async def test_a_local_model_is_free(run: Path) -> None:
    """Nobody is told `$0.00` where no money was asked for."""
    await write_calls(run, [("evolver", "apply", 0.0)])

    assert "It took 1 call with 10 tokens in and 5 out. Cost: free." in words_of(run)


def test_good_and_bad_examples_are_the_winners(run: Path) -> None:
    """The examples of a run with a winner come from its own dev items, best and worst apart."""
    words = words_of(run)

    words = words[words.index("On dev, by Candidate 1 of step 1") :]
    assert words.index("Good") < words.index("seed-000003") < words.index("Bad") < words.index("seed-000002")


def test_the_method_is_shown_against_the_start(run: Path) -> None:
    """Clause by clause, with the words that are new."""
    page = page_of(run)
    words = page.told

    assert "changed: Add one more hidden calculation." in words
    assert "added: Keep the units." in words
    assert WINNER.clauses[0] in words


def test_the_menu_lies_above_what_scrolls_below_it() -> None:
    """The first columns and heads of tables stay in sight, too, and must not cover it; the skip link lies above all."""
    css = (Path(report_module.__file__).parent / "report.css").read_text(encoding="utf-8")
    layers = {name.strip(): int(layer) for name, layer in re.findall(r"(?m)^([^{}]+){[^}]*z-index: (\d+)", css)}

    assert {"nav", ".skip:focus"} == layers.keys() - {".pinned", ".matrix thead th"}
    assert layers[".skip:focus"] > layers["nav"] > max(layers[".pinned"], layers[".matrix thead th"])
