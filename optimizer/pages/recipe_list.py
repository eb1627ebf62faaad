"""The recipes of `autoevol make`, the selectors of `autoevol curate` and their settings, for the terminal."""

from __future__ import annotations

import difflib
import inspect
import json
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic_core import PydanticUndefined, to_jsonable_python

from ...agents.gateway.errors import UsageError
from ..record.curating.selectors import SELECTORS
from ..record.making.part import PartSettings
from ..record.making.recipes import RECIPES

__all__ = ["known_recipe", "known_selector", "panel_lines", "recipe_lines", "selector_lines"]


def recipe_lines(name: str | None) -> list[str]:
    """All recipes with what each is; or one, with its settings, their defaults and what its presets say.

    Raises:
        UsageError: there is no such recipe.
    """
    if name is None:
        return [*_every(RECIPES), "", "`autoevol make RECIPE --list` shows the settings of one."]
    return _settings_of(known_recipe(name))


def selector_lines(name: str | None) -> list[str]:
    """The same of selectors.

    Raises:
        UsageError: there is no such selector.
    """
    if name is None:
        return [*_every(SELECTORS), "", "`autoevol curate SELECTOR --list` shows the settings of one."]
    return _settings_of(known_selector(name))


def panel_lines(members: Mapping[str, str]) -> list[str]:
    """The settings of a panel and those of its members.

    Args:
        members: selector by name.

    Raises:
        UsageError: there is no such selector.
    """
    kinds = {name: known_selector(selector) for name, selector in members.items()}
    lines = [*_settings_of(SELECTORS["panel"])]
    for name, kind in kinds.items():
        lines += ["", f"Of the member {name}, as in --with {name}.SETTING=VALUE:", "", *_settings_of(kind)]
    return lines


def _every(kinds: Mapping[str, type[PartSettings]]) -> list[str]:
    width = max(map(len, kinds))
    return [f"{each:<{width}}  {_summary(kind)}" for each, kind in kinds.items()]


def _settings_of(kind: type[PartSettings]) -> list[str]:
    told = _arguments(kind)
    lines = [_summary(kind), ""]
    for field, info in kind.model_fields.items():
        if field == "recipe":
            continue
        default = info.get_default(call_default_factory=True)
        shown = "" if default is PydanticUndefined else f" [{_json(default)}]"
        words = ", ".join(("recommended", *kind.PRESETS)) if field == "preset" else told.get(field, "")
        lines.append(f"  {field}{shown}  {words}".rstrip())
    lines += [f"  preset {preset}: {_json(values)}" for preset, values in kind.PRESETS.items()]
    return lines


def _json(value: object) -> str:
    """As --with takes it."""
    return json.dumps(to_jsonable_python(value), ensure_ascii=False)


def known_recipe(name: str) -> type[PartSettings]:
    """The settings of a recipe.

    Raises:
        UsageError: there is no such recipe.
    """
    if name in SELECTORS:
        raise UsageError(f"{name} chooses among rows and makes none.", fix=f"Write: autoevol curate {name} ROWS.")
    return _known(name, RECIPES, "recipe")


def known_selector(name: str) -> type[PartSettings]:
    """The settings of a selector.

    Raises:
        UsageError: there is no such selector.
    """
    if name in RECIPES:
        raise UsageError(f"{name} is a recipe.", fix=f"Write: autoevol make {name} SEEDS.")
    return _known(name, SELECTORS, "selector")


def _known(name: str, kinds: Mapping[str, type[PartSettings]], what: str) -> type[PartSettings]:
    if name not in kinds:
        if Path(name).is_file():
            command = "make" if what == "recipe" else "curate"
            raise UsageError(
                f"{name} is a file of rows, and no {what} is named.",
                fix=f"Write `autoevol {command} {what.upper()} {name}`, or give a --config with [[make]] tables too.",
            )
        near = difflib.get_close_matches(name, kinds, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise UsageError(f"There is no {what} '{name}'.{hint}", fix=f"{what.capitalize()}s are: {', '.join(kinds)}.")
    return kinds[name]


def _summary(kind: type[PartSettings]) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]


def _arguments(kind: type[PartSettings]) -> dict[str, str]:
    """What the docstring says of each field, in one line each; tables as --with takes them, in JSON."""
    text = (inspect.getdoc(PartSettings) or "") + "\n\n" + (inspect.getdoc(kind) or "")
    found = re.findall(r"^ {4}(\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", text, re.MULTILINE)
    return {name: _line(words) for names, words in found for name in names.split(", ")}


def _line(words: str) -> str:
    return re.sub(r"\bNone\b", "null", " ".join(words.split())).replace('" = ', '": ')
