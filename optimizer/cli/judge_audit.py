"""`autoevol judge-audit [FILE]`: how good a judge is, on rows of which a person has said what is wrong."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import GroupedCommand, session_options

if TYPE_CHECKING:
    from ..auditing import Plan
    from ..record.settings import Settings

__all__ = ["command"]

_SAID = ("base_url", "model", "local", "script", "key_env", "key_file", "judge_model", "price", "rpm", "tpm",
         "concurrency", "detectors", "prompts", "seed", "config", "set")  # fmt: skip
_HERE = {*_SAID, "file", "folder", "limit", "language", "everything", "as_json", "budget", "dry_run", "yes", "quiet"}
_LANGUAGES = ("en", "zh")


@click.command("judge-audit", cls=GroupedCommand)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of this audit; one that was begun there is continued [default: runs/<date>-judge-audit].",
)
@click.option("--all", "everything", is_flag=True, help="Show the judge also the rows that a free detector stops.")
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
@session_options
def command(file: Path | None, folder: Path | None, everything: bool, as_json: bool, **options: Any) -> None:
    """Measure the judge on the labelled rows of FILE, or on the shipped set.

    As in a run the free detectors come first, and each row that they let through is shown in both orders, every fifth
    once more. Prints precision and recall by class and language, noise, order bias and abstentions, and writes
    audit.json and audit.md. With --folder it goes on where it was broken off, and pays for nothing twice.
    """
    import json  # noqa: PLC0415  --help of this command must stay quick
    from functools import partial  # noqa: PLC0415

    import anyio  # noqa: PLC0415

    from ..auditing import run_audit  # noqa: PLC0415
    from ..pages.audit import audit_lines  # noqa: PLC0415
    from ..pages.progress import make_watcher  # noqa: PLC0415
    from .launch import interruptible  # noqa: PLC0415

    options |= {"file": file, "everything": everything}
    begun = folder is not None and _begun(folder)
    plan = _continued(folder, options) if folder is not None and begun else _said(options)
    if options["dry_run"]:
        click.echo("\n".join([*_outlook(plan), "Nothing was called and no folder was made."]))
        return
    if folder is None or not begun:
        plan, folder = _made(plan, folder, yes=options["yes"])
    again = shlex.join(["autoevol", "judge-audit", "--folder", str(folder)])
    with interruptible(folder, again), make_watcher(quiet=options["quiet"]) as watcher:
        watcher.begin(folder, _outlook(plan)[0])
        report = anyio.run(partial(run_audit, plan, folder, watcher))
        watcher.end("")
    click.echo(json.dumps(report.as_row(), ensure_ascii=False, indent=2) if as_json else "\n".join(audit_lines(report)))
    if not as_json:
        click.echo(f"\nFiles: {folder / 'audit.md'}, {folder / 'audit.json'}")


def _begun(folder: Path) -> bool:
    """Whether an audit was begun in a folder.

    Raises:
        UsageError: the folder holds something else.
    """
    from ...agents.gateway.errors import UsageError  # noqa: PLC0415
    from ..auditing import FROZEN  # noqa: PLC0415

    if (folder / FROZEN).exists():
        return True
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} holds something else than an audit.", fix="Name another --folder.")
    return False


def _continued(folder: Path, options: Mapping[str, Any]) -> Plan:
    """An audit that was begun, with new caps where some are given."""
    from dataclasses import replace  # noqa: PLC0415

    from ..auditing import open_audit  # noqa: PLC0415
    from .parsing import parse_budget  # noqa: PLC0415

    given = [options[name] for name in (*_SAID, "file", "limit", "language", "everything")]
    plan = open_audit(folder, _said(options) if any(value not in (None, (), False) for value in given) else None)
    if not options["budget"]:
        return plan
    caps = plan.settings.budget
    raised = type(caps).model_validate({**caps.model_dump(), **parse_budget(options["budget"])})
    return replace(plan, settings=plan.settings.model_copy(update={"budget": raised}))


def _made(plan: Plan, folder: Path | None, *, yes: bool) -> tuple[Plan, Path]:
    """Check what can be checked, ask, and make the folder."""
    from ..auditing import create_audit  # noqa: PLC0415
    from ..session import new_folder  # noqa: PLC0415
    from .launch import ask_consent, check_choices, check_endpoints, refuse_unknown_prices  # noqa: PLC0415

    check_choices(plan.settings)
    check_endpoints(plan.settings)
    refuse_unknown_prices(plan.settings)
    ask_consent(plan.settings, plan.estimate, yes=yes)
    folder = new_folder(Path("runs"), "judge-audit") if folder is None else folder
    return create_audit(plan, folder), folder


def _said(options: Mapping[str, Any]) -> Plan:
    from ..auditing import plan_audit  # noqa: PLC0415

    return plan_audit(_settings(options), everything=options["everything"])


def _settings(options: Mapping[str, Any]) -> Settings:
    """What the options say, with the judge in every seat: no other model needs a name, a key or a price."""
    from ..record.abilities import refuse_unable, with_abilities  # noqa: PLC0415
    from ..record.config import resolve  # noqa: PLC0415
    from ..record.pricing import models_in_use, priced  # noqa: PLC0415
    from ..record.settings import Roles, SeedSettings  # noqa: PLC0415
    from ..record.tree import merge  # noqa: PLC0415
    from .options import flags_of  # noqa: PLC0415

    file = options["file"]
    rows = SeedSettings(
        source=str(file.resolve()) if file else "", limit=options["limit"], language=options["language"]
    )
    flags = flags_of({name: options[name] for name in (*_SAID, "budget")})
    if options["judge_model"] and not options["config"]:
        flags.setdefault("model", options["judge_model"])
    fixed = {"name": "judge-audit", "profile": "recommended", "quirks": ["none"], "judge": True}
    settings = resolve(options["config"], merge(flags, fixed))
    seat = settings.roles.judge
    roles = {
        name: getattr(settings.roles, name).model_copy(update={"endpoint": seat.endpoint, "model": seat.model})
        for name in Roles.model_fields
    }
    alone = settings.model_copy(update={"roles": Roles.model_validate(roles), "seeds": rows})
    reached = dict.fromkeys(name for name, _ in models_in_use(alone))
    endpoints = {name: settings.endpoints[name] for name in reached}
    alone = with_abilities(priced(alone.model_copy(update={"endpoints": endpoints})))
    refuse_unable(alone)
    return alone


def _outlook(plan: Plan) -> list[str]:
    from ..pages.outlook import money_words  # noqa: PLC0415

    estimate = plan.estimate
    stopped = len(plan.rows) - len(plan.shown)
    apart = f" ({stopped} are stopped by free detectors; --all shows them too)" if stopped else ""
    return [
        f"{len(plan.rows)} labelled rows, {len(plan.shown)} for the judge{apart}. {plan.calls:,} calls, "
        f"about {estimate.expected_tokens:,} tokens ({money_words(estimate, plan.settings)})."
    ]


for _parameter in command.params:
    if _parameter.name == "limit" and isinstance(_parameter, click.Option):
        _parameter.help = "So many rows, drawn at random [default: all]."
    if _parameter.name == "language" and isinstance(_parameter, click.Option):
        _parameter.help = "Only the rows of this language: en or zh."
        _parameter.type = click.Choice(_LANGUAGES)
command.params = [parameter for parameter in command.params if parameter.name in _HERE]
