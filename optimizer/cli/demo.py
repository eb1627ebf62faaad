"""`autoevol demo`: the whole job on an embedded model, or a recorded longer run of it."""

from __future__ import annotations

from pathlib import Path

import click

from .options import runs_option

__all__ = ["command"]


@click.command("demo")
@click.option("--replay", is_flag=True, help="Play a recorded longer run through the real loop: seconds, no calls.")
@click.option("--long", is_flag=True, help="The longer run itself, as it was recorded: about half an hour on 2 cores.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@runs_option
def command(replay: bool, long: bool, quiet: bool, runs: Path) -> None:
    """Watch the whole job: search a method, prove it on held-out seeds, apply it, read the report.

    It needs no key and no GPU. The embedded models (1.2 GB) are fetched once.
    """
    if replay and long:
        raise click.UsageError("--replay and --long exclude each other.")
    if replay:
        _replay(runs, quiet=quiet)
    else:
        _live(runs, long=long, quiet=quiet)


def _replay(runs: Path, *, quiet: bool) -> None:
    from ..demo.job import recording_label, unpack_recording  # noqa: PLC0415  --help must stay quick
    from .launch import follow  # noqa: PLC0415
    from .planning import Outlook  # noqa: PLC0415

    folder = unpack_recording(runs)
    line = f"This is a RECORDED run ({recording_label(folder)}): its journal answers every call, nothing is called."
    follow(folder, Outlook(line=line), quiet=quiet, replay=True)


def _live(runs: Path, *, long: bool, quiet: bool) -> None:
    import anyio  # noqa: PLC0415  --help must stay quick

    from ...agents.gateway.engine.local_engine import check_installed  # noqa: PLC0415
    from ..demo.forecast import forecast, measure_speed  # noqa: PLC0415
    from ..demo.job import MODELS, demo_settings  # noqa: PLC0415
    from ..session import create_run  # noqa: PLC0415
    from .launch import follow  # noqa: PLC0415
    from .models import fetch_shown  # noqa: PLC0415
    from .planning import Outlook  # noqa: PLC0415

    check_installed()
    for name in MODELS:
        fetch_shown(name)
    settings = demo_settings(long=long)
    click.echo("Measuring how fast the model is on this machine …", err=True)
    line = forecast(settings, anyio.run(measure_speed, settings))
    folder = create_run(settings, runs)
    follow(folder, Outlook(settings.search.steps, line), quiet=quiet)
