"""Who is told: nobody unless it is said; nobody who is missing; and never in the way of the run."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.requests import Decoding, Request
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.settings import Settings, TrackSettings
from autoevol.optimizer.tracking import courier, trackers
from autoevol.optimizer.tracking.courier import Courier
from autoevol.optimizer.tracking.figures import last_figures, params_of, steps_of
from autoevol.optimizer.tracking.news import CallEnded, News, StepDecided
from autoevol.optimizer.tracking.notes import Notes
from autoevol.optimizer.tracking.to_wandb import check_login
from autoevol.optimizer.tracking.trackers import check_trackers
from tests.optimizer.pages.sample_run import WINNER, change, write_run

CALL = CallEnded(0, Request("e", "m", (), Decoding(1)), Answer("k", ""))


class Slow:
    """A tracker that hears nothing before it may."""

    def __init__(self, may: threading.Event, sends: int = 0) -> None:
        self.may = may
        self.heard: list[News] = []
        self.sent: list[bool] = []
        self.failing = sends

    def hear(self, news: News) -> None:
        """Keep it."""
        assert self.may.wait(20)
        self.heard.append(news)

    def send(self, *, last: bool) -> None:
        """Fail as often as was said."""
        self.sent.append(last)
        if self.failing:
            self.failing -= 1
            raise OSError("refused Bearer abcdefgh12345678")


def _end(one: Courier) -> None:
    one.finish()
    one.wait(10**9)


def test_what_is_too_much_is_dropped_and_counted_and_the_rest_stays_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls alone: steps are few and all of them count."""
    monkeypatch.setattr(courier, "_MOST_WAITING", 3)
    may, lines = threading.Event(), list[str]()
    tracker = Slow(may)
    one = Courier("X", lambda: tracker, lines.append)
    step = StepDecided(0, "", 0)
    for _ in range(50):
        one.bring(CALL)
    one.bring(step)
    may.set()
    _end(one)

    assert step == tracker.heard[-1]
    assert 3 <= len(tracker.heard) <= 6
    assert [f"X is too slow: it was not told of {51 - len(tracker.heard)} calls."] == lines
    assert True is tracker.sent[-1]


@pytest.mark.parametrize("mends", [True, False])
def test_a_failing_tracker_is_told_of_once_without_keys(mends: bool) -> None:
    """And in the end it is said whether a resume helps."""
    may, lines = threading.Event(), list[str]()
    may.set()
    one = Courier("X", lambda: Slow(may, sends=9), lines.append, mends=mends)
    one.bring(CALL)
    _end(one)

    assert 2 == len(lines)
    assert "OSError" in lines[0]
    assert "abcdefgh" not in lines[0]
    assert mends == ("Resume" in lines[1])


def test_a_tracker_that_cannot_be_made_is_told_of() -> None:
    """Its library may fail in any way."""
    lines: list[str] = []

    def broken() -> Slow:
        raise RuntimeError("no backend")

    one = Courier("X", broken, lines.append)
    one.bring(CALL)
    _end(one)

    assert "no backend" in lines[0]


def test_nobody_waits_longer_than_was_said() -> None:
    """A tracker that hangs does not hold up the end."""
    may, lines = threading.Event(), list[str]()
    one = Courier("X", lambda: Slow(may), lines.append)
    one.bring(CALL)
    one.finish()
    one.wait(0.0)
    may.set()

    assert ["X takes too long to hear the rest of this run. Resume the run to bring it."] == lines


