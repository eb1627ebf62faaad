"""`autoevol methods`: the shipped starting methods, and those of a run."""

from __future__ import annotations

from pathlib import Path

import click

from ...agents.gateway.errors import StorageError, UsageError
from ...agents.method import WHOLE, Method
from ...agents.method_file import RUN_METHOD, diff_with_reasons, dump_method, load_method, why_lines
from ...agents.reading import one_line
from ...prompts import LANGUAGES, method_names
from .run_list import find_run

__all__ = ["command", "find_method"]

_runs = click.option("--runs", default="runs", show_default=True, help="Folder in which runs are looked for by name.")
_language = click.option(
    "--language", default="en", show_default=True, type=click.Choice(LANGUAGES), help="Of shipped methods."
)


def find_method(name: str, runs: str, language: str) -> Method:
    """A method by shipped name, path of a file, path of a run, or name of a run (its best method).

    Raises:
        UsageError: there is none, or it breaks the contract.
    """
    if name in method_names() or Path(name).exists():
        return load_method(name, language)
    there = Path(runs) / name
    return load_method(str(there if there.exists() else _run_of(name, runs) or name), language)


def _run_of(name: str, runs: str) -> Path | None:
    """The run of this name, whole or its end, as everywhere; None where there is none.

    Raises:
        UsageError: more than one ends so.
    """
    root = Path(runs)
    ending = sorted(path for path in root.glob("*") if path.name.endswith(f"-{name}") and path.is_dir())
    return find_run(name, root) if any((path / "settings.json").is_file() for path in ending) else None


@click.group()
def command() -> None:
    """List, show, compare and export evolving methods."""


@command.command("list")
@click.argument("run", required=False)
@_runs
def list_methods(run: str | None, runs: str) -> None:
    """List the shipped methods, or every method of RUN: the best, each step's and its candidates."""
    if run is None:
        for name in method_names():
            for language in LANGUAGES:
                _say(name, load_method(name, language))
        return
    folder = next((path for path in (Path(run), Path(runs) / run) if path.is_dir()), None) or _run_of(run, runs)
    if folder is None:
        raise UsageError(f"There is no run {run!r}.", fix="Give the folder of a run; `autoevol runs` lists them.")
    files = [folder / RUN_METHOD, *sorted((folder / "steps").glob(f"**/{RUN_METHOD}"), key=_place)]
    files = [file for file in files if file.is_file()]
    if not files:
        raise UsageError(f"The run {run} has no methods yet.", fix="Wait for its first step, or resume it.")
    for file in files:
        place = str(file.parent.relative_to(folder))
        try:
            _say("best" if place == "." else place, load_method(str(file)))
        except UsageError as error:
            click.echo(f"{place:32}  {error.problem}")


@command.command("show")
@click.argument("method")
@click.option("--why", is_flag=True, help="Each clause with the step, the finding and the cases that it comes from.")
@_language
@_runs
def show(method: str, why: bool, language: str, runs: str) -> None:
    """Show METHOD: a shipped name, a method file, or a run (its best method)."""
    found = find_method(method, runs, language)
    if why:
        click.echo("\n".join(why_lines(found)))
    else:
        click.echo(dump_method(found), nl=False)


@command.command("diff")
@click.argument("old")
@click.argument("new")
@_language
@_runs
def diff(old: str, new: str, language: str, runs: str) -> None:
    """Compare two methods clause by clause; where NEW knows why a clause came in, that is said."""
    before, after = (find_method(name, runs, language) for name in (old, new))
    if before.id == after.id:
        click.echo(f"The clauses are the same ({before.id}).")
        return
    click.echo(f"--- {one_line(before.name) or old} ({before.id})\n+++ {one_line(after.name) or new} ({after.id})")
    click.echo(diff_with_reasons(before, after))


@command.command("export")
@click.argument("method")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--force", is_flag=True, help="Replace the file where it exists.")
@_language
@_runs
def export(method: str, out: Path, force: bool, language: str, runs: str) -> None:
    """Write METHOD as a file that can be edited and given to `--method`."""
    text = dump_method(find_method(method, runs, language))
    try:
        with out.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{out} exists already.", fix="Choose another --out, or add --force.") from error
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}.", fix="Choose another --out.") from error
    click.echo(f"Wrote {out}")


def _say(place: str, method: Method) -> None:
    """One line: where, id, language, clauses, and what it was made for or begins with."""
    # What a model or a file wrote may hold what a terminal would obey.
    plain = method.control in {"", WHOLE}
    about = one_line(method.why) or (one_line(method.clauses[0]) if plain else f"control: {method.control}")
    short = about if len(about) <= 60 else f"{about[:59]}…"
    size = "one text" if method.control == WHOLE else f"{len(method.clauses)} clauses"
    click.echo(f"{place:32}  {method.id}  {method.language}  {size}  {short}")


def _place(file: Path) -> tuple[tuple[int, str], ...]:
    """Order by number where a folder is numbered: candidate 10 comes after candidate 9."""
    return tuple((int(part) if part.isdigit() else -1, part) for part in file.parent.parts)
