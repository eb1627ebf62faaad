"""`autoevol ablate METHOD`: the method against itself without each of its clauses."""

from __future__ import annotations

from typing import Any

import click

from .compare import NOT_HERE, compare_tree, named, said_of, shared_options
from .options import GroupedCommand, session_options

__all__ = ["command"]


@click.command("ablate", cls=GroupedCommand)
@click.argument("method")
@shared_options
@session_options
def command(method: str, **options: Any) -> None:
    """Measure what each clause of METHOD (a name, a file, a run) is worth: the whole against it without the clause.

    All meet the same seeds. Use seeds that the method was not optimized on.
    """
    from .launch import launch  # noqa: PLC0415  --help of this command must stay quick

    said = {**said_of(options), "contestants": [method], "ablate": True}
    launch(named(options, "ablate"), compare_tree(said))


command.params = [each for each in command.params if (each.name == "method" and isinstance(each, click.Argument))
                  or each.name not in NOT_HERE]  # fmt: skip
