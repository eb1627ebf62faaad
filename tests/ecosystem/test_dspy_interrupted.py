"""Compilations that are interrupted or cancelled: nothing stays open, and nothing is paid twice."""

from __future__ import annotations

import importlib
import signal
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.bridges.dspy_lm import open_door
from autoevol.optimizer.bridges.open_door import OpenDoor
from autoevol.optimizer.bridges.teleprompter import AutoEvol
from tests.model_server import Body, ModelReply, model_server
from tests.sorting_office import RULE, examples, right, sorts, tree

dspy: Any = importlib.import_module("dspy")  # it ships no types
EXAMPLES = examples(dspy)
SORT = dspy.Predict("text -> label")


def quiet(_line: str) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("in_a_loop", [False, True])
def test_ctrl_c_stops_it_once_and_for_all(tmp_path: Path, in_a_loop: bool) -> None:
    """At the first press, also in the loop of a notebook; the same call goes on."""
    main = threading.main_thread().ident or 0

    def interrupted(body: Body) -> ModelReply:
        if server.count == 20:
            signal.pthread_kill(main, signal.SIGINT)
        return sorts(body)

    with model_server(interrupted) as server:
        working = AutoEvol(right, settings=tree(server.base_url), folder=tmp_path, on_notice=quiet)

        async def cell() -> Any:
            return working.compile(SORT, trainset=EXAMPLES)

        def go() -> Any:
            return anyio.run(cell) if in_a_loop else working.compile(SORT, trainset=EXAMPLES)

        with pytest.raises(KeyboardInterrupt) as stopped:
            go()
        paid = server.count
        better = go()

    assert 20 <= paid <= 20 + 16
    assert ["Everything finished is kept. The same call with the same folder goes on."] == stopped.value.__notes__
    assert RULE in better.signature.instructions


async def test_who_is_cancelled_while_the_door_opens_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its thread nor the lock of the folder."""
    enter = OpenDoor.__enter__

    def entered(door: OpenDoor) -> OpenDoor:
        opened = enter(door)
        anyio.from_thread.run_sync(scope.cancel)
        return opened

    with model_server(sorts) as server:
        settings = tree(server.base_url)
        with monkeypatch.context() as patched, anyio.CancelScope() as scope:
            patched.setattr(OpenDoor, "__enter__", entered)
            await AutoEvol(right, settings=settings, folder=tmp_path, on_notice=quiet).acompile(SORT, trainset=EXAMPLES)

        assert scope.cancelled_caught
        assert "autoevol-gateway" not in {thread.name for thread in threading.enumerate()}
        with open_door(settings, tmp_path, on_notice=quiet) as door:
            assert not door.totals.all.calls


def test_paid_calls_without_a_cap_are_refused_unless_agreed_to(tmp_path: Path) -> None:
    """As by the command; a price of 0 for a server of one's own and embedded models need none."""
    with model_server(sorts) as server:
        bare = tree(server.base_url)
        del bare["budget"]
        with pytest.raises(UsageError, match="have no cap"):
            open_door(bare, tmp_path)
        with pytest.raises(UsageError, match="have no cap"):
            AutoEvol(right, settings=bare, folder=tmp_path, on_notice=quiet).compile(SORT, trainset=EXAMPLES)
        assert not server.count
        agreed = AutoEvol(right, settings=bare, folder=tmp_path, uncapped=True, on_notice=quiet)
        assert RULE in agreed.compile(SORT, trainset=EXAMPLES).signature.instructions
    own = {"base_url": server.base_url, "prices": {"m": {"input": 0, "output": 0}}}

    assert open_door({"model": "m", "endpoints": {"default": own}}, tmp_path)
    assert open_door({"model": "m", "endpoints": {"default": {"local": "smollm2-135m"}}}, tmp_path)
