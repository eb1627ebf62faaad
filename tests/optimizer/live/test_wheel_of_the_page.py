"""Steering from a page: the same inbox and branches as in a terminal, for several people at once."""

from __future__ import annotations

import errno
import fcntl
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, Any

import anyio
import httpx
import pytest

from autoevol.agents.gateway.errors import StorageError, UsageError
from autoevol.optimizer.live.guard import Rules
from autoevol.optimizer.live.said import wishes_said
from autoevol.optimizer.live.server import make_app
from autoevol.optimizer.live.stream import run_news
from autoevol.optimizer.live.wheel import branch_run, steer_run
from autoevol.optimizer.record.by_hand import LABELS, put_label, read_by_hand
from autoevol.optimizer.record.events import EventLog
from autoevol.optimizer.record.settings import Settings
from autoevol.optimizer.steering.inbox import Inbox
from autoevol.optimizer.steering.wheel import EVENT
from tests.optimizer.pages.sample_run import WINNER, write_calls, write_run

HOSTILE = "</li><script>alert(1)</script>\u202etxet"


def _search(folder: Path) -> Path:
    """A run that a process is not at work on, in the middle of its search."""
    write_run(folder)
    settings = Settings.model_validate({"name": "one", "endpoints": {"default": {"script": "x.py"}}})
    (folder / "settings.json").write_text(json.dumps({"settings": settings.model_dump(mode="json")}), encoding="utf-8")
    (folder / "status.json").write_text('{"state": "stopped"}', encoding="utf-8")
    return folder


def test_a_page_steers_by_the_same_inbox(tmp_path: Path) -> None:
    """A note, a ban of a candidate and a method of one's own lie in it; no name of a file is taken for a candidate."""
    run = _search(tmp_path / "one")
    assert "when the run goes on" in steer_run(run, {"wish": "note", "what": "mind the units"})
    steer_run(run, {"wish": "ban", "what": "1/c1"})
    steer_run(run, {"wish": "edit", "what": "1. Read it twice.\n2. Add one more step."})
    wishes = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((run / "inbox").iterdir())]

    assert ["note", "ban", "edit"] == [wish["wish"] for wish in wishes]
    assert ("mind the units", WINNER.id) == (wishes[0]["text"], wishes[1]["candidate"])
    for sent in ({"wish": "pin", "what": "/etc/passwd"}, {"wish": "pin", "what": "../x.md"}, {"wish": "branch"}, {}):
        with pytest.raises(UsageError):
            steer_run(run, sent)
    with pytest.raises(UsageError, match="No process is at work"):
        steer_run(run, {"wish": "pause"})


def _with_journal(folder: Path) -> Path:
    run = _search(folder)
    anyio.run(write_calls, run, [("evolver", "steps/000", 0.0)])
    return run


def _names(root: Path) -> list[str]:
    return sorted(child.name for child in root.iterdir())


