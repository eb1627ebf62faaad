"""`autoevol estimate SEEDS`: what a run would take and could prove, before anything is spent."""

from __future__ import annotations

import json
from typing import Any

import click

from .options import GroupedCommand, session_options

__all__ = ["command"]

_NOT_HERE = {"runs", "dry_run", "yes", "quiet"}


@click.command("estimate", cls=GroupedCommand)
@click.argument("seeds", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
@session_options
def command(seeds: str | None, as_json: bool, **options: Any) -> None:
    """Say what `optimize` with these options would take on SEEDS: calls, tokens, money and time, by role.

    Also which limit binds, whether the budget suffices, the smallest gain that these seeds can prove, and what would
    halve it. Nothing is called and nothing is made. For a run that only applies a method add --set recipe=evolve.
    """
    from ..pages.outlook import plan_lines, plan_object  # noqa: PLC0415  --help of this command must stay quick
    from ..record.config import resolve  # noqa: PLC0415
    from ..record.pricing import priced  # noqa: PLC0415
    from ..record.tree import merge  # noqa: PLC0415
    from .options import flags_of  # noqa: PLC0415
    from .planning import plan_of  # noqa: PLC0415

    said = {"seeds": {"source": seeds}} if seeds else {}
    plan = plan_of(priced(resolve(options["config"], merge(flags_of(options), said))))
    click.echo(json.dumps(plan_object(plan), ensure_ascii=False, indent=2) if as_json else "\n".join(plan_lines(plan)))


command.params = [parameter for parameter in command.params if parameter.name not in _NOT_HERE]
