"""`autoevol ui`: the pages of all runs of a folder, served on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from .options import runs_option

__all__ = ["command"]


@click.command("ui")
@runs_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; another asks for a token.")
@click.option(
    "--port", default=8321, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option(
    "--allow-host", "allowed", multiple=True, metavar="NAME", help="Another name by which the page may be called."
)
@click.option("--token", default="", metavar="TEXT", help="The token to ask for [default: drawn, where one is needed].")
def command(runs: Path, host: str, port: int, allowed: tuple[str, ...], token: str) -> None:
    """Serve the pages of all runs, live while they go on, until Ctrl-C.

    The same page as `autoevol report` for every run, with news as they come; any two methods or runs side by side;
    your verdicts on examples (labels.jsonl, for `autoevol judge-audit`), your edits of rows, and the quality review.
    Only this machine can reach it; with another --host it asks for a token. Needs `pip install 'autoevol[ui]'`.
    """
    import secrets  # noqa: PLC0415  --help of this command must stay quick
    from importlib.util import find_spec  # noqa: PLC0415

    from ...agents.gateway.errors import UsageError  # noqa: PLC0415

    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise UsageError("The live page needs a small server library.", fix="pip install 'autoevol[ui]'")
    if not runs.is_dir():
        raise UsageError(f"There is no folder {runs}.", fix="Give the folder of runs with --runs.")
    from ..live.guard import Rules, is_loopback  # noqa: PLC0415
    from ..live.server import make_app, open_door, serve  # noqa: PLC0415

    token = token or ("" if is_loopback(host) else secrets.token_urlsafe(24))
    with open_door(host, port) as door:
        port = door.getsockname()[1]
        app = make_app(runs, Rules((host, *allowed), port, token))
        called = f"[{host}]" if ":" in host else host
        click.echo(f"AutoEvol is at http://{called}:{port}/{f'?token={token}' if token else ''}  (Ctrl-C ends it)")
        serve(app, door)
