"""Settings before they are checked: tables within tables of plain values, and what may be done with them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

__all__ = ["Tree", "anchor_paths", "drop_other_kinds", "merge", "table"]

Tree = dict[str, object]
_KINDS = ("base_url", "local", "packaged", "script")
_DATA = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".pq", ".gz")
_CALLED = re.compile(r"\w[\w .-]{0,39}=")


def table(tree: Mapping[str, object], key: str) -> Tree:
    """The table of this name; a new, empty one where there is none, or something else in its place."""
    value = tree.get(key)
    return cast("Tree", value) if isinstance(value, dict) else {}


def merge(under: Mapping[str, object], over: Mapping[str, object]) -> Tree:
    """A new tree with the tables of both; `over` wins where both say something."""
    result: Tree = {}
    for key in (*under, *(key for key in over if key not in under)):
        low, high = under.get(key), over.get(key, under.get(key))
        if isinstance(high, Mapping):
            below = cast("Mapping[str, object]", low if isinstance(low, Mapping) else {})
            result[key] = merge(below, cast("Mapping[str, object]", high))
        else:
            result[key] = high
    return result


def anchor_paths(tree: Tree, folder: Path) -> None:
    """Paths are read from the folder in which they were written, so that a run goes on from anywhere."""
    _anchor(table(tree, "seeds"), "source", folder, lambda text: text.startswith("hub:"))
    _anchor(table(tree, "search"), "method", folder, _is_name)
    _anchor(tree, "prompts", folder, lambda text: not text)
    _anchor(table(tree, "export"), "folder", folder, lambda _: False)
    _anchor_each(tree, "reuse", folder, _is_name)
    _anchor_each(table(tree, "compare"), "seeds", folder, lambda text: text.startswith("hub:"))
    _anchor_contestants(table(tree, "compare"), folder)
    endpoints = table(tree, "endpoints")
    for name in endpoints:
        endpoint = table(endpoints, name)
        _anchor(endpoint, "local", folder, _is_name)
        _anchor(endpoint, "script", folder, lambda _: False)
        _anchor(endpoint, "key_file", folder, lambda _: False)


def drop_other_kinds(from_file: Tree, said: Tree) -> None:
    """A flag that says where the models are replaces what the file says, and is not added to it."""
    above = table(said, "endpoints")
    for name in above:
        if any(kind in table(above, name) for kind in _KINDS):
            old = table(table(from_file, "endpoints"), name)
            for kind in _KINDS:
                old.pop(kind, None)


def _is_name(text: str) -> bool:
    """Whether a text names something of ours and is not a path."""
    return "/" not in text and os.sep not in text and not text.endswith((".gguf", ".md", ".json", ".toml", ".txt"))


def _anchor(tree: Tree, key: str, folder: Path, keep: Callable[[str], bool]) -> None:
    value = tree.get(key)
    if isinstance(value, str) and value and not keep(value):
        tree[key] = os.path.normpath(folder / _home(value))


def _anchor_each(tree: Tree, key: str, folder: Path, keep: Callable[[str], bool]) -> None:
    values = tree.get(key)
    if isinstance(values, list | tuple):
        places: Tree = {str(place): each for place, each in enumerate(cast("list[object]", values))}
        for place in places:
            _anchor(places, place, folder, keep)
        tree[key] = list(places.values())


def _anchor_contestants(tree: Tree, folder: Path) -> None:
    """Each may begin with `NAME=`; what could be the name of a method or of a run stays."""
    values = tree.get("contestants")
    if not isinstance(values, list | tuple):
        return
    anchored: list[object] = []
    for value in cast("list[object]", values):
        name = _CALLED.match(value) if isinstance(value, str) and not (folder / _home(value)).exists() else None
        place: Tree = {"it": value[name.end() :] if name is not None and isinstance(value, str) else value}
        _anchor(place, "it", folder, lambda text: _is_name(text) and not text.endswith(_DATA))
        anchored.append(f"{name[0]}{place['it']}" if name is not None else place["it"])
    tree["contestants"] = anchored


def _home(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no home folder for this user: the text is taken as it stands
        return Path(text)
