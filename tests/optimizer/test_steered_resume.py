"""A run that a person steers, killed and resumed, ends as the same run that nothing befell; and a branch repeats it.

Real processes and real SIGKILL, as in test_exact_resume.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from autoevol.agents.method import Method
from autoevol.agents.method_file import dump_method, load_method
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.events import read_events
from autoevol.optimizer.session import create_run
from autoevol.optimizer.steering.branch import branch
from autoevol.optimizer.steering.inbox import Inbox
from autoevol.optimizer.steering.wheel import EVENT
from autoevol.optimizer.steering.wishes import Wish, new_wish
from benchmarks.resume.courses import write_course
from benchmarks.resume.folders import differences, records_of
from benchmarks.resume.mortal import Ended, Fate, Nursery, nursery

pytestmark = pytest.mark.timeout(180)

OWN = Method(("Ask for one more step that uses a number of the text.", "Keep the people and the place."), name="mine")
SMALL: dict[str, Any] = {"student": False, "embedder": False, "detectors": [], "judge": False, "apply_limit": 2,
                         "search": {"candidates": 1, "test": 0}}  # fmt: skip
PINNED, OTHER = load_method("maths"), load_method("code")


@dataclass(frozen=True)
class Steered:
    """A folder of a run that is not begun, with its inbox; and the same run ended, with its records and moments."""

    begun: Path
    ended: Path
    runs: Nursery
    records: dict[str, Any]
    moments: dict[str, int]

    def resumed(self, folder: Path, fate: Fate | None = None) -> Ended:
        """Run it, or run it again."""
        return self.runs.run(["resume", folder, "--quiet"], fate)

    def copy(self, folder: Path) -> Path:
        """The run that is not begun, once more."""
        shutil.copytree(self.begun, folder)
        return folder


def wishes() -> list[Wish]:
    """One of each that changes the course, some of them not before the second step."""
    return [
        new_wish("edit", method=dump_method(OWN)),
        new_wish("pin", method=dump_method(PINNED)),
        new_wish("pin", method=dump_method(OTHER)),
        new_wish("note", text="Mind the units.", step=2),
        new_wish("ban", candidate=PINNED.id, step=2),
    ]


@pytest.fixture(scope="module")
def steered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steered]:
    """A run of two steps that a person steers."""
    home = tmp_path_factory.mktemp("steered")
    with start_provider(ProviderSettings()) as provider, nursery(home) as runs:
        begun = create_run(resolve(write_course(home / "few", "few", provider), SMALL), home / "begun")
        for wish in wishes():
            Inbox(begun).put(wish)
        ended = home / "ended"
        shutil.copytree(begun, ended)
        whole = runs.run(["resume", ended, "--quiet"])
        assert 0 == whole.code, whole.said
        yield Steered(begun, ended, runs, records_of(ended), dict(whole.moments))


def interventions(run: Path) -> list[tuple[str, str]]:
    """What was wished, and where it was taken up."""
    events = [event for event in read_events(run / "events.jsonl") if event["kind"] == EVENT]
    return [(event["wish"], event.get("point", "")) for event in events]


def test_the_run_to_compare_with_was_steered(steered: Steered) -> None:
    """Every wish was met at its point, and its trace is in the records."""
    first, second = "steps/000/begin", "steps/001/begin"
    raced = [json.loads(steered.records[f"steps/00{n}/decision.json"])["standings"] for n in (0, 1)]
    methods = [{row["method_id"] for row in rows} for rows in raced]

    assert [("edit", first), ("pin", first), ("pin", first), ("note", second), ("ban", second)] == interventions(
        steered.ended
    )
    assert {OWN.id, PINNED.id, OTHER.id} <= methods[0]
    assert OTHER.id in methods[1]
    assert PINNED.id not in methods[1]


@pytest.mark.parametrize(("moment", "share"), [("torn", 0.2), ("answered", 0.6)])
def test_a_steered_run_killed_at_any_moment_ends_the_same(
    steered: Steered, tmp_path: Path, moment: str, share: float
) -> None:
    """Also between the event of a wish and its effect, or while the event is written."""
    run = steered.copy(tmp_path / "run")

    killed = steered.resumed(run, Fate(moment, max(1, int(steered.moments[moment] * share))))
    ended = steered.resumed(run)

    assert (-9, 0) == (killed.code, ended.code), ended.said
    assert [] == differences(steered.records, records_of(run))


@pytest.mark.parametrize("event", [2, 5])
def test_a_run_killed_at_each_event_of_a_wish_ends_the_same(steered: Steered, tmp_path: Path, event: int) -> None:
    """The first events of the run are those of the wishes."""
    run = steered.copy(tmp_path / "run")

    steered.resumed(run, Fate("event", event))

    assert 0 == steered.resumed(run).code
    assert [] == differences(steered.records, records_of(run))


def test_a_wish_that_comes_after_a_death_waits_for_ground_that_is_new(steered: Steered, tmp_path: Path) -> None:
    """It changes nothing that was: the calls of the steps before are not made again."""
    run = steered.copy(tmp_path / "run")
    steered.resumed(run, Fate("journaled", int(steered.moments["journaled"] * 0.6)))
    before = [event["point"] for event in read_events(run / "events.jsonl") if event["kind"] == "decision"]
    passed = [point.removesuffix("/passed") for point in before if point.endswith("/passed")]
    Inbox(run).put(new_wish("note", text="Mind the dates."))

    ended = steered.resumed(run)

    assert 0 == ended.code, ended.said
    assert interventions(run)[-1][1] not in passed
    assert [] == list((run / "inbox").iterdir())


def test_a_branch_repeats_the_course_without_a_call_and_then_goes_its_own_way(steered: Steered) -> None:
    """Nothing of the first step is paid for; the wish is taken up after it."""
    new = branch(steered.ended, 1, "other")
    Inbox(new).put(new_wish("ban", candidate=OTHER.id))

    ended = steered.resumed(new)

    assert 0 == ended.code, ended.said
    assert ("ban", "steps/001/begin") == interventions(new)[-1]
    assert ended.moments["sent"] < 0.7 * steered.moments["sent"]
    first = [json.loads((run / "steps/000/decision.json").read_text(encoding="utf-8")) for run in (steered.ended, new)]
    assert first[0]["reason"] == first[1]["reason"]
    assert [row["mean"] for row in first[0]["standings"]] == [row["mean"] for row in first[1]["standings"]]
    assert (steered.ended / "steps/001/method.md").read_bytes() == (new / "steps/001/method.md").read_bytes()
    raced = json.loads((new / "steps/001/decision.json").read_text(encoding="utf-8"))["standings"]
    assert OTHER.id not in {row["method_id"] for row in raced}
