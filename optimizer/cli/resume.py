"""`autoevol resume RUN`: run a folder again; the journal answers what was already paid for."""

from __future__ import annotations

from pathlib import Path

import click

from .options import runs_option

__all__ = ["command"]


@click.command("resume")
@click.argument("run")
@click.option("--budget", multiple=True, metavar="CAP",
              help="New caps, such as 10usd or 5000calls. They count from the beginning of the run.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also put the data set here. The file must not exist yet.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say how the run stands and what is left: no call.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@runs_option
def command(run: str, budget: tuple[str, ...], out: Path | None, dry_run: bool, quiet: bool, runs: Path) -> None:
    """Continue RUN (a folder, or the name of one in --runs) from wherever it stands.

    Only what had not finished is called. Caps count over all sessions of a run, so one that was reached must be raised.
    """
    from ..record.config import thaw  # noqa: PLC0415  --help of this command must stay quick
    from .launch import check_out, follow  # noqa: PLC0415
    from .parsing import parse_budget  # noqa: PLC0415
    from .planning import outlook, plan_of  # noqa: PLC0415
    from .remaining import left_lines  # noqa: PLC0415
    from .run_list import find_run, frozen_settings, read_entry  # noqa: PLC0415
    from .show import standing_lines  # noqa: PLC0415

    folder = find_run(run, runs)
    settings = thaw(frozen_settings(folder))
    caps = settings.budget
    raised = type(caps).model_validate({**caps.model_dump(), **parse_budget(budget)}) if budget else None
    now = settings.model_copy(update={"budget": raised or caps})
    if dry_run:
        entry = read_entry(folder)
        left = list(left_lines(folder, now)) if entry.state != "finished" else []
        click.echo("\n".join([*standing_lines(entry), *left, "Nothing was called."]))
        return
    place = check_out(out, settings)
    follow(folder, outlook(plan_of(settings, proving=False, folder=folder)), quiet=quiet, out=place, budget=raised)
