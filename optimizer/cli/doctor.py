"""`autoevol doctor`: find out by a few small calls what an endpoint can do, and keep it for the runs to come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from .options import session_options

if TYPE_CHECKING:
    from ...agents.gateway.doctor.findings import Findings

__all__ = ["command"]

_HERE = {"base_url", "model", "local", "key_env", "key_file", "price", "config", "set"}


@click.command("doctor")
@click.option("--endpoint", metavar="NAME", help="Only this endpoint of the settings [default: every one in use].")
@click.option(
    "--calls", type=click.IntRange(min=1), default=18, metavar="N", help="Calls at most, for each model [18]."
)
@click.option("--save/--no-save", default=True, help="Keep what is found out for new runs [--save].")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
@session_options
def command(endpoint: str | None, calls: int, save: bool, as_json: bool, **options: Any) -> None:
    """Examine the models that a run with these options would use.

    It asks about 15 small questions of each: what it offers (JSON, several answers, seeds, log-probabilities, raw
    completions, embeddings), what it refuses, which limits it announces, how fast it is, and in which form it gives
    texts back best. New runs take that over, and refuse at once what an endpoint cannot do.
    """
    import anyio  # noqa: PLC0415  --help of this command must stay quick

    from ...agents.gateway.errors import AutoEvolError, UsageError  # noqa: PLC0415
    from ..checkup import check_up  # noqa: PLC0415
    from ..pages.checkup import findings_lines  # noqa: PLC0415
    from ..record.abilities import keep  # noqa: PLC0415
    from ..record.config import resolve  # noqa: PLC0415
    from ..record.pricing import models_in_use  # noqa: PLC0415
    from .options import flags_of  # noqa: PLC0415

    settings = resolve(options["config"], flags_of(options))
    pairs = [pair for pair in models_in_use(settings) if endpoint in {None, pair[0]}]
    if not pairs:
        names = ", ".join(dict.fromkeys(name for name, _ in models_in_use(settings)))
        raise UsageError(f"No role uses an endpoint '{endpoint}'.", fix=f"Endpoints in use are: {names}.")
    found: list[Findings] = []
    failed: AutoEvolError | None = None
    for name, model in pairs:
        findings, path = None, None
        try:
            findings = anyio.run(check_up, settings, name, model, calls)
            path = keep(findings, settings.endpoints[name]) if save else None
        except AutoEvolError as error:
            if failed is not None:
                click.echo(f"autoevol: {failed}", err=True)
            failed = error
        if findings is not None:
            # Also where it could not be kept: it was paid for.
            found.append(findings)
            if not as_json:
                click.echo("\n".join(findings_lines(findings, path)))
    if as_json:
        click.echo(json.dumps([findings.model_dump(mode="json") for findings in found], ensure_ascii=False, indent=2))
    if failed is not None:
        raise failed


command.params = [
    parameter
    for parameter in command.params
    if parameter.name in _HERE or parameter.name in {"endpoint", "calls", "save", "as_json"}
]
