"""`autoevol journal export | verify | compact RUN`: look after the record of finished calls."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from shlex import quote
from typing import BinaryIO

import click

from ...agents.gateway.books.compact import Compacted, compact
from ...agents.gateway.books.export import export_calls
from ...agents.gateway.books.journal_file import JOURNAL_NAME
from ...agents.gateway.books.salvage import Verdict, verify
from ...agents.gateway.errors import StorageError, UsageError
from .options import runs_option
from .run_list import find_run

__all__ = ["command"]


@click.group()
def command() -> None:
    """Export, check and mend the journal of a run: the record of every finished call."""


@command.command("export")
@click.argument("run")
@click.option("--out", default="-", metavar="FILE", help="File to write; it must not exist yet [default: stdout].")
@click.option("--with-prompts", is_flag=True, help="Tell what was asked too.")
@runs_option
def export(run: str, out: str, with_prompts: bool, runs: Path) -> None:
    """Write the calls of RUN as JSON Lines, ordered by stage and place; also while the run is at work."""
    lines = export_calls(_journal(run, runs), prompts=with_prompts)
    first = next(lines, b"")  # a journal that cannot be read is said before a file is made
    whole = chain([first], lines)
    damaged = _write(sys.stdout.buffer, whole) if out == "-" else _write_file(Path(out), whole)
    if damaged:
        click.echo(
            f"Damaged records left out: {damaged:,}; `autoevol journal verify {quote(run)}` tells more.", err=True
        )
        raise click.exceptions.Exit(1)


@command.command("verify")
@click.argument("run")
@runs_option
def check(run: str, runs: Path) -> None:
    """Look at every record of RUN's journal and say how many are whole. Exit code 1 where any is not."""
    path = _journal(run, runs)
    verdict = verify(path)
    for line in _verdict_lines(path, verdict):
        click.echo(line)
    if verdict.damaged:
        click.echo(
            f"`autoevol journal compact {quote(run)} --salvage` keeps what is whole; only the rest is called again."
        )
        raise click.exceptions.Exit(1)


@command.command("compact")
@click.argument("run")
@click.option("--salvage", is_flag=True, help="Also a damaged one: keep what is whole, and the damaged file beside it.")
@runs_option
def rewrite(run: str, salvage: bool, runs: Path) -> None:
    """Write RUN's journal anew, without gaps and each text once. The run must not be at work."""
    path = _journal(run, runs)
    done = compact(path.parent, salvage=salvage)
    click.echo("\n".join(_compacted_lines(done)))


def _journal(run: str, runs: Path) -> Path:
    return find_run(run, runs) / JOURNAL_NAME


def _write_file(path: Path, lines: Iterable[bytes | None]) -> int:
    try:
        with path.open("xb") as file:
            try:
                return _write(file, lines)
            except BaseException:
                path.unlink(missing_ok=True)  # half a file looks like a whole one
                raise
    except FileExistsError as error:
        raise UsageError(f"{path} exists already.", fix="Choose another --out.") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.", fix="Choose another --out.") from error


def _write(file: BinaryIO, lines: Iterable[bytes | None]) -> int:
    """Write what is whole; how many records are not."""
    damaged = 0
    for line in lines:
        if line is None:
            damaged += 1
        else:
            file.write(line)
    file.flush()
    return damaged


def _verdict_lines(path: Path, verdict: Verdict) -> list[str]:
    said = f"{verdict.calls} calls"
    if verdict.version > 1:
        said += f", {verdict.prompts} prompts"
    lines = [f"{path}: {said} and {verdict.attempts} attempts are whole ({verdict.size / 1e6:,.1f} MB)."]
    lines += [f"Damage: {trouble.rstrip('.')}." for trouble in verdict.troubles]
    if verdict.without_prompt:
        lines.append(f"Calls whose answer is whole, but not what was asked: {verdict.without_prompt:,}.")
    return lines


def _compacted_lines(done: Compacted) -> list[str]:
    before = done.before
    lines = [f"Calls kept: {done.calls:,} ({before.size / 1e6:,.1f} MB before, {done.size / 1e6:,.1f} MB now)."]
    lost = before.calls.known - done.calls
    if lost > 0:
        lines.append(f"Calls lost: {lost:,}; `autoevol resume` makes them again.")
    paid = before.attempts.known - before.attempts.whole
    if paid > 0:
        lines.append(f"Attempts lost: {paid:,}; what they cost is only counted where their calls are whole.")
    if done.kept is not None:
        lines.append(f"The damaged file is kept as {done.kept}.")
    return lines
