"""The wheel on the page, in a real browser, on a run that is really at work: a process, a provider, an inbox."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from autoevol.agents.method_file import load_method
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.events import read_events
from autoevol.optimizer.session import create_run
from autoevol.optimizer.steering.wheel import EVENT
from benchmarks.resume.courses import write_course
from tests.browser.looking import PHONE, axe, is_too_wide

SMALL: dict[str, Any] = {
    "name": "wheel", "student": False, "embedder": False, "detectors": [], "judge": False, "apply_limit": 2,
    "search": {"steps": 6, "candidates": 1, "test": 0, "patience": None, "regret": None},
}  # fmt: skip
HOSTILE = "Mind the units.</li><img src=x onerror=window.broken=1>\u202e"
OWN = "1. Ask for one more step that uses a number of the text.\n2. Keep the people and the place."


@dataclass(frozen=True)
class AtWork:
    """A run, not begun yet, and what it calls."""

    folder: Path
    page: str
    provider: str

    @contextmanager
    def begun(self) -> Generator[subprocess.Popen[bytes]]:
        """Its process, which does not outlive the block."""
        command = [sys.executable, "-m", "autoevol.optimizer", "resume", str(self.folder), "--quiet"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()

    def hurry(self) -> None:
        """From now on the provider answers at once."""
        sent = json.dumps({"latency": "0"}).encode()
        with urllib.request.urlopen(f"{self.provider.removesuffix('/v1')}/control", sent):
            pass

    def said(self) -> list[str]:
        """What is on record of what people said."""
        events = read_events(self.folder / "events.jsonl")
        return [event["wish"] for event in events if event["kind"] == EVENT and "refused" not in event]


@pytest.fixture
def run(served: tuple[Path, str], tmp_path: Path) -> Iterator[AtWork]:
    """A search of six steps, a tenth of a second a call."""
    root, address = served
    with start_provider(ProviderSettings(latency="0.1")) as provider:
        folder = create_run(resolve(write_course(tmp_path / "course", "few", provider), SMALL), root)
        yield AtWork(folder, f"{address}run/{folder.name}/", provider)


def _says(tab: Any, line: str) -> None:
    tab.wait_for_selector(f"#wheel li:has-text('{line}')")


def _say(tab: Any, kind: str, what: str) -> None:
    tab.select_option("#wheel-kind", kind)
    tab.fill("#wheel-what", what)
    tab.click("text=Say it")
    tab.wait_for_selector("#wheel-what:placeholder-shown")


def test_a_run_at_work_is_steered_from_its_page(run: AtWork, tab: Any) -> None:
    """Everything that can be said, heard and on record; another page sees it; the end leaves what was being written."""
    tab.goto(run.page)
    tab.wait_for_selector("text=No process is at work on it")
    assert tab.is_disabled("#wheel >> text=Pause")
    with run.begun() as process:
        tab.wait_for_selector("#fork-step option[value='1']", state="attached", timeout=60_000)
        tab.click("#wheel >> text=Pause")
        _says(tab, "pause: taken up")
        _say(tab, "note", HOSTILE)
        _say(tab, "budget", "20kcalls, usd=none")
        start = load_method(str(run.folder / "steps/000/method.md")).id
        _say(tab, "pin", start)
        _say(tab, "ban", start)
        tab.click("text=Enter a method of your own")
        tab.fill("#wheel-method", OWN)
        tab.click("text=Enter it")
        _says(tab, "edit")
        _say_nonsense(tab)
        other = tab.context.new_page()
        other.goto(run.page)
        _says(other, "note “Mind the units.</li><img src=x")
        other.click("#wheel >> text=Continue")
        _says(tab, "continue: taken up")
        other.close()
        tab.fill("#wheel-what", "half a thought")
        run.hurry()
        tab.wait_for_selector("text=The run has ended: nothing heeds a wish", timeout=60_000)
        assert 0 == process.wait()
    assert "half a thought" == tab.input_value("#wheel-what")
    assert tab.is_disabled("#wheel >> text=Say it")
    assert None is tab.evaluate("window.broken ?? null")
    assert {"pause", "note", "budget", "pin", "edit", "continue"} <= set(run.said())


def _say_nonsense(tab: Any) -> None:
    """The words of the refusal stand on the page."""
    tab.fill("#wheel-what", "../../etc/passwd")
    tab.select_option("#wheel-kind", "pin")
    tab.click("text=Say it")
    tab.wait_for_selector("#wheel-told:has-text('no candidate of the run')")


def test_a_branch_is_made_on_the_page(run: AtWork, tab: Any) -> None:
    """Of a run at work and of one that has ended: a folder, its page, and the command that goes on with it."""
    tab.goto(run.page)
    with run.begun() as process:
        run.hurry()
        tab.wait_for_selector("#wheel > details", timeout=60_000)
        assert 0 == process.wait()
    assert 0 == tab.locator("#wheel >> text=Pause >> visible=true").count()
    tab.click("text=Branch: a new run from a step of this one")
    tab.select_option("#fork-step", "1")
    tab.fill("#fork-name", "<b>other</b> way")
    tab.click("text=Make the branch")
    tab.wait_for_selector("#fork-made a")
    (made,) = (child for child in run.folder.parent.iterdir() if child != run.folder)
    assert f"autoevol resume {made}" == tab.inner_text("#fork-made code")
    assert 1 == json.loads((made / "settings.json").read_text(encoding="utf-8"))["branch"]["step"]
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        assert [] == axe(tab, "#wheel")
    tab.set_viewport_size(PHONE)
    assert not is_too_wide(tab)
    tab.click("#fork-made a")
    tab.wait_for_selector("text=No process is at work on it")
    tab.click("text=Branch: a new run from a step of this one")
    assert [] == axe(tab, "#wheel")
    assert not is_too_wide(tab)


def test_a_run_that_is_taken_away_under_the_page_says_so(run: AtWork, tab: Any) -> None:
    """The page keeps what it had; what is still sent is refused in words."""
    tab.goto(run.page)
    tab.click("text=Branch: a new run from a step of this one")
    run.folder.rename(run.folder.parent.parent / "elsewhere")
    tab.wait_for_selector("text=This run is no longer there")
    assert tab.is_disabled("#wheel >> text=Say it")
    assert tab.is_disabled("text=Make the branch")
