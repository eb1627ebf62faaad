"""`autoevol optimize SEEDS`: search a method, confirm it, apply it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import GroupedCommand, json_option, session_options

__all__ = ["command", "refuse_tables"]


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

    refuse_tables(options["config"], "optimize")
    launch(options, {"recipe": "auto-evol", **({"seeds": {"source": seeds}} if seeds else {})})


def refuse_tables(config: Path | None, command_name: str) -> None:
    """Recipes in a settings file are never passed over without a word.

    Raises:
        UsageError: the file names recipes, or cannot be read.
    """
    from ...agents.gateway.errors import UsageError  # noqa: PLC0415  --help of this command must stay quick
    from ..record.config_file import read_config  # noqa: PLC0415

    if config is not None and read_config(config).get("make"):
        raise UsageError(
            f"{config} has [[make]] tables, which `autoevol {command_name}` does not run.",
            fix=f"Run: autoevol make --config {config}. Or take the tables out.",
        )
