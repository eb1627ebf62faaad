"""The command `autoevol`, one file a command. A command's module is imported when it is called, not before.

`autoevol --help` answers from the table below, so that it needs neither the settings nor any library but click.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence

import click

from .boundary import guard

__all__ = ["COMMANDS", "autoevol", "main"]

# name → where the command is, and what the list of commands says about it.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo:command", "Watch the whole job on an embedded model, in under 10 minutes."),
    "optimize": ("optimize:command", "Search the best evolving method for your seeds, prove it, apply it."),
    "estimate": ("estimate:command", "Say what a run would take and could prove; nothing is called."),
    "doctor": ("doctor:command", "Find out by a few small calls what an endpoint can do."),
    "resume": ("resume:command", "Continue a run that was stopped or killed; nothing is paid for twice."),
    "watch": ("watch:command", "Watch how a run goes, from another terminal."),
    "steer": ("steer:command", "Pause, stop or correct a run while it is at work, from another terminal."),
    "evolve": ("evolve:command", "Apply one method to every seed, without a search."),
    "make": ("make:command", "Make rows by Evol-Instruct, Self-Instruct, Magpie or Selective Reflection."),
    "curate": ("curate:command", "Choose among rows: without twins, the best, the most diverse, each with its reason."),
    "score": ("score:command", "Score given rows by IFD with a student, and choose by it (Superfiltering)."),
    "compare": ("compare:command", "Hold methods, prompts and other tools' rows against each other on the same seeds."),
    "ablate": ("ablate:command", "Measure what each clause of a method is worth."),
    "bench": ("bench:command", "Search by several strategies at equal budget: quality against cost, with intervals."),
    "check": ("check:command", "Run the failure detectors over a file of evolved rows."),
    "judge-audit": ("judge_audit:command", "Measure a judge on rows of which a person has said what is wrong."),
    "detectors": ("detectors:command", "List the detectors and checks of an item, with what each costs."),
    "runs": ("runs:command", "List the runs of a folder."),
    "show": ("show:command", "Tell what a run did, decided and cost, and where its files are."),
    "report": ("report:command", "Write the page of a run: one file that needs no network."),
    "ui": ("ui:command", "Serve the pages of all runs on this machine, live while they go on."),
    "export": ("export:command", "Write a run's data set, or a file of rows, in the form that trainers read."),
    "mix": ("mix:command", "Mix sets of rows: two stages (DMT), shares, weights of skills (Skill-it)."),
    "pack": ("pack:command", "Plan which rows share a training sequence, and what of it is learnt."),
    "overlap": ("overlap:command", "Look for text of benchmarks in made data (n-grams of 8 and 13 words)."),
    "audit": ("audit:command", "Ask you the four questions of a quality review about rows of a run."),
    "methods": ("methods:command", "List, show, compare and export evolving methods."),
    "journal": ("journal:command", "Export, check and mend the record of a run's calls."),
    "models": ("models:command", "List and fetch the embedded models."),
    "provider": ("provider:command", "Serve a simulated provider with limits and faults, for rehearsals."),
    "init": ("init:command", "Write a commented settings file to start from."),
}


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports each only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command and let it understand `--debug`.

        Raises:
            UsageError: there is no command of this name.
        """
        if cmd_name.startswith("-"):
            return None
        if cmd_name not in COMMANDS:
            close = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(f"There is no command '{cmd_name}'.{hint}", ctx)
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f".{module}", __name__), attribute)
        _understand_debug(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _understand_debug(command: click.Command) -> None:
    """`--debug` is read by the boundary before click sees it; here it is only allowed everywhere."""
    commands = [command, *command.commands.values()] if isinstance(command, click.Group) else [command]
    for each in commands:
        if not any("--debug" in parameter.opts for parameter in each.params):
            each.params.append(_debug_option())


def _debug_option() -> click.Option:
    return click.Option(["--debug"], is_flag=True, expose_value=False, help="Show tracebacks (also AUTOEVOL_DEBUG=1).")


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415  reading it costs time that --help need not spend

        click.echo(f"autoevol {version('autoevol')}")
        ctx.exit()


@click.group(
    cls=_LazyGroup,
    params=[
        _debug_option(),
        click.Option(
            ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_show_version,
            help="Show the version and exit.",
        ),
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Start with `autoevol demo`, or with `autoevol init` and `autoevol optimize SEEDS --config run.toml`.",
)  # fmt: skip
def autoevol() -> None:
    """Make instruction data for fine-tuning, and improve the prompts that make it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code: 0 done, 1 failure, 2 usage, 130 stopped by Ctrl-C."""
    raise SystemExit(guard(autoevol, arguments))
