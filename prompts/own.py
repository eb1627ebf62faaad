"""A person's own prompts: a folder of them, one file, or what an optimizer of DSPy made of one.

`judge.en.md` is a prompt in the form of ours; `judge.en.json` (or `judge.json`) a program that DSPy saved, whose
instructions stand for the prompt. There a variable is told as the field of its name, between backticks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any, cast

__all__ = ["PromptError", "as_instructions", "as_prompt", "own_texts", "read_text"]

_NAME = re.compile(r"(.+?)(?:\.([a-z]{2,3}))?")


class PromptError(ValueError):
    """A prompt file is missing, is not text, or does not hold exactly the variables that its agent fills."""


def own_texts(place: Path, variables: Mapping[str, frozenset[str]]) -> Mapping[tuple[str, str], tuple[str, str]]:
    """The prompts of a person: by task and language, the file's name and its text.

    Args:
        place: a folder, or a file.
        variables: of every task that there is.

    Raises:
        PromptError: there is no such place, a name that no agent asks for (a slip, so it is said), or no text.
    """
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for path in _files(place):
        name = _NAME.fullmatch(path.stem)
        task = name[1] if name else ""
        if name is None or task not in variables or (path.suffix == ".md" and not name[2]):
            raise PromptError(f"{path.name} is not a prompt that anybody asks for. Names: {', '.join(variables)}.")
        key = (task, name[2] or "en")
        if key in found:
            raise PromptError(f"{path.name} and {found[key][0]} are the same prompt; keep one of them.")
        text = read_text(path)
        found[key] = (path.name, text if path.suffix == ".md" else as_prompt(_saved(path, text), variables[task]))
    return found


def as_instructions(text: str) -> str:
    """A prompt as the instructions of a program: `$name` becomes the field of that name, `$$` a dollar sign."""
    return Template(text).substitute(_Fields())


def as_prompt(instructions: str, variables: Iterable[str]) -> str:
    """The instructions of a program as a prompt. A variable that they no longer name follows at the end."""
    text = instructions.strip().replace("$", "$$")
    for name in sorted(variables):
        field = f"`{name}`"
        # Between braces where a letter follows, as in "`clauses`s".
        named = re.sub(rf"{field}(?=[A-Za-z0-9_])", f"${{{name}}}", text).replace(field, f"${name}")
        text = named if field in text else f"{text}\n\n${name}"
    return text


def read_text(path: Path) -> str:
    """A text file, without white space round it.

    Raises:
        PromptError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise PromptError(f"{path.name} is not UTF-8 text.") from error
    except OSError as error:
        raise PromptError(f"{path.name} cannot be read: {error.strerror}.") from error


class _Fields(dict[str, str]):
    """Every variable, as a field is told."""

    def __missing__(self, name: str) -> str:
        return f"`{name}`"


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        found = sorted([*place.glob("*.*.md"), *place.glob("*.json")])
        if not found:
            raise PromptError(f"The folder {place} holds no prompt; one is named like judge.en.md or judge.json.")
        return found
    if not place.is_file():
        raise PromptError(f"The folder or file of prompts {place} does not exist.")
    if place.suffix not in {".md", ".json"}:
        raise PromptError(f"{place.name} is no prompt: it must be named like judge.en.md or judge.en.json.")
    return [place]


def _saved(path: Path, text: str) -> str:
    """The instructions of the one predictor in a program that DSPy saved."""
    try:
        state: object = json.loads(text)
    except ValueError as error:
        raise PromptError(f"{path.name} is not JSON.") from error
    found = list(_instructions(state))
    if len(found) != 1:
        raise PromptError(f"{path.name} is not a program of one predictor, as DSPy saves it: it has {len(found)}.")
    return found[0]


def _instructions(state: object) -> Iterator[str]:
    if isinstance(state, dict):
        fields = cast("dict[str, Any]", state)
        signature = fields.get("signature")
        if isinstance(signature, dict):
            said = cast("dict[str, Any]", signature).get("instructions")
            if isinstance(said, str) and said.strip():
                yield said
            return
        for each in fields.values():
            yield from _instructions(each)
