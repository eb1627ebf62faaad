"""Writes docs/cli.md from the commands themselves: `python -m tests.cli_reference > docs/cli.md`."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterable, Iterator

import click

from autoevol.optimizer.cli import COMMANDS, autoevol
from autoevol.optimizer.cli.options import session_options

__all__ = ["reference"]

_Record = tuple[str, str]
_MANY = 10  # options in common: fewer are listed at the command

_HEAD = """\
# The command line

Made from the code by `python -m tests.cli_reference > docs/cli.md`; a test compares the two. What `--help` of a command
says is the same. What an option sets is in [settings](settings.md), exit codes are in [runs](runs.md#exit-codes).

Every command knows `--help` and `--debug` (tracebacks, also by `AUTOEVOL_DEBUG=1`); `autoevol --version` says the
version.
"""
_SHARED = """\
## Options of every session

Those commands share them that make a run or look at what a run would need; each has those that mean something to it.
"""


def reference() -> str:
    """The whole page."""
    shared = list(_records(_sharing))
    parts = [_HEAD, "| command | what it does |\n|---|---|"]
    parts += [f"| [`{name}`](#{name}) | {_cell(text)} |" for name, (_, text) in COMMANDS.items()]
    context = click.Context(autoevol, info_name="autoevol")
    for name in COMMANDS:
        command = autoevol.get_command(context, name)
        assert command is not None
        parts += ["", *_section(command, name, "##", set(shared))]
    return "\n".join([*parts, "", _SHARED, *_table(shared), ""])


@click.command("shared")
@session_options
def _sharing(**_: object) -> None:
    """Nothing; it only holds the options."""


def _records(command: click.Command) -> Iterator[_Record]:
    context = click.Context(command, info_name=command.name, max_content_width=110)
    for parameter in command.params:
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None and "--debug" not in parameter.opts:
            yield record


def _section(command: click.Command, name: str, level: str, shared: set[_Record]) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    yield f"{level} `{name}`\n"
    yield f"    {' '.join([name, *command.collect_usage_pieces(context)])}\n"
    yield _prose(command.help or "")
    records = list(_records(command))
    alike = shared.intersection(records) if len(shared.intersection(records)) >= _MANY else set[_Record]()
    own = [record for record in records if record not in alike]
    if own:
        yield ""
        yield from _table(own)
    if alike:
        yield "\nAnd the [options of every session](#options-of-every-session)."
    if isinstance(command, click.Group):
        for child, inner in command.commands.items():
            yield ""
            yield from _section(inner, f"{name} {child}", "###", shared)


def _prose(text: str) -> str:
    """Paragraphs; one that click leaves as it is stands as a block."""
    return "\n\n".join(
        textwrap.indent(textwrap.dedent(each.strip("\b\n")), "    ")
        if "\b" in each
        else textwrap.fill(" ".join(each.split()), 120)
        for each in inspect.cleandoc(text).split("\n\n")
        if each.strip()
    )


def _table(records: Iterable[_Record]) -> Iterator[str]:
    yield "| option | meaning |\n|---|---|"
    for option, meaning in records:
        yield f"| `{_cell(option)}` | {_cell(meaning)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
