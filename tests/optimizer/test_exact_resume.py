"""A run that is killed, stopped by a cap or a deadline, or cut off by an outage, ends as one that nothing befell.

Real processes, real SIGKILL at named moments, the simulated provider as a process of its own. `python -m
benchmarks.resume` does the same at many more points.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from benchmarks.resume.folders import differences, records_of
from benchmarks.resume.mortal import Fate, nursery
from benchmarks.resume.trials import Stage, Whole

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A provider, and somebody who runs commands."""
    home = tmp_path_factory.mktemp("resume")
    with start_provider(ProviderSettings()) as provider, nursery(home) as runs:
        yield Stage(home, provider, runs)


@pytest.fixture(scope="module")
def few(stage: Stage) -> Whole:
    """A run with judge, sandbox, agreement, student and embeddings, a few of each, that nothing befell."""
    return stage.whole("few")


def test_the_run_to_compare_with_has_every_part_of_the_course(few: Whole) -> None:
    """A course without programs, refused rows, candidates and every role would prove little."""
    roles = {call["role"] for call in few.records["calls"]}
    points = list(few.records["decisions"])

    assert {"evolver", "responder", "analyst", "refiner", "judge", "student", "embedder"} == roles
    assert any(point.startswith("ran/") for point in points)
    assert "steps/001/go" in points
    assert few.records["status"]["rows_out"] > 0
    assert len(few.records["status"]["dropped"]) > 1
    assert "judge.json" in few.records
    assert any(name.endswith("/dev.jsonl") for name in few.records)


@pytest.mark.parametrize(
    ("moment", "share"),
    [("answered", 0.2), ("event", 0.6), ("torn", 0.9), ("file", 0.6)],
)
def test_a_run_killed_at_any_moment_ends_the_same(stage: Stage, few: Whole, moment: str, share: float) -> None:
    """Every file, decision and finished call; only what was lost is asked again."""
    fate = Fate(moment, max(1, int(few.moments[moment] * share)))

    assert [] == stage.killed(few, [fate])


def test_a_run_killed_again_and_again_ends_the_same(stage: Stage, few: Whole) -> None:
    """Also right after the event of its own resumption."""
    calls = few.moments["sent"]
    fates = [Fate("answered", calls // 5), Fate("event", 1), Fate("sent", calls // 6), Fate("journaled", calls // 4)]

    assert [] == stage.killed(few, fates)


def test_a_run_that_met_its_caps_ends_the_same_without_them(stage: Stage) -> None:
    """Stopped in the search and in the end; each cap is said on resume, and kept."""
    whole = stage.whole("one-step")
    calls = whole.moments["sent"]

    assert [] == stage.stopped(whole, [f"{calls // 6}calls", f"{calls * 9 // 10}calls"])


def test_a_run_that_met_its_deadline_ends_the_same_with_more_time(stage: Stage, few: Whole) -> None:
    """Minutes count over all sessions."""
    assert [] == stage.stopped(few, ["0.001min", "0.002min"])


def test_a_run_whose_provider_was_gone_for_too_long_ends_the_same(stage: Stage, few: Whole) -> None:
    """No item is blamed for the outage."""
    assert [] == stage.cut_off(few, Fate("journaled", few.moments["journaled"] // 2))


@pytest.mark.parametrize("course", ["official-code", "compare"])
def test_every_strategy_and_recipe_resumes_exactly(stage: Stage, course: str) -> None:
    """Some of them accept a candidate."""
    whole = stage.whole(course)
    found = [json.loads(content) for name, content in whole.records.items() if name.endswith("/decision.json")]

    assert [] == stage.killed(whole, [Fate("journaled", whole.moments["journaled"] // 2)])
    assert course != "official-code" or any(decision["accepted"] for decision in found)


def test_recipes_in_a_row_killed_in_each_of_them_end_the_same(stage: Stage) -> None:
    """In each of the first three, and while a selector chooses among the rows of the last one."""
    whole = stage.whole("make")
    status, rows = whole.records["status"], whole.moments["row"]
    fates = [Fate("answered", whole.moments["answered"] * share // 100) for share in (10, 40, 35)]

    places = ["1-evol-instruct", "2-auto-evol", "3-reflection", "4-ifd", "5-dedup"]

    assert places == [part["place"] for part in status["parts"]]
    assert [] == stage.killed(whole, [*fates, Fate("row", rows - 3)])


def test_a_finished_run_resumed_asks_nothing_and_rebuilds_its_files(stage: Stage, few: Whole, tmp_path: Path) -> None:
    """Settings, journal and events are the truth."""
    run = tmp_path / "again"
    shutil.copytree(few.run, run)
    for path in run.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in {"settings.json", "journal.sqlite", "events.jsonl"}:
            path.unlink()

    ended = stage.resumed(run)

    assert (0, 0) == (ended.code, ended.moments.get("sent", 0))
    assert [] == differences(few.records, records_of(run))
