"""`autoevol steer RUN pause|continue|stop|budget|…`: a hand on a run that is at work."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...agents.gateway.errors import UsageError
from .options import runs_option

if TYPE_CHECKING:
    from ..steering.wishes import Wish

__all__ = ["ACTIONS", "command"]

ACTIONS = ("pause", "continue", "stop", "budget")
_ANSWER_S = 5.0  # so long an answer is waited for, where the run gives it between two items
_LOOK_S = 0.1


@click.command("steer")
@click.argument("run")
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("what", nargs=-1)
@click.option("--exit", "leave", is_flag=True, help="pause: end the process cleanly instead of waiting.")
@click.option("--now", is_flag=True, help="stop: do not wait for the end of the step.")
@runs_option
def command(run: str, action: str, what: tuple[str, ...], leave: bool, now: bool, runs: Path) -> None:
    """Steer RUN (a folder, or the name of one in --runs), from another terminal while it is at work.

    \b
    pause              send nothing new and wait (or end, with --exit); `continue` goes on
    continue           go on after a pause, or take a `stop` back
    stop               stop cleanly after this step (at once with --now); `autoevol resume` goes on
    budget CAP...      raise or lower caps, as in 10usd or 5000calls; usd=none takes one away
    """
    from ..steering.ask import ask, at_work  # noqa: PLC0415  --help must stay quick
    from .run_list import find_run  # noqa: PLC0415

    _refuse_stray(action, what, leave=leave, now=now)
    folder = find_run(run, runs)
    wish = ask(folder, action, **_fields(action, what, leave=leave, now=now))  # type: ignore[arg-type]
    click.echo(_answer(folder, wish, working=at_work(folder)))


def _refuse_stray(action: str, what: tuple[str, ...], *, leave: bool, now: bool) -> None:
    """Words and options that belong to another action."""
    wrong = [name for name, given, of in (("--exit", leave, "pause"), ("--now", now, "stop")) if given and action != of]
    if wrong:
        raise click.UsageError(f"{wrong[0]} says nothing to `{action}`.")
    if action in {"pause", "continue", "stop"} and what:
        raise click.UsageError(f"`{action}` takes nothing more, but was given '{' '.join(what)}'.")
    if action not in {"pause", "continue", "stop"} and not what:
        raise click.UsageError(f"`{action}` needs to be told what.")


def _fields(action: str, what: tuple[str, ...], *, leave: bool, now: bool) -> dict[str, Any]:
    """What goes with the wish."""
    if action == "budget":
        return {"caps": _caps(what)}
    return {name: True for name, given in (("leave", leave), ("now", now)) if given}


def _caps(what: tuple[str, ...]) -> dict[str, float | None]:
    """Caps as they are written, and `NAME=none` for one that is taken away."""
    from .parsing import parse_budget  # noqa: PLC0415

    words = [word.strip() for word in ",".join(what).split(",") if word.strip()]
    gone = [word.partition("=")[0] for word in words if word.endswith("=none")]
    unknown = [name for name in gone if name not in {"usd", "calls", "tokens", "minutes"}]
    if unknown:
        raise UsageError(f"There is no cap '{unknown[0]}'.", fix="Caps are usd, calls, tokens and minutes.")
    kept = [word for word in words if not word.endswith("=none")]
    said: dict[str, Any] = parse_budget(kept) if kept else {}
    return {**said, **dict.fromkeys(gone)}


def _answer(folder: Path, wish: Wish, *, working: bool) -> str:
    """What became of the wish, as far as that is known soon."""
    from ..steering.ask import answer_to  # noqa: PLC0415

    end = time.monotonic() + (_ANSWER_S if working and wish.at_once else 0.0)
    while (event := answer_to(folder, wish)) is None and time.monotonic() < end:
        time.sleep(_LOOK_S)
    if event is not None and "refused" in event:
        raise UsageError(f"The run refused to {wish.wish}: {event['refused']}.", fix="It goes on as it was.")
    if event is not None:
        return _DONE.get(wish.wish, "Taken up.")
    if not working:
        return f"It is taken up when the run goes on: autoevol resume {folder}"
    return "It lies in the inbox; the run takes it up at the next point of its course."


_DONE = {
    "pause": "Paused: nothing new is sent. What is out comes in.",
    "continue": "It goes on.",
    "stop": "It stops cleanly; `autoevol resume` goes on.",
    "budget": "The caps are changed.",
}
