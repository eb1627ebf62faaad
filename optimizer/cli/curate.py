"""`autoevol curate SELECTOR ROWS`: some of the rows, by one selector or by several in a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .make import parts_of
from .options import GroupedCommand, json_option, session_options

__all__ = ["command"]


@click.command("curate", cls=GroupedCommand)
@click.argument("selector", required=False)
@click.argument("rows", required=False)
@click.option("--list", "show", is_flag=True, help="List the selectors, or the settings of SELECTOR, and end.")
@click.option("--preset", metavar="NAME", help="Values of the selector: recommended, paper or official-code.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Rows to be kept, where it keeps a number.")
@click.option("--with", "values", multiple=True, metavar="NAME=VALUE",
              help="A setting of the selector, as in --with of=instruction; `--list` names them.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also put the chosen rows here. The file must not exist yet.")  # fmt: skip
@json_option
@session_options
def command(
    selector: str | None, rows: str | None, show: bool, preset: str | None, count: int | None, values: tuple[str, ...],
    **options: Any,
) -> None:  # fmt: skip
    """Choose among rows, and say of every other one why it was not chosen.

    ROWS is a file (JSONL, JSON, CSV, Parquet) or hub:NAME. Without SELECTOR the settings file says which selectors and
    recipes follow each other, as [[make]] tables; each works on the rows of the one before.
    """
    from ..pages.recipe_list import known_selector, selector_lines  # noqa: PLC0415
    from .launch import launch  # noqa: PLC0415  --help of this command must stay quick

    if show:
        click.echo("\n".join(selector_lines(selector)))
        return
    if selector is not None:
        known_selector(selector)
    launch(options, parts_of("SELECTOR", rows, selector, preset, count, values, in_file=options["config"] is not None))