def _ask(root: Path, *asked: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
    """Method, address and what else goes with a request; one after the other."""

    async def answers() -> list[httpx.Response]:
        app = httpx.ASGITransport(make_app(root, Rules(("127.0.0.1",), 80)))
        async with httpx.AsyncClient(transport=app, base_url="http://127.0.0.1") as client:
            return [await client.request(method, path, **more) for method, path, more in asked]

    return anyio.run(answers)


def test_a_branch_is_made_from_a_page_and_nothing_is_started(tmp_path: Path) -> None:
    """It has a page at once, and the command that goes on with it is one a shell reads as one; two may ask at once."""
    run = _with_journal(tmp_path / "it's mine")
    made = [branch_run(run, {"step": 1, "name": "other way"}) for _ in range(2)]
    folders = [tmp_path / answer["address"].split("/")[2] for answer in made]

    assert [True, True] == [folder.name in answer["words"] for folder, answer in zip(folders, made, strict=True)]
    assert ["new", "new"] == [run_news(folder)["state"] for folder in folders]
    assert folders[1].name == f"{folders[0].name}-2"
    assert f"autoevol resume {folders[0]}" == made[0]["command"]
    assert not (folders[0] / "journal.lock").exists()
    shared = json.loads((folders[0] / "settings.json").read_text(encoding="utf-8"))["branch"]
    assert {"of": str(run.resolve()), "step": 1} == shared


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"step": 2}, "has made 1 step"), ({"step": -1}, "needs the step"), ({"step": True}, "needs the step"),
        ({"step": "0"}, "needs the step"), ({}, "needs the step"), ({"step": 1, "name": "x" * 61}, "name of a run"),
        ({"step": 1, "name": "a\nb"}, "name of a run"), ({"step": 1, "name": "\u202e"}, "name of a run"),
        ({"step": 1, "name": 7}, "name of a run"),
    ],
)  # fmt: skip
def test_a_branch_that_makes_no_sense_is_refused(tmp_path: Path, sent: dict[str, Any], sentence: str) -> None:
    """And no folder is left."""
    run = _with_journal(tmp_path / "one")
    with pytest.raises(UsageError, match=sentence):
        branch_run(run, sent)
    assert ["one"] == _names(tmp_path)


def test_a_name_is_never_a_path(tmp_path: Path) -> None:
    """Whatever it is made of, the folder is beside that of the run."""
    run = _with_journal(tmp_path / "one")
    made = branch_run(run, {"step": 0, "name": "../../<b>/$(x); rm"})
    (folder,) = (child for child in tmp_path.iterdir() if child.name != "one")

    assert f"/run/{folder.name}/" == made["address"]
    assert made["command"].endswith(folder.name)
    assert not set("./<>$();") & set(folder.name)


def test_a_branch_of_a_link_stands_beside_the_link(tmp_path: Path) -> None:
    """Among the runs that are served, so that its page opens; it shares the answers of what the link leads to."""
    (tmp_path / "served").mkdir()
    run = _with_journal(tmp_path / "elsewhere/one")
    link = tmp_path / "served/link"
    link.symlink_to(run, target_is_directory=True)
    made = branch_run(link, {"step": 1, "name": "x"})
    (folder,) = (child for child in (tmp_path / "served").iterdir() if child != link)
    (page,) = _ask(tmp_path / "served", ("GET", made["address"], {}))

    assert (200, f"autoevol resume {folder}") == (page.status_code, made["command"])
    assert ["one"] == _names(tmp_path / "elsewhere")
    assert str(run.resolve()) == json.loads((folder / "settings.json").read_text(encoding="utf-8"))["branch"]["of"]


def test_what_people_said_is_told_to_everybody(tmp_path: Path) -> None:
    """What waits, what was taken up and where, what was refused and why; the latest first, as text in a line."""
    run = _search(tmp_path / "one")
    log = EventLog(run / "events.jsonl")
    log.append(EVENT, id="1", wish="pause")
    log.append(EVENT, id="2", wish="note", text="mind\nthe units", point="steps/001/analysis")
    log.append(EVENT, id="3", wish="ban", candidate="5a7d", point="test", refused="the search is over")
    steer_run(run, {"wish": "budget", "what": "20usd, calls=none"})
    steer_run(run, {"wish": "note", "what": HOSTILE + "x" * 3000})
    said = wishes_said(run)

    assert said[0].startswith("note “</li><script>alert(1)</script>[U+202E]txetxxx")
    assert said[0].endswith("x…: waits")
    assert ["budget usd 20, calls none: waits", "ban 5a7d: refused, the search is over",
            "note “mind the units”: taken up in step 2, analysis", "pause: taken up"] == said[1:]  # fmt: skip
    assert said == run_news(run)["wishes"]
    assert 1 == run_news(run)["steps"]


def test_two_browsers_steer_at_once(tmp_path: Path) -> None:
    """Each wish is one of its own, in the order in which they came; the same words twice are two wishes."""
    run = _search(tmp_path / "one")
    for word in ("first", "second", "first"):
        steer_run(run, {"wish": "note", "what": word})

    assert ["first", "second", "first"] == [wish.text for wish in Inbox(run).waiting()]
    assert 3 == len({wish.id for wish in Inbox(run).waiting()})


