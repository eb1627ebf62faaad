"""`autoevol steer RUN pause|continue|stop|budget|…`: a hand on a run that is at work."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...agents.gateway.errors import UsageError
from .options import runs_option

if TYPE_CHECKING:
    from ..steering.wishes import Wish

__all__ = ["ACTIONS", "command"]

ACTIONS = ("pause", "continue", "stop", "budget", "note", "pin", "ban", "edit", "branch")
_ANSWER_S = 5.0  # so long an answer is waited for, where the run gives it between two items
_LOOK_S = 0.1


@click.command("steer")
@click.argument("run")
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("what", nargs=-1)
@click.option("--exit", "leave", is_flag=True, help="pause: end the process cleanly instead of waiting.")
@click.option("--now", is_flag=True, help="stop: do not wait for the end of the step.")
@click.option("--step", type=click.IntRange(min=0), metavar="N",
              help="branch: the step after which it begins; note, pin, ban, edit: not before this step.")  # fmt: skip
@click.option("--name", metavar="NAME", help="branch: name of the new run.")
@runs_option
def command(run: str, action: str, what: tuple[str, ...], runs: Path, **options: Any) -> None:
    """Steer RUN (a folder, or the name of one in --runs), from another terminal while it is at work.

    \b
    pause              send nothing new and wait (or end, with --exit); `continue` goes on
    continue           go on after a pause, or take a `stop` back
    stop               stop cleanly after this step (at once with --now); `autoevol resume` goes on
    budget CAP...      raise or lower caps, as in 10usd or 5000calls; usd=none takes one away
    note TEXT          what the analyst must take into account from the next analysis on
    pin METHOD         a candidate (2/c3: of step 2), a method's id, name or file: it takes part in every further race
    ban METHOD         a candidate or a method's id: it is neither raced nor accepted
    edit FILE          a method of your own enters the next race
    branch --step N    make a new run that begins as this one stood after step N
    """
    given = {name: value for name, value in options.items() if value not in (None, False)}
    _refuse_stray(action, what, given)
    from ..record.at_work import at_work  # noqa: PLC0415  --help must stay quick
    from ..steering.ask import ask  # noqa: PLC0415  --help must stay quick
    from .run_list import find_run  # noqa: PLC0415

    folder = find_run(run, runs)
    if action == "branch":
        click.echo(_branch(folder, **given))
        return
    wish = ask(folder, action, **_fields(folder, action, what, given))  # type: ignore[arg-type]
    click.echo(_answer(folder, wish, working=at_work(folder)))


_OPTIONS = {"leave": ("--exit", {"pause"}), "now": ("--now", {"stop"}), "name": ("--name", {"branch"}),
            "step": ("--step", {"branch", "note", "pin", "ban", "edit"})}  # fmt: skip
_ALONE = frozenset({"pause", "continue", "stop", "branch"})


def _refuse_stray(action: str, what: tuple[str, ...], given: Mapping[str, Any]) -> None:
    """Words and options that belong to another action."""
    for name in given:
        option, of = _OPTIONS[name]
        if action not in of:
            raise click.UsageError(f"{option} says nothing to `{action}`.")
    if action in _ALONE and what:
        raise click.UsageError(f"`{action}` takes nothing more, but was given '{' '.join(what)}'.")
    if action not in _ALONE and not what:
        raise click.UsageError(f"`{action}` needs to be told what.")
    if action in {"pin", "ban", "edit"} and len(what) > 1:
        raise click.UsageError(f"`{action}` takes one method, but was given {len(what)}.")
    if action == "branch" and "step" not in given:
        raise click.UsageError("`branch` needs --step N, the step after which it begins; 0 for the beginning.")


def _fields(folder: Path, action: str, what: tuple[str, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """What goes with the wish."""
    if action == "budget":
        from .parsing import parse_caps  # noqa: PLC0415  --help must stay quick

        return {"caps": parse_caps(what)}
    if action == "note":
        return {"text": " ".join(what), **given}
    if action not in {"pin", "ban", "edit"}:
        return dict(given)
    from ...agents.method_file import dump_method  # noqa: PLC0415  --help must stay quick
    from ..steering.candidates import method_from, method_of  # noqa: PLC0415

    method = method_of(folder, what[0]) if action == "ban" else method_from(folder, what[0])
    said = {"candidate": method.id} if action == "ban" else {"method": dump_method(method), "candidate": method.name}
    return {**said, **given}


def _branch(folder: Path, step: int, name: str | None = None) -> str:
    """Make the branch, and say how it goes on."""
    from ..steering.branch import branch  # noqa: PLC0415

    made = branch(folder, step, name)
    return (
        f"Made {made}, which begins as {folder.name} stood after step {step} and takes over its answers.\n"
        f"Steer it first (`autoevol steer {made} note …`, `edit`, `pin`, `ban`), then: autoevol resume {made}"
    )


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
