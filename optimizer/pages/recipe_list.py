"""The recipes of `autoevol make` and their settings, for the terminal."""

from __future__ import annotations

import difflib
import inspect
import re

from pydantic_core import PydanticUndefined

from ...agents.gateway.errors import UsageError
from ..record.making.part import PartSettings
from ..record.making.recipes import RECIPES

__all__ = ["known_recipe", "recipe_lines"]


def recipe_lines(name: str | None) -> list[str]:
    """All recipes with what each is; or one, with its settings, their defaults and what its presets say.

    Raises:
        UsageError: there is no such recipe.
    """
    if name is None:
        width = max(map(len, RECIPES))
        lines = [f"{each:<{width}}  {_summary(kind)}" for each, kind in RECIPES.items()]
        return [*lines, "", "`autoevol make RECIPE --list` shows the settings of one."]
    kind = known_recipe(name)
    told = _arguments(kind)
    lines = [_summary(kind), ""]
    for field, info in kind.model_fields.items():
        if field == "recipe":
            continue
        default = info.get_default(call_default_factory=True)
        shown = "" if default is PydanticUndefined else f" [{default!r}]"
        lines.append(f"  {field}{shown}  {told.get(field, '')}".rstrip())
    lines += [f"  preset {preset}: {dict(values)}" for preset, values in kind.PRESETS.items()]
    return lines


def known_recipe(name: str) -> type[PartSettings]:
    """The settings of a recipe.

    Raises:
        UsageError: there is no such recipe.
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise UsageError(f"There is no recipe '{name}'.{hint}", fix=f"Recipes are: {', '.join(RECIPES)}.")
    return RECIPES[name]


def _summary(kind: type[PartSettings]) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]


def _arguments(kind: type[PartSettings]) -> dict[str, str]:
    """What the docstring says of each field, in one line each."""
    text = (inspect.getdoc(PartSettings) or "") + "\n\n" + (inspect.getdoc(kind) or "")
    found = re.findall(r"^ {4}(\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", text, re.MULTILINE)
    return {name: " ".join(words.split()) for names, words in found for name in names.split(", ")}
