"""`autoevol make RECIPE [SEEDS]`: rows by other recipes, or by several in a row."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import PartCommand, json_option, session_options

if TYPE_CHECKING:
    from ..record.tree import Tree

__all__ = ["command", "only_rows", "part_of", "parts_of", "value_in"]


@click.command("make", cls=PartCommand)
@click.argument("recipe", required=False)
@click.argument("seeds", required=False)
@click.option("--list", "show", is_flag=True, help="List the recipes, or the settings of RECIPE, and end.")
@click.option("--preset", metavar="NAME", help="Values of the recipe: recommended, paper or official-code.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Rows to be made, where the recipe makes any.")
@click.option("--with", "values", multiple=True, metavar="NAME=VALUE",
              help="A setting of the recipe, as in --with rounds=2; `--list` names them.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also put the data set here. The file must not exist yet.")  # fmt: skip
@json_option
@session_options
def command(
    recipe: str | None, seeds: str | None, show: bool, preset: str | None, count: int | None, values: tuple[str, ...],
    **options: Any,
) -> None:  # fmt: skip
    """Make rows by a published recipe: evol-instruct, self-instruct, magpie, reflection, ifd, auto-evol, arithmetic;
    or answers by best-answer, tested-code, self-repair.

    SEEDS is a file (JSONL, JSON, CSV, Parquet) or hub:NAME; magpie and arithmetic need none. Without RECIPE, as in
    `make SEEDS --config FILE`, the settings file says which recipes follow each other, as [[make]] tables; each works
    on the rows of the one before.
    """
    from ..pages.recipe_list import known_recipe, recipe_lines  # noqa: PLC0415
    from ..record.making.recipes import RECIPES  # noqa: PLC0415
    from .launch import launch  # noqa: PLC0415  --help of this command must stay quick

    if show:
        click.echo("\n".join(recipe_lines(recipe)))
        return
    if seeds is None and options["config"] is not None and only_rows(recipe, RECIPES):
        recipe, seeds = None, recipe
    if recipe is not None:
        known_recipe(recipe)
    launch(options, parts_of("RECIPE", seeds, recipe, preset, count, values, in_file=options["config"] is not None))


def only_rows(word: str | None, known: Collection[str]) -> bool:
    """Whether the only word beside a settings file, which names the parts, is that of the rows.

    Args:
        word: what stands there.
        known: names of recipes or selectors; a file that is called like one of them is named with its folder.
    """
    if word is None or word in known:
        return False
    return word.startswith("hub:") or "/" in word or bool(Path(word).suffix) or Path(word).is_file()


def parts_of(
    kind: str, source: str | None, name: str | None, preset: str | None, count: int | None, values: tuple[str, ...],
    *, in_file: bool,
) -> Tree:  # fmt: skip
    """The settings of a run of one named recipe or selector (`kind`), or of those that the settings file names.

    Raises:
        UsageError: nothing is named, or a value belongs to nothing.
    """
    said: Tree = {"recipe": "make", **({"seeds": {"source": source}} if source else {})}
    if name is not None:
        said["make"] = [part_of(name, preset, count, values)]
    elif preset is not None or count is not None or values:
        raise click.UsageError(f"--preset, --count and --with need a {kind}.")
    elif not in_file:
        raise click.UsageError(f"Name a {kind} (`--list` lists them), or give a --config with [[make]] tables.")
    return said


def part_of(recipe: str, preset: str | None, count: int | None, values: tuple[str, ...]) -> Tree:
    """The settings of one recipe or selector, as they would stand in a file.

    Raises:
        UsageError: a value is not said as NAME=VALUE, or names another recipe.
    """
    part: Tree = {"recipe": recipe}
    if preset is not None:
        part["preset"] = preset
    if count is not None:
        part["count"] = count
    return {**part, **dict(map(value_in, values))}


def value_in(line: str) -> tuple[str, object]:
    """A setting and its value, as they stand after --with.

    Raises:
        UsageError: they are not said as NAME=VALUE, or another recipe or selector is meant.
    """
    name, equals, text = line.partition("=")
    if not equals or not name.strip():
        raise click.UsageError(f"--with does not understand '{line}'. Write NAME=VALUE, as in rounds=2.")
    if name.strip().rpartition(".")[2] == "recipe":
        raise click.UsageError(f"--with {line}: name the recipe or selector before the rows, as its own word.")
    return name.strip(), _value(text.strip())


def _value(text: str) -> object:
    """As JSON where it is; else the words themselves."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
