"""A settings file as a tree of plain values: TOML, YAML or JSON by its ending."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import cast

import yaml

from ...agents.gateway.errors import UsageError
from .tree import Tree

__all__ = ["read_config"]


def read_config(path: Path) -> Tree:
    """Read a settings file.

    Raises:
        UsageError: it is not there, cannot be read, has another ending, or is not a table of settings.
    """
    if path.suffix.lower() not in {".toml", ".yaml", ".yml", ".json"}:
        raise UsageError(f"{path} is no settings file.", fix="Its name must end in .toml, .yaml, .yml or .json.")
    found = _parse(path, _text_of(path))
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds no settings.", fix="Write names and values; `autoevol init` shows how.")
    _check_names(path, cast("dict[object, object]", found))
    return cast("Tree", found)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"There is no settings file {path}.", fix="`autoevol init` writes one.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.", fix="Save it as UTF-8.") from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", fix="Check the path and its permissions."
        ) from None


def _parse(path: Path, text: str) -> object:
    """The parsers' own messages may quote the text, and the text may hold a key: only the place is passed on."""
    try:
        if path.suffix.lower() == ".toml":
            return tomllib.loads(text)
        if path.suffix.lower() == ".json":
            return json.loads(text) if text.strip() else None
        return cast("object", yaml.safe_load(text))
    except tomllib.TOMLDecodeError as error:
        where = str(error).rpartition("(at ")[2].rstrip(")") if "(at " in str(error) else "some line"
        raise UsageError(f"{path} is not valid TOML at {where}.", fix="Mend that line.") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"{path} is not valid JSON at line {error.lineno}.", fix="Mend that line.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark is not None else "some line"
        raise UsageError(f"{path} is not valid YAML at {where}.", fix="Mend that line.") from None
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply.", fix="Settings are at most a few tables deep.") from None


def _check_names(path: Path, tree: dict[object, object], depth: int = 0) -> None:
    """YAML allows any value as a name, and references to itself; settings have neither."""
    if depth > 20:
        raise UsageError(f"{path} is nested too deeply.", fix="Settings are at most a few tables deep.")
    for key, value in tree.items():
        if not isinstance(key, str):
            raise UsageError(f"{path} has a name that is not text.", fix="Put names in quotes.")
        if isinstance(value, dict):
            _check_names(path, cast("dict[object, object]", value), depth + 1)
