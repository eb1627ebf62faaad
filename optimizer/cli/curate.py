"""`autoevol curate SELECTOR ROWS`: some of the rows, by one selector, by several side by side or in a row."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .make import only_rows, part_of, parts_of, value_in
from .options import PartCommand, json_option, session_options

if TYPE_CHECKING:
    from ..record.tree import Tree

__all__ = ["command"]


@click.command("curate", cls=PartCommand)
@click.argument("selector", required=False, metavar="[SELECTOR[,SELECTOR…]]")
@click.argument("rows", required=False)
@click.option("--list", "show", is_flag=True, help="List the selectors, or the settings of SELECTOR, and end.")
@click.option("--preset", metavar="NAME", help="Values of the selector: recommended, paper or official-code.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Rows to be kept, where it keeps a number.")
@click.option("--with", "values", multiple=True, metavar="NAME=VALUE",
              help="A setting of the selector, as in --with of=instruction; `--list` names them.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also put the chosen rows here. The file must not exist yet.")  # fmt: skip
@json_option
@session_options
def command(
    selector: str | None, rows: str | None, show: bool, preset: str | None, count: int | None, values: tuple[str, ...],
    **options: Any,
) -> None:  # fmt: skip
    """Choose among rows, and say of every other one why it was not chosen.

    Several selectors with commas choose from the same rows, side by side: `curate diverse,facility,lima ROWS --count
    200` keeps what any of them chose (--with votes=2: what two did), shows what they share, and leaves a data set of
    each. NAME=SELECTOR gives one a name of its own, and --with NAME.SETTING=VALUE a setting.

    ROWS is a file (JSONL, JSON, CSV, Parquet) or hub:NAME. Without SELECTOR, as in `curate ROWS --config FILE`, the
    settings file says which selectors and recipes follow each other, as [[make]] tables; each works on the rows of the
    one before.
    """
    from ..pages.recipe_list import known_selector, panel_lines, selector_lines  # noqa: PLC0415
    from ..record.curating.selectors import SELECTORS  # noqa: PLC0415
    from .launch import launch  # noqa: PLC0415  --help of this command must stay quick

    if rows is None and options["config"] is not None and only_rows(selector, SELECTORS) and not show:
        selector, rows = None, selector
    several = selector is not None and ("," in selector or "=" in selector)
    if show:
        if selector is not None and several:
            listed = panel_lines({name: str(said["recipe"]) for name, said in _members_of(selector).items()})
        else:
            listed = selector_lines(selector)
        click.echo("\n".join(listed))
        return
    in_file = options["config"] is not None
    if selector is not None and several:
        said = {**parts_of("SELECTOR", rows, None, None, None, (), in_file=True),
                "make": [_panel_of(selector, preset, count, values)]}  # fmt: skip
    else:
        if selector is not None:
            known_selector(selector)
        said = parts_of("SELECTOR", rows, selector, preset, count, values, in_file=in_file)
    launch(options, said)


def _panel_of(words: str, preset: str | None, count: int | None, values: tuple[str, ...]) -> Tree:
    """The settings of a panel: `diverse,far=diverse`, with `far.start=100` among the values.

    Raises:
        UsageError: there is no such selector, two members have one name, or a value names the members anew.
    """
    from ..pages.recipe_list import known_selector  # noqa: PLC0415  as above
    from ..record.curating.panel import PanelSettings  # noqa: PLC0415

    members = _members_of(words)
    known = {name: list(known_selector(str(said["recipe"])).model_fields) for name, said in members.items()}
    own: dict[str, object] = {}
    for setting, value in map(value_in, values):
        name, dot, inner = setting.removeprefix("members.").partition(".")
        if setting == "members":
            raise click.UsageError("--with members=…: the members are named before ROWS, as in diverse,far=diverse.")
        if not dot:
            own[_of_panel(setting, list(PanelSettings.model_fields), known)] = value
        elif name in members:
            members[name][_of_member(name, inner, known[name])] = value
        else:
            raise click.UsageError(f"--with {setting}: there is no member {name}. Members are: {', '.join(members)}.")
    return {**part_of("panel", preset, count, ()), **own, "members": members}


def _members_of(words: str) -> dict[str, dict[str, object]]:
    """The members by name: `diverse,far=diverse`.

    Raises:
        UsageError: there is no such selector, or two members have one name.
    """
    from ..pages.recipe_list import known_selector  # noqa: PLC0415  as above

    members: dict[str, dict[str, object]] = {}
    for word in words.split(","):
        name, equals, selector = (each.strip() for each in word.partition("="))
        selector = selector if equals else name
        if not (name and selector):
            raise click.UsageError(
                f"'{words}' lacks a name. Write selectors with commas and no spaces, as in diverse,far=diverse."
            )
        known_selector(selector)
        if name in members:
            raise click.UsageError(f"Two members are called {name}: name one of them, as in other={selector}.")
        members[name] = {"recipe": selector}
    return members


def _of_panel(setting: str, known: list[str], members: Mapping[str, list[str]]) -> str:
    """A setting of the panel itself.

    Raises:
        UsageError: there is none; members that have one of this name are named.
    """
    if setting in known:
        return setting
    able = next((name for name, has in members.items() if setting in has), "")
    close = difflib.get_close_matches(setting, known, n=1)
    hint = (f"Of a member write --with {able}.{setting}=…" if able
            else f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(known)}.")  # fmt: skip
    raise click.UsageError(f"--with {setting}: a panel has no such setting. {hint}")


def _of_member(name: str, setting: str, known: list[str]) -> str:
    """A setting of a member.

    Raises:
        UsageError: its selector has none.
    """
    if setting in known:
        return setting
    close = difflib.get_close_matches(setting, known, n=1)
    hint = f"Did you mean --with {name}.{close[0]}=…?" if close else f"Known are: {', '.join(known)}."
    raise click.UsageError(f"--with {name}.{setting}: the member {name} has no such setting. {hint}")
