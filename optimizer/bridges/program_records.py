"""The folder of a compilation: its name says what it searched, so that no other one is mistaken for it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, cast

from ..record.folder import RunFolder
from ..record.settings import Settings
from .open_door import OpenDoor
from .program_examples import Examples
from .program_offers import told_by
from .program_parts import Wording, told_part
from .rollouts import Item
from .theirs import dspy

__all__ = ["records_of"]

_COUNTED = {"search": True, "run_seed": True, "roles": {"responder", "analyst", "refiner"}}


def records_of(
    door: OpenDoor, lm: Any, student: Any, start: Wording, examples: Examples, most_uses: int | None
) -> tuple[RunFolder, str]:
    """The folder of this very compilation, and the secret of its marks.

    Whatever changes its course changes the name, so a second one with other examples or settings beside it neither
    mixes with it nor is mistaken for it; both share the journal. Steps of an earlier go are cleared: they are written
    anew from the journal, and a go that is stopped sooner must not show those of a longer one.

    Args:
        door: what the calls go through.
        lm: what parts without a model of their own ask.
        student: the program.
        start: its instructions.
        examples: split.
        most_uses: `max_metric_calls`.

    Raises:
        StorageError: the folder cannot be written.
    """
    identity = {
        **door.settings.model_dump(mode="json", include=cast("Any", _COUNTED)),
        "instructions": dict(start.texts), "parts": [told_part(student, name) for name, _ in start.texts],
        "program": _digest(student.dump_state()), "asks": _asked(lm), "max_metric_calls": most_uses,
        "prompts": told_by(door.settings),
        "examples": {
            part: _digest([_told(item) for item in examples.of(seeds)])
            for part, seeds in (
                ("train", examples.split.train), ("dev", examples.split.dev), ("test", examples.split.test)
            )
        },
    }  # fmt: skip
    folder = RunFolder(door.folder / f"compile-{_digest(identity)[:8]}")
    for path in (folder.path / "steps").glob("*.json"):
        path.unlink()
    secret = _secret(folder, door.settings)
    folder.write_json("compile.json", {"secret": secret, **identity, "left out": examples.left_out.as_row()})
    return folder, secret


def _secret(folder: RunFolder, settings: Settings) -> str:
    if (folder.path / "compile.json").is_file():
        return str(cast("dict[str, Any]", folder.read_json("compile.json"))["secret"])
    return settings.secret or secrets.token_hex(16)


def _asked(lm: Any) -> dict[str, Any]:
    """Who is asked, how, and in what form."""
    adapter = dspy().settings.adapter
    return {
        "model": str(lm.model), "arguments": _digest(dict(lm.kwargs)),
        "adapter": "" if adapter is None else type(adapter).__name__,
    }  # fmt: skip


def _told(item: Item) -> list[Any]:
    """All fields of an example, and which of them are inputs."""
    return [item.id, dict(item.example.items()), sorted(item.example.inputs().keys())]


def _digest(value: Any) -> str:
    """64 hex digits over plain values."""
    text = json.dumps(_plain(value), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    """A value as JSON knows it; what has no words of its own counts by its type, for they would hold an address."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in cast("Iterable[Any]", value)]
    if hasattr(value, "model_dump") or hasattr(value, "toDict"):
        return _plain(value.model_dump(mode="json") if hasattr(value, "model_dump") else value.toDict())
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(_plain(each), sort_keys=True) for each in cast("Iterable[Any]", value))
    if value is None or isinstance(value, str | int | float):
        return value
    kind = cast("type[object]", type(value))
    return kind.__name__ if getattr(kind, "__repr__", None) is object.__repr__ else repr(value)
