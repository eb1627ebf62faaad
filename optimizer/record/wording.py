"""What pydantic says about a setting, in one sentence: which one, where it was said, what it must be."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from ...agents.gateway.errors import UsageError
from .keys import looks_like_key
from .making.recipes import PARTS
from .schema import every_name, fields_at

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["Place", "sentence_of"]

_TABLE, _LIST, _WHOLE = "must be a table of settings", "must be a list", "must be a whole number"
_NUMBER, _TEXT = "must be a number", "must be text"
_MUST = {
    "bool_parsing": "must be true or false", "bool_type": "must be true or false",
    "dict_type": _TABLE, "model_type": _TABLE, "model_attributes_type": _TABLE,
    "float_parsing": _NUMBER, "float_type": _NUMBER, "finite_number": _NUMBER,
    "int_from_float": _WHOLE, "int_parsing": _WHOLE, "int_type": _WHOLE,
    "list_type": _LIST, "string_type": _TEXT, "tuple_type": _LIST,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where settings were said: a file (may be empty), and the flags, which win."""

    file: str
    flags: Mapping[str, object] = field(default_factory=dict[str, object])

    def of(self, path: tuple[str | int, ...]) -> str:
        """In words, where the setting at this path comes from."""
        node: object = self.flags
        for part in _in_recipe(path) or path:
            here = _entries(node)
            if part not in here:
                return f"in {self.file}" if self.file else "in the settings"
            node = here[part]
        return "on the command line"


def _entries(node: object) -> Mapping[Any, object]:
    if isinstance(node, list | tuple):
        return dict(enumerate(cast("list[object]", node)))
    return cast("Mapping[Any, object]", node) if isinstance(node, Mapping) else {}


def _in_recipe(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The place of a recipe's setting without the name of the recipe, which pydantic puts into it; empty for others."""
    if len(path) <= 3 or path[0] != "make" or path[2] not in PARTS:
        return ()
    return (*path[:2], *path[3:5], *path[6:]) if _in_member(path) else (*path[:2], *path[3:])


def _in_member(path: tuple[str | int, ...]) -> bool:
    """Whether it is a setting of a member of a panel: members, its name, the name of its selector, the setting."""
    return len(path) > 5 and path[2:4] == ("panel", "members")


def sentence_of(error: ValidationError, model: type[BaseModel], place: Place) -> UsageError:
    """The first thing that is wrong, unknown names before unfit values, and how many more there are."""
    details = sorted(error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")
    first, more = details[0], len(details) - 1
    path = tuple(part for part in first["loc"] if part != "[key]")
    rest = f" ({more} more after it.)" if more else ""
    if first["type"] == "extra_forbidden":
        return UsageError(f"There is no setting {_dotted(path)} {place.of(path)}.{rest}", fix=_suggestion(path, model))
    text = _must(first)
    end = "" if text.endswith("?") else "."
    fix = _example(first["type"], path) or "Change it and start again."
    return UsageError(f"{_dotted(path) or 'A setting'} {place.of(path)} {text}{end}{rest}", fix=fix)


def _example(kind: str, path: tuple[str | int, ...]) -> str:
    """How the list or table that a setting of a recipe has to be is written; empty for any other."""
    name = str(path[-1]) if path else ""
    fields = PARTS[str(path[5 if _in_member(path) else 2])].model_fields if _in_recipe(path) else {}
    if _MUST.get(kind) not in (_LIST, _TABLE) or name not in fields:
        return ""
    usual = to_jsonable_python(fields[name].get_default(call_default_factory=True))
    value = json.dumps(usual or (["NAME"] if _MUST[kind] == _LIST else {"NAME": 1}), ensure_ascii=False)
    return f"On the command line it is JSON, as in --with {name}='{value}'."


def _must(detail: ErrorDetails) -> str:
    if detail["loc"][:1] == ("make",) and detail["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return _which_recipe(detail)
    if detail["loc"] == ("make",):
        return "must be a list of tables, as in [[make]]"
    message = _MUST.get(detail["type"]) or detail["msg"].replace("Input should be", "must be").rstrip(".")
    if not message.startswith("must"):
        message = f"does not fit: {message.removeprefix('Value error, ')}"
    given = detail["input"]
    told = detail["type"] == "value_error" and str(given) in message
    if isinstance(given, str | int | float | bool) and not told and not looks_like_key(str(given)):
        message += f", not {given!r}" if len(str(given)) <= 40 else ""
    return message


def _which_recipe(detail: ErrorDetails) -> str:
    given: object = detail["input"]
    said = cast("Mapping[str, object]", given).get("recipe") if isinstance(given, Mapping) else None
    must = f"must say which recipe: {', '.join(PARTS)}"
    if not isinstance(said, str) or len(said) > 40 or looks_like_key(said):
        return must
    close = difflib.get_close_matches(said, PARTS, n=1)
    return f"{must}, not {said!r}" + (f". Did you mean {close[0]!r}?" if close else "")


def _dotted(path: tuple[str | int, ...]) -> str:
    if path[:1] == ("make",) and len(path) == 2:  # counted from 1, as a person does
        return f"[[make]] table {int(path[1]) + 1}"
    if path[:1] == ("make",) and len(path) == 3:
        return f"[[make]] table {int(path[1]) + 1} ({path[2]})"
    inner = _in_recipe(path)
    text = ".".join(str(part) for part in (inner[2:] or path))
    text = f"`{text}`" if inner and text in ("of", "by") else text  # names that read as words of the sentence
    text += f" of {path[2]}" if inner else ""
    return "(a key)" if looks_like_key(text) else text


def _suggestion(path: tuple[str | int, ...], model: type[BaseModel]) -> str:
    """The same name in another table, else the closest name in this one, else all of them."""
    of_recipe = bool(_in_recipe(path))
    kind = str(path[5 if _in_member(path) else 2]) if of_recipe else ""
    known = [*PARTS[kind].model_fields] if of_recipe else list(fields_at(path[:-1], model))
    known += ["model"] if len(path) == 1 else []  # which stands beside the settings: the model of every role
    elsewhere = [name for name in every_name(model) if name.rpartition(".")[2] == str(path[-1])]
    if elsewhere and not of_recipe:
        return f"Did you mean {elsewhere[0]}?"
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    if close:
        return f"Did you mean {_dotted((*path[:-1], close[0]))}?"
    return f"Known there: {', '.join(known)}."
