"""`autoevol resume RUN`: run a folder again; the journal answers what was already paid for."""

from __future__ import annotations

from pathlib import Path

import click

from .options import json_option, runs_option

__all__ = ["command"]


@click.command("resume")
@click.argument("run")
@click.option("--budget", multiple=True, metavar="CAP",
              help="New caps, such as 10usd or 5000calls. They count from the beginning of the run.")  # fmt: skip
@click.option("--set", "lines", multiple=True, metavar="NAME=VALUE",
              help="Change a setting that is harmless, as in --set endpoints.default.rpm=60.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also put the data set here. The file must not exist yet.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say how the run stands and what is left: no call.")
@click.option("--detach", "away", is_flag=True, help="Run in the background, with its log in the run folder.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@json_option
@runs_option
def command(
    run: str, budget: tuple[str, ...], lines: tuple[str, ...], out: Path | None, runs: Path, **flags: bool
) -> None:  # fmt: skip
    """Continue RUN (a folder, or the name of one in --runs) from wherever it stands.

    Only what had not finished is called. Caps count over all sessions of a run, so one that was reached must be raised.
    What is said with --budget and --set is recorded and holds from then on; a setting that answers or decisions rest
    on is refused.
    """
    from ..record.changes import asked_changes, in_force, settings_now  # noqa: PLC0415  --help must stay quick
    from ..record.folder import RunFolder  # noqa: PLC0415
    from .launch import check_out, follow, refuse_unknown_prices  # noqa: PLC0415
    from .planning import outlook, plan_of  # noqa: PLC0415
    from .remaining import left_lines  # noqa: PLC0415
    from .run_list import find_run, read_entry  # noqa: PLC0415
    from .show import standing_lines  # noqa: PLC0415

    folder = find_run(run, runs)
    before, said = settings_now(RunFolder(folder)), _said(lines, budget)
    changes = asked_changes(before, said)
    settings = in_force(before, changes)
    refuse_unknown_prices(settings, "--set 'endpoints.NAME.prices.MODEL={input=IN,output=OUT}'")
    if flags["dry_run"]:
        entry = read_entry(folder)
        left = list(left_lines(folder, settings)) if entry.state != "finished" else []
        told = [f"It would change {change.words}." for change in changes]
        click.echo("\n".join([*standing_lines(entry), *told, *left, "Nothing was called."]))
        return
    place = check_out(out, settings)
    if flags["away"]:
        from .background import detach  # noqa: PLC0415

        detach(folder, place, [*(f"--budget={cap}" for cap in budget), *(f"--set={line}" for line in lines)])
        return
    plan = outlook(plan_of(settings, proving=False, folder=folder))
    follow(folder, plan, quiet=flags["quiet"], out=place, said=said, as_json=flags["as_json"])


def _said(lines: tuple[str, ...], budget: tuple[str, ...]) -> dict[str, object]:
    from ..record.tree import merge  # noqa: PLC0415
    from .parsing import parse_budget, parse_set  # noqa: PLC0415

    said: dict[str, object] = {}
    for line in lines:
        said = merge(said, parse_set(line))
    return merge(said, {"budget": parse_budget(budget)}) if budget else said