def test_off_costs_nothing() -> None:
    """No thread, no library, nothing for the gateway to call."""
    code = (
        "import sys, threading; from pathlib import Path; from autoevol.optimizer.session import Trackers;"
        "from autoevol.optimizer.record.settings import Settings, TrackSettings;"
        "t = Trackers(TrackSettings(), Settings(), Path('.'), print); t.begin(); t.step('', 0); t.part(0, 'x');"
        "t.close(); assert t.on_call is None; assert threading.active_count() == 1;"
        "print([m for m in ('mlflow', 'wandb', 'opentelemetry') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50)

    assert "[]" == said.stdout.strip()


@pytest.mark.parametrize(("name", "value"), [("mlflow", True), ("wandb", "offline"), ("otel", "http://127.0.0.1:4318")])
def test_what_is_missing_is_said_before_anything_is_spent(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    """With the extra that brings it."""

    def find(_name: str) -> None:
        return None

    monkeypatch.setattr(trackers, "find_spec", find)
    with pytest.raises(UsageError, match=f"track.{name} is on") as raised:
        check_trackers(TrackSettings.model_validate({name: value}))

    assert f"autoevol[{name}]" in str(raised.value.fix)


@pytest.mark.parametrize("address", ["http://me:secret@host/", "https://token@host", "", "  "])
def test_an_address_with_a_secret_is_refused(tmp_path: Path, address: str) -> None:
    """Settings are written down; and what is blank says nothing."""
    said = {"endpoints": {"default": {"local": "smollm2-135m"}}, "track": {"mlflow": address}}
    with pytest.raises(UsageError, match=r"mlflow") as raised:
        resolve(None, said)

    assert "secret" not in str(raised.value)


def test_an_online_run_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It would be asked for at the terminal, in the middle of a run."""
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with pytest.raises(UsageError, match="no key"):
        check_login()
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password x\n", encoding="utf-8")
    check_login()


def test_parameters_hold_no_secret_and_no_address_of_news() -> None:
    """The run's secret, who is told, headers, files of keys."""
    said = {
        "secret": "5ec2e7", "on_event": "https://hook/abc", "track": {"project": "p"},
        "endpoints": {"default": {"base_url": "http://h/v1", "key_env": "MY_KEY", "headers": {"X-Team": "t"}}},
    }  # fmt: skip
    params = params_of(Settings.model_validate(said))

    assert "http://h/v1" == params["endpoints.default.base_url"]
    assert "10" == params["search.steps"]
    assert not {"5ec2e7", "https://hook/abc", "MY_KEY", "t", "p"} & set(params.values())


def test_figures_of_a_step_are_those_of_its_decision(tmp_path: Path) -> None:
    """And the method that was accepted comes with it; nothing that is no number."""
    folder = write_run(tmp_path / "run")
    change(folder / "steps/000/decision.json", undecidable=True)
    (step,) = steps_of(folder)
    last = last_figures(folder)

    assert (0.75, 0.25, 0.5, 0.1, 0.9, 1.0) == tuple(step.figures[name] for name in (
        "dev/score", "dev/incumbent", "dev/difference", "dev/low", "dev/high", "accepted"))  # fmt: skip
    assert step.method is not None
    assert ("methods/step-001.md", True) == (step.method[0], WINNER.clauses[1] in step.method[1])
    assert (3.0, 2.0, 1.0) == (last["rows/out"], last["rows/dropped"], last["test/confirmed"])


def test_figures_of_an_empty_or_torn_run_are_none(tmp_path: Path) -> None:
    """A tracker must not fall over a killed run."""
    folder = write_run(tmp_path / "run")
    (folder / "steps/000/decision.json").write_text('{"half', encoding="utf-8")
    (folder / "status.json").write_text("[]", encoding="utf-8")

    assert [] == list(steps_of(folder)) == list(steps_of(tmp_path / "nothing"))
    assert "rows/out" not in last_figures(folder)


def test_damaged_notes_are_none(tmp_path: Path) -> None:
    """A kill can leave anything."""
    notes = Notes(tmp_path, "x")
    notes.run = "r"
    notes.steps.add("1")
    notes.save()
    assert ("r", {"1"}) == (Notes(tmp_path, "x").run, Notes(tmp_path, "x").steps)
    (tmp_path / "tracking/x.json").write_text('{"run": 3', encoding="utf-8")

    assert ("", set[str]()) == (Notes(tmp_path, "x").run, Notes(tmp_path, "x").steps)
