"""The pictures of the documentation: `make screenshots`, or

    .venv-browser/bin/python -m tests.browser.screenshots
    .venv-browser/bin/python -m tests.browser.screenshots compare live --to FOLDER

All are of the recorded demo run, and of a copy of it that stands paused in its second step. Nothing of the machine or
of the day is in them, so the same pages give the same pictures on the same fonts.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.browser.looking import find_chromium

_HOME = Path(__file__).resolve().parents[2] / "docs" / "images"
_MOST = 150_000  # bytes of a picture
_RUN, _PAUSED = "maths", "maths-paused"
_COMMAND = (sys.executable, "-m", "autoevol.optimizer")
_FILE = "report.html"  # the page as a run leaves it, not served
_ITEM = "#item/steps/000/incumbent"


@dataclass(frozen=True)
class Picture:
    """One picture.

    Args:
        name: of its file, without the ending.
        address: of the page, from the root of the server, or of the file that the run left.
        size: of the window, in pixels.
        click: what is clicked first, one after the other.
        at: scrolled to the top of the window.
    """

    name: str
    address: str
    size: tuple[int, int] = (1000, 700)
    click: Sequence[str] = ()
    at: str = ""
    scheme: str = "light"


PICTURES = (
    Picture("report", _FILE, (1000, 900)),
    Picture("score", _FILE, (1000, 760), at="#score"),
    Picture("tree", _FILE, (1000, 720), ("#tree li.node:nth-child(2) summary",), at="#tree"),
    Picture("items", f"{_FILE}#matrix/step-1/differs/", (1000, 640)),
    Picture("item", f"{_FILE}{_ITEM}/SEED", (1000, 640)),
    Picture("findings", _FILE, (1000, 560), at="#findings"),
    Picture("dark", f"{_FILE}#matrix/test/all/", (1000, 640), scheme="dark"),
    Picture("phone", _FILE, (390, 760)),
    Picture("compare", f"compare?side={_RUN}/test/start&side={_RUN}/test/evol-instruct&side={_RUN}/test/just-longer",
            (1280, 800), at="#result"),
    Picture("live", f"run/{_PAUSED}/", (1000, 720), ("text=Branch: a new run",)),
    Picture("runs", "", (1000, 380)),
)  # fmt: skip


def main() -> None:
    """Take pictures anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *(each.name for each in PICTURES)], help="all where none")
    parser.add_argument("--to", type=Path, default=_HOME)
    asked = parser.parse_args()
    home: Path = asked.to
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place:
        root = Path(place) / "runs"
        _replay(root)
        with _paused(root), _served(root) as address:
            _take(home, address, root / _RUN, [each for each in PICTURES if each.name in (asked.names or [each.name])])
    for path in sorted(home.glob("*.png")):
        size = path.stat().st_size
        print(f"{path.name} {size / 1000:.0f} kB")  # noqa: T201
        if size > _MOST:
            raise SystemExit(f"{path.name} is larger than {_MOST / 1000:.0f} kB: make its window smaller.")


def _replay(root: Path) -> None:
    """The recorded run, under a name without a date."""
    root.mkdir()
    subprocess.run([*_COMMAND, "demo", "--replay", "--quiet", "--runs", str(root)], check=True, capture_output=True)
    (made,) = root.iterdir()
    made.rename(root / _RUN)


def _first_item(run: Path) -> str:
    """An item of the first race with something wrong in it, and not too long."""
    rows = map(json.loads, (run / "steps/000/incumbent.jsonl").read_text(encoding="utf-8").splitlines())
    return str(next(row["seed_id"] for row in rows if row["findings"] and 0 < len(row["response"] or "") < 400))


@contextmanager
def _paused(root: Path) -> Generator[None]:
    """A copy that stands in its second step, with what people said; its lock is held, as by a process at work."""
    from autoevol.optimizer.record.events import EventLog  # noqa: PLC0415
    from autoevol.optimizer.steering.inbox import Inbox  # noqa: PLC0415
    from autoevol.optimizer.steering.wheel import EVENT  # noqa: PLC0415
    from autoevol.optimizer.steering.wishes import new_wish  # noqa: PLC0415

    run = root / _PAUSED
    shutil.copytree(root / _RUN, run)
    for name in ("dataset.jsonl", "dropped.jsonl", "method.md", "steps/001/decision.json"):
        (run / name).unlink()
    for name in ("test", "steps/001/candidates"):
        shutil.rmtree(run / name)
    status = json.loads((run / "status.json").read_text(encoding="utf-8"))
    kept = {
        name: status[name] for name in ("name", "recipe", "profile", "seeds", "split", "calls", "tokens", "cost_usd")
    }
    at = {"state": "running", "paused": True, "step": 1, "steps_done": 1, "phase": "batch"}
    (run / "status.json").write_text(json.dumps({**kept, **at}), encoding="utf-8")
    log = EventLog(run / "events.jsonl")
    log.append(EVENT, id="1", wish="note", text="The texts get longer, not harder. Mind the units.",
               point="steps/001/begin")  # fmt: skip
    log.append(EVENT, id="2", wish="pause")
    Inbox(run).put(new_wish("ban", candidate="step 1, candidate 3"))
    with (run / "journal.lock").open("r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _served(root: Path) -> Generator[str]:
    """The address of the live page."""
    command = [*_COMMAND, "ui", "--runs", "runs", "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root.parent, env=environment) as server:
        try:
            found = re.search(r"http://\S+", server.stdout.readline() if server.stdout else "")
            assert found is not None
            yield found[0]
        finally:
            server.terminate()


def _take(home: Path, address: str, run: Path, pictures: Sequence[Picture]) -> None:
    seed, page = _first_item(run), (run / _FILE).as_uri()
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("There is no Chromium on this machine.")
    with import_module("playwright.sync_api").sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for picture in pictures:
            width, height = picture.size
            tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=picture.scheme,
                                   reduced_motion="reduce")  # fmt: skip
            where = picture.address.replace("SEED", seed)
            _show(tab, page + where.removeprefix(_FILE) if where.startswith(_FILE) else address + where, picture)
            tab.screenshot(path=str(home / f"{picture.name}.png"))
            tab.close()
        browser.close()


def _show(tab: Any, address: str, picture: Picture) -> None:
    """Until the page is as it stays."""
    tab.goto(address)
    if tab.locator("#news").count():
        tab.wait_for_selector("#news:not(:text-is('…'))")
    if tab.locator("#matrix").count():
        tab.wait_for_selector("#matrix a.cell")
    if tab.locator("#list-dataset").count():
        tab.wait_for_selector("#list-dataset tbody tr")
    if _ITEM in address:
        tab.wait_for_selector("dialog[open] .text")
    for target in picture.click:
        tab.click(target)
    if picture.at:
        tab.locator(picture.at).evaluate("part => part.scrollIntoView()")


if __name__ == "__main__":
    main()
