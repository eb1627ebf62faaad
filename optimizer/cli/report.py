"""`autoevol report RUN`: the page of a run, finished or not."""

from __future__ import annotations

from pathlib import Path

import click

from .options import runs_option

__all__ = ["command"]


@click.command("report")
@click.argument("run")
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it [default: report.html in the folder of the run].",
)  # fmt: skip
@runs_option
def command(run: str, out: Path | None, runs: Path) -> None:
    """Write the page of RUN (a folder, or the name of one in --runs) as one file that needs no network.

    It has the story, the scores, the tree of methods with the cause of every changed clause, every item under every
    method, every row and every dropped row. A run that goes on has a page, too.
    """
    from ..pages.comparison import write_comparison  # noqa: PLC0415  --help of this command must stay quick
    from ..pages.files import RunFiles  # noqa: PLC0415
    from ..pages.records import StatusRecord  # noqa: PLC0415
    from ..pages.report import write_report  # noqa: PLC0415
    from .run_list import find_run  # noqa: PLC0415

    folder = find_run(run, runs)
    status = RunFiles(folder).record("status.json", StatusRecord)
    write = write_comparison if status is not None and status.recipe == "compare" else write_report
    click.echo(str(write(folder, out)))
