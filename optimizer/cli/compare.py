"""`autoevol compare A B …`: methods, prompts and finished rows on the same seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..record.tree import Tree
from .options import GroupedCommand, session_options

__all__ = ["NOT_HERE", "command", "compare_tree", "named", "said_of", "shared_options"]

NOT_HERE = {"method", "strategy", "steps", "batch", "candidates", "dev", "test", "apply", "apply_limit",
            "evolver_model", "analyst_model", "refiner_model"}  # fmt: skip


class _Items(click.ParamType[Any, Any]):
    """A number of items, or `all`."""

    name = "items"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """The number; `none` (as settings say it) for all."""
        text = str(value).strip().lower()
        if text in {"all", "none"}:
            return "none"
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            self.fail(f"{value!r} is neither a number above zero nor `all`", param, ctx)
        return int(text)


def shared_options(function: Any) -> Any:
    """What `compare` and `ablate` have in common."""
    for decorate in reversed((
        click.option("--seeds", multiple=True, metavar="FILE",
                     help="File of seeds, or hub:NAME; several make a transfer table."),
        click.option("--items", type=_Items(), metavar="N",
                     help="At most so many of each set, drawn; or all [default: 200]."),
        click.option("--run-seeds", type=click.IntRange(min=1), metavar="N",
                     help="Draw each item so often [default: 1]."),
        click.option("--evolver-model", "evolvers", multiple=True, metavar="LIST",
                     help="Models of the evolver, with commas; also ENDPOINT:MODEL."),
        click.option("--json", "as_json", is_flag=True, help="Print the record as one object."),
    )):  # fmt: skip
        function = decorate(function)
    return function


@click.command("compare", cls=GroupedCommand)
@click.argument("contestants", nargs=-1, metavar="A B ...")
@click.option("--baseline", metavar="NAME", help="Who the others are held against [default: the first].")
@click.option("--pairwise", is_flag=True, default=None, help="The judge also compares every two texts, in both orders.")
@click.option("--external", type=click.Path(path_type=Path), metavar="FILE",
              help="Put scores of trained models (JSON) beside those of one finished RUN.")  # fmt: skip
@shared_options
@session_options
def command(contestants: tuple[str, ...], external: Path | None, **options: Any) -> None:
    """Hold A, B … against each other on the same seeds: table with intervals, ranking by evidence, examples.

    Each is a method (a shipped name, a file, a run's folder or name), a prompt of your own (a text file with
    {instruction} in it), or finished rows of any tool (JSONL and the like, paired by the seed's text or id). NAME=A
    names it. The first is the baseline. With --external it makes no run: it looks at one that is finished.
    """
    if external is not None:
        _bring(contestants, external, options)
        return
    from .launch import launch  # noqa: PLC0415  --help of this command must stay quick

    said = said_of(options)
    if contestants:
        said["contestants"] = list(contestants)
    for name in ("baseline", "pairwise"):
        value = options.pop(name)
        said |= {name: value} if value is not None else {}
    launch(named(options, "compare"), compare_tree(said))


def _bring(contestants: tuple[str, ...], external: Path, options: dict[str, Any]) -> None:
    """Scores from elsewhere beside those of a run; no call is made."""
    import json  # noqa: PLC0415  as below

    from ..pages.comparison import write_comparison  # noqa: PLC0415
    from ..pages.comparison_table import comparison_file  # noqa: PLC0415
    from ..pages.external import bring  # noqa: PLC0415
    from ..pages.external_table import external_table  # noqa: PLC0415
    from ..pages.report import write_report  # noqa: PLC0415
    from .run_list import find_run  # noqa: PLC0415

    others = [name for name, value in options.items() if value and name not in {"as_json", "runs", "quiet", "yes"}]
    if len(contestants) != 1 or others:
        what = f"--{others[0].replace('_', '-')} has no place there" if others else "name one"
        raise click.UsageError(f"--external takes one finished RUN, and makes none: {what}.")
    folder = find_run(contestants[0], options["runs"] or Path("runs"))
    view = bring(folder, external)
    record = comparison_file(folder)
    page = (write_report if record is None else write_comparison)(folder)
    if options["as_json"]:
        held: Tree = {} if record is None else json.loads(record.read_text(encoding="utf-8"))
        click.echo(json.dumps({**held, "external": view.as_object()}, ensure_ascii=False, indent=2))
        return
    click.echo(f"{external_table(view)}\nReport: {page}")


def said_of(options: dict[str, Any]) -> Tree:
    """The settings under `compare` that the shared options give; takes these out of the options, but for `as_json`."""
    seeds, evolvers = options.pop("seeds"), options.pop("evolvers")
    items, run_seeds = options.pop("items"), options.pop("run_seeds")
    said: Tree = {"source": seeds[0], "seeds": list(seeds[1:])} if seeds else {}
    if evolvers:
        said["evolvers"] = [name.strip() for each in evolvers for name in each.split(",") if name.strip()]
    return {
        **said,
        **{name: value for name, value in (("items", items), ("run_seeds", run_seeds)) if value is not None},
    }


def named(options: dict[str, Any], name: str) -> dict[str, Any]:
    """The options with a name for the run, where neither they nor a settings file may have one."""
    return options if options["name"] or options["config"] else {**options, "name": name}


def compare_tree(said: Tree) -> Tree:
    """What such a command says, as a tree of settings."""
    source = said.pop("source", None)
    return {"recipe": "compare", "compare": said, **({"seeds": {"source": source}} if source else {})}


command.params = [parameter for parameter in command.params if parameter.name not in NOT_HERE]
