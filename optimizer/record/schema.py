"""The names that settings may have, read off their models."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .tree import Tree

__all__ = ["every_name", "fields_at", "say_none"]


def fields_at(path: tuple[str | int, ...], model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of the table at a path; empty where it is no table of ours."""
    node: object = model
    for part in path:
        node = _inside(node, str(part))
    return _fields(node)


def every_name(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """Every dotted name, those of tables within tables included."""
    for name, info in model.model_fields.items():
        yield before + name
        inner = _plain(info.annotation)
        if _fields(inner):
            yield from every_name(cast("type[BaseModel]", inner), f"{before}{name}.")


def say_none(tree: Tree, node: object) -> None:
    """Turn the word `none` into None where a setting may be absent: TOML has no word for it."""
    for key, value in tree.items():
        if isinstance(value, dict):
            say_none(cast("Tree", value), _inside(node, key))
        elif value == "none" and key in _fields(node):
            annotation = _fields(node)[key].annotation
            if type(None) in get_args(annotation) and str not in get_args(annotation):
                tree[key] = None


def _inside(node: object, part: str) -> object:
    if part in _fields(node):
        return _plain(_fields(node)[part].annotation)
    return _plain(get_args(node)[1]) if get_origin(node) is dict else None


def _fields(node: object) -> Mapping[str, FieldInfo]:
    return node.model_fields if isinstance(node, type) and issubclass(node, BaseModel) else {}


def _plain(annotation: object) -> object:
    """`X | None` as `X`."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return next((each for each in get_args(annotation) if each is not type(None)), None)
    return annotation
