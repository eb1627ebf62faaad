"""`autoevol runs`: the runs of a folder, one a line."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .options import runs_option

__all__ = ["command"]

_HEAD: tuple[str, ...] = ("run", "recipe", "state", "steps", "rows", "calls", "cost")


@click.command("runs")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
def command(runs: Path, as_json: bool) -> None:
    """List the runs of a folder: name, recipe, state, steps, rows, calls and cost."""
    from .run_list import list_runs  # noqa: PLC0415  --help of this command must stay quick

    entries = [] if runs == Path("runs") and not runs.exists() else list(list_runs(runs))
    if as_json:
        click.echo(json.dumps([entry.as_row() for entry in entries], ensure_ascii=False, indent=2))
        return
    if not entries:
        click.echo(f"No runs in {runs} yet. `autoevol optimize SEEDS` or `autoevol demo` makes one.")
        return
    rows = [list(_HEAD)]
    for entry in entries:
        steps = "-" if entry.steps is None else f"{entry.steps_done or 0}/{entry.steps}"
        figures = (_number(entry.rows), _number(entry.calls), entry.cost)
        rows.append([Path(entry.folder).name, entry.recipe or "-", entry.state, steps, *figures])
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
