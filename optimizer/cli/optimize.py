"""`autoevol optimize SEEDS`: search a method, confirm it, apply it."""

from __future__ import annotations

from typing import Any

import click

from .options import GroupedCommand, json_option, session_options

__all__ = ["command"]


@click.command("optimize", cls=GroupedCommand)
@click.argument("seeds", required=False)
@json_option
@session_options
def command(seeds: str | None, **options: Any) -> None:
    """Search the evolving method that works best for SEEDS, prove it on held-out seeds, and apply it to all of them.

    SEEDS is a file (JSONL, JSON, CSV, Parquet) or hub:NAME for a Hugging Face data set. It may be left out where the
    settings file names it.
    """
    from .launch import launch  # noqa: PLC0415  --help of this command must stay quick

    launch(options, {"recipe": "auto-evol", **({"seeds": {"source": seeds}} if seeds else {})})
