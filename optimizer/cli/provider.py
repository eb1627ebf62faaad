"""`autoevol provider`: the simulated provider, for rehearsals, tests and measurements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
from pydantic.fields import FieldInfo

from ...agents.gateway.simulated.provider.process import run
from ...agents.gateway.simulated.provider.settings import ProviderSettings, settings_of

__all__ = ["command"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_METAVARS: dict[object, str] = {int: "N", float: "NUMBER", Path: "FILE"}


def _knobs(function: CommandT) -> CommandT:
    """Add a flag for each knob, in the order of the settings."""
    for name, field in reversed(ProviderSettings.model_fields.items()):
        function = _flag(name, field)(function)
    return function


def _flag(name: str, field: FieldInfo) -> Callable[[CommandT], CommandT]:
    flag = f"--{name.replace('_', '-')}"
    kinds = [kind for kind in get_args(field.annotation) or (field.annotation,) if kind is not type(None)]
    text = str(field.description)
    if field.default not in {None, "", 0}:
        text += f" [default: {str(field.default).lower()}]"
    if kinds[0] is bool:
        return click.option(f"{flag}/--no-{flag.removeprefix('--')}", default=None, help=text)
    if isinstance(kinds[0], str):
        return click.option(flag, type=click.Choice([str(kind) for kind in kinds]), help=text)
    return click.option(flag, type=kinds[0], metavar=_METAVARS.get(kinds[0], "TEXT"), help=text)


@click.command()
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of loopback to listen on.")
@_knobs
def command(port: int, host: str, **flags: Any) -> None:
    """Serve a model that is none, on this machine, with the limits and faults of real providers.

    Prints one line, `listening on http://127.0.0.1:PORT/v1`, and serves until Ctrl-C. GET /stats says what it counted,
    POST /reset forgets it, POST /control changes knobs while it runs, as in {"rpm": 60}. See docs/provider.md.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    run(settings_of(given), port, host)
