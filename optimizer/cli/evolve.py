"""`autoevol evolve --seeds FILE`: one method over every seed, without a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import GroupedCommand, json_option, session_options

__all__ = ["command"]


@click.command("evolve", cls=GroupedCommand)
@click.option("--seeds", metavar="FILE", help="File of seeds, or hub:NAME; may stand in the settings file instead.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also put the data set here. The file must not exist yet.")  # fmt: skip
@json_option
@session_options
def command(seeds: str | None, **options: Any) -> None:
    """Apply one method to every seed and write responses. Without --method it is the starting method `general`."""
    from .launch import launch  # noqa: PLC0415  --help of this command must stay quick
    from .optimize import refuse_tables  # noqa: PLC0415

    refuse_tables(options["config"], "evolve")
    launch(options, {"recipe": "evolve", **({"seeds": {"source": seeds}} if seeds else {})})
