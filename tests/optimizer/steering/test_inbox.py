"""The inbox: what is not whole is no wish, what comes twice is one, what nobody took up waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.endpoints import Budget
from autoevol.agents.gateway.errors import SessionStopped, StoppedByPerson
from autoevol.optimizer.record.changes import EVENT as CHANGE
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.events import EventLog, read_events
from autoevol.optimizer.record.settings import Settings
from autoevol.optimizer.steering.inbox import Inbox
from autoevol.optimizer.steering.wheel import EVENT, Wheel
from autoevol.optimizer.steering.wishes import new_wish, read_wish


class Calls:
    """Stands where the gateway is, and remembers what was done to it."""

    def __init__(self) -> None:
        self.paused = False
        self.did: list[object] = []

    def pause(self) -> None:
        """Nothing is sent."""
        self.paused = True
        self.did.append("pause")

    def go_on(self) -> None:
        """It goes on."""
        self.paused = False
        self.did.append("go on")

    def stop(self, error: SessionStopped) -> None:
        """It ends."""
        self.did.append(type(error))

    def hold_to(self, budget: Budget) -> None:
        """Other caps."""
        self.did.append(budget.calls)


def settings() -> Settings:
    """Of a search on a scripted model."""
    return resolve(None, {"model": "m", "endpoints": {"default": {"script": "x.jsonl"}}, "secret": "00"})


def wheel(folder: Path, calls: Calls) -> Wheel:
    """A process that begins its work in this folder."""
    return Wheel(settings(), EventLog(folder / "events.jsonl"), lambda _: None, Inbox(folder), calls)


def steered(folder: Path) -> list[dict[str, Any]]:
    """The interventions on record."""
    return [event for event in read_events(folder / "events.jsonl") if event["kind"] == EVENT]


@given(st.binary(max_size=200))
def test_what_is_not_a_whole_wish_is_none(data: bytes) -> None:
    """Whatever bytes lie in a file, reading them raises nothing."""
    wish = read_wish(data)

    assert wish is None or wish == read_wish(json.dumps(wish.as_fields()).encode())


@given(st.integers(min_value=0, max_value=90))
def test_every_torn_wish_is_no_wish(cut: int) -> None:
    """A file that was copied by halves says nothing."""
    whole = json.dumps(new_wish("note", text="mind the units").as_fields()).encode()

    assert read_wish(whole[:cut]) is None


def test_a_torn_file_is_set_aside_once_and_the_others_are_heard(tmp_path: Path) -> None:
    """A part file of somebody who is just writing is left alone."""
    inbox = Inbox(tmp_path)
    wish = new_wish("pause")
    inbox.put(wish)
    box = tmp_path / "inbox"
    (box / "1.json").write_text('{"id": "1", "wish": "pa', encoding="utf-8")
    (box / "2.json.part").write_text("{", encoding="utf-8")
    (box / "other.json").write_text(json.dumps(wish.as_fields()), encoding="utf-8")

    assert ["1.json", "other.json"] == inbox.set_aside()
    assert [] == inbox.set_aside()
    assert [wish] == inbox.waiting()
    assert (box / "2.json.part").exists()


def test_the_same_wish_twice_is_heard_once(tmp_path: Path) -> None:
    """Also where it comes again after it was taken up."""
    calls = Calls()
    taker = wheel(tmp_path, calls)
    wish = new_wish("pause")
    for _ in range(2):
        Inbox(tmp_path).put(wish)
        Inbox(tmp_path).put(wish)
        taker.look()

    assert ["pause"] == calls.did
    assert [wish.id] == [event["id"] for event in steered(tmp_path)]
    assert [] == Inbox(tmp_path).waiting()


def test_a_wish_that_was_on_record_when_the_process_died_has_no_second_effect(tmp_path: Path) -> None:
    """Its file is taken away by the next process."""
    calls = Calls()
    wish = new_wish("budget", caps={"calls": 70})
    Inbox(tmp_path).put(wish)
    wheel(tmp_path, calls).look()
    Inbox(tmp_path).put(wish)

    again = wheel(tmp_path, calls)
    again.look()

    assert [70] == calls.did
    assert [70] == [event["new"] for event in read_events(tmp_path / "events.jsonl") if event["kind"] == CHANGE]
    assert [] == Inbox(tmp_path).waiting()


def test_wishes_while_nobody_runs_wait_but_for_those_about_the_session(tmp_path: Path) -> None:
    """A stale pause would hold up who resumes; a cap and a note are still meant."""
    for wish in (
        new_wish("pause"),
        new_wish("stop"),
        new_wish("budget", caps={"calls": 9}),
        new_wish("note", text="x"),
    ):
        Inbox(tmp_path).put(wish)
    calls = Calls()

    taker = wheel(tmp_path, calls)
    taker.look()

    assert [9] == calls.did
    assert ["pause", "stop"] == [event["wish"] for event in steered(tmp_path) if "refused" in event]
    assert ["note"] == [wish.wish for wish in Inbox(tmp_path).waiting()]


def test_stop_waits_for_the_end_of_the_step_and_continue_takes_it_back(tmp_path: Path) -> None:
    """Outside of the loop it is at once."""
    calls = Calls()
    taker = wheel(tmp_path, calls)
    taker.at("steps/000/begin", 0)
    for kind in ("stop", "continue", "stop"):
        Inbox(tmp_path).put(new_wish(kind))
        taker.look()
        taker.at(f"steps/000/{len(calls.did)}", 0)

    with pytest.raises(StoppedByPerson):
        taker.at("steps/001/begin", 1)
    taker.at("test")
    Inbox(tmp_path).put(new_wish("stop"))
    taker.look()

    assert ["go on", "go on", "go on", StoppedByPerson] == calls.did


def test_caps_that_cannot_be_are_refused_on_record(tmp_path: Path) -> None:
    """And nothing changes."""
    calls = Calls()
    taker = wheel(tmp_path, calls)
    Inbox(tmp_path).put(new_wish("budget", caps={"calls": -3}))
    taker.look()

    (event,) = steered(tmp_path)
    assert "budget.calls" in event["refused"]
    assert [] == calls.did
    assert Budget() == taker.settings.budget


def test_a_replay_reads_no_inbox(tmp_path: Path) -> None:
    """It shows what was, whatever lies there."""
    Inbox(tmp_path).put(new_wish("note", text="too late"))
    replay = Wheel(settings(), EventLog(tmp_path / "events.jsonl"), lambda _: None)
    replay.at("steps/000/begin", 0)

    assert not replay.look()
    assert [] == replay.notes
    assert [] == read_events(tmp_path / "events.jsonl")