def test_two_people_judge_at_once(tmp_path: Path) -> None:
    """No verdict of one is lost by that of the other."""
    run = write_run(tmp_path / "one")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(put_label, run), [{"id": f"row {number % 20}", "at": number} for number in range(60)]))

    assert [f"row {number}" for number in range(20)] == sorted(
        (row["id"] for row in read_by_hand(run, LABELS)), key=lambda name: int(name[4:])
    )


@pytest.mark.parametrize("where", ["the lock cannot be opened", "the disk cannot lock"])
def test_a_verdict_that_cannot_be_locked_says_so(tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence, and nothing is written; the lock is had on a file that can be written."""

    def refuse(door: IO[bytes], _how: int) -> None:
        assert door.writable()
        raise OSError(errno.ENOLCK, "No locks available")

    run = write_run(tmp_path / "one")
    if where == "the disk cannot lock":
        monkeypatch.setattr(fcntl, "flock", refuse)
    else:
        (run / ".labels.lock").mkdir()

    with pytest.raises(StorageError, match=r"labels\.lock cannot be written: (No locks|Is a dir)"):
        put_label(run, {"id": "1"})
    assert not (run / LABELS).exists()


def test_a_run_that_is_taken_away_says_so(tmp_path: Path) -> None:
    """To an open page, and to whoever still sends something; nothing of the folder comes back."""
    run = _search(tmp_path / "one")
    shutil.rmtree(run)
    news = run_news(run)
    acts = [("POST", f"/run/one/{act}", {"json": {"wish": "note", "what": "x", "step": 0, "row": "1"}})
            for act in ("steer", "branch", "edit")]  # fmt: skip
    *answers, page = _ask(tmp_path, *acts, ("GET", "/run/one/", {}))

    assert ("gone", "") == (news["state"], news["sign"])
    assert [(404, {"problem": "There is no such run."})] * 3 == [(each.status_code, each.json()) for each in answers]
    assert (404, "There is no such run.") == (page.status_code, page.text)
    assert not run.exists()


def test_a_page_is_made_again_when_its_run_is_killed(tmp_path: Path) -> None:
    """No file changes then, only a lock is gone: a page with the sign of before would load itself for ever."""
    run = _search(tmp_path / "one")
    (run / "status.json").write_text('{"state": "running"}', encoding="utf-8")
    lock = run / "journal.lock"
    lock.mkdir()  # a lock that cannot be had, as under a process at work
    signs: list[str] = []
    told: list[str] = []

    async def look() -> None:
        app = httpx.ASGITransport(make_app(tmp_path, Rules(("127.0.0.1",), 80)))
        async with httpx.AsyncClient(transport=app, base_url="http://127.0.0.1") as client:
            for _ in range(2):
                page = (await client.get("/run/one/")).text
                signs.append(page.partition('data-sign="')[2].partition('"')[0])
                told.append(run_news(run)["sign"])
                if lock.exists():
                    lock.rmdir()

    anyio.run(look)

    assert told == signs
    assert "killed" == told[1].removeprefix(told[0])


def test_a_branch_is_guarded_like_every_other_writing(tmp_path: Path) -> None:
    """Another site's page makes no run."""
    _with_journal(tmp_path / "one")
    address = "/run/one/branch"
    foreign, form = _ask(
        tmp_path,
        ("POST", address, {"json": {"step": 0}, "headers": {"origin": "https://evil.example"}}),
        ("POST", address, {"content": '{"step": 0}', "headers": {"content-type": "text/plain"}}),
    )
    assert ["one"] == _names(tmp_path)
    (ours,) = _ask(tmp_path, ("POST", address, {"json": {"step": 0, "name": "x"}}))

    assert [403, 403, 200] == [each.status_code for each in (foreign, form, ours)]
    assert 2 == len(_names(tmp_path))
