"""A DSPy program as something to search over: the instructions of its parts, and what each part takes and gives.

A *part* is a predictor (`named_predictors`); a *wording* is one instruction for each of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from ...agents.gateway.errors import UsageError
from ...agents.reading import json_lines
from .dspy_lm import GatewayEngine
from .open_door import OpenDoor
from .theirs import dspy

__all__ = ["Wording", "field_texts", "part_of", "refuse_foreign", "told_part", "with_wording", "wording_of"]


@dataclass(frozen=True, slots=True)
class Wording:
    """The instructions of all parts of a program that may be changed.

    Args:
        texts: (name of the part, instruction), in the order of the program.
        part: the part that differs from its parent; empty for the start.
        parent: id of the wording that it was made from; empty for the start.
        why: what the change was meant to mend.
    """

    texts: tuple[tuple[str, str], ...]
    part: str = ""
    parent: str = ""
    why: str = ""

    @property
    def id(self) -> str:
        """12 hex digits of SHA-256 over names and texts: the same instructions are the same wording."""
        return hashlib.sha256(json.dumps(self.texts).encode()).hexdigest()[:12]

    def of(self, part: str) -> str:
        """The instruction of a part."""
        return dict(self.texts)[part]

    def but(self, part: str, text: str, why: str) -> Wording:
        """The same with another instruction in one part."""
        texts = tuple((name, text if name == part else old) for name, old in self.texts)
        return Wording(texts, part, self.id, why)


def wording_of(program: Any, parts: Sequence[str] | None) -> Wording:
    """The instructions of a program, as far as they may be changed.

    Args:
        program: a `dspy.Module`.
        parts: names of the parts that may be changed; None for all.

    Raises:
        UsageError: it has no part, or none of that name.
    """
    found = {name: str(predictor.signature.instructions) for name, predictor in program.named_predictors()}
    if not found:
        raise UsageError("The program has no predictor, so there is no instruction to improve.",
                         fix="Give a program with a dspy.Predict in it that is not compiled (frozen) yet.")  # fmt: skip
    for name in parts or ():
        if name not in found:
            raise UsageError(f"The program has no predictor '{name}'.", fix=f"It has: {', '.join(found)}.")
    return Wording(tuple((name, text) for name, text in found.items() if parts is None or name in parts))


def with_wording(program: Any, wording: Wording) -> Any:
    """A deep copy of the program with these instructions."""
    copy = program.deepcopy()
    texts = dict(wording.texts)
    for name, predictor in copy.named_predictors():
        if name in texts and texts[name] != predictor.signature.instructions:
            predictor.signature = predictor.signature.with_instructions(texts[name])
    return copy


def told_part(program: Any, name: str) -> str:
    """What a part takes and gives, as JSON lines for those who look at it."""
    predictors = dict(program.named_predictors())
    signature = predictors[name].signature
    row = {"part": name, "parts in all": len(predictors)} if len(predictors) > 1 else {}
    return json_lines([{
        **row,
        "takes": dict(_fields(signature.input_fields.items())), "gives": dict(_fields(signature.output_fields.items())),
    }])  # fmt: skip


def part_of(program: Any, predictor: Any) -> str:
    """The name of a predictor that stands in a trace; empty for one that is not in the program."""
    parts = program.named_predictors()
    for name, known in parts:
        if known is predictor:
            return str(name)
    # A program may copy its parts before it uses them.
    alike = [name for name, known in parts if known.signature == predictor.signature]
    return str(alike[0]) if len(alike) == 1 else ""


def refuse_foreign(program: Any, door: OpenDoor) -> None:
    """Every call goes through this door, also those of a predictor or an adapter with a model of its own.

    What is set only while the program or the metric runs cannot be seen here.

    Raises:
        UsageError: one does not.
    """
    theirs = dspy()
    owners = [(f"predictor '{name}'", predictor.lm) for name, predictor in program.named_predictors()]
    adapter = theirs.settings.adapter
    owners += [
        (f"adapter {type(adapter).__name__}", value)
        for value in getattr(adapter, "__dict__", {}).values() if isinstance(value, theirs.BaseLM)
    ]  # fmt: skip
    for owner, lm in owners:
        engine = getattr(lm, "engine", None)
        if lm is not None and not (isinstance(engine, GatewayEngine) and engine.opens(door)):
            raise UsageError(
                f"The {owner} has a model of its own that does not go through this gateway.",
                fix="Give it gateway_lm(door, model=…), or none.",
            )


def field_texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Field values as texts."""
    return {str(name): _plain(value) for name, value in values.items()}


def _plain(value: Any) -> str:
    """A field value as text: a string as it is, else JSON where it has that form."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        return str(value)


def _kind(annotation: Any) -> str:
    """A type in words: a choice by its words, others as Python writes them."""
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    return annotation.__name__ if isinstance(annotation, type) else re.sub(r"(?:\w+\.)+(\w)", r"\1", str(annotation))


def _fields(fields: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, str]]:
    for name, field in fields:
        said = _kind(field.annotation)
        extra: Mapping[str, Any] = field.json_schema_extra or {}
        told = str(extra.get("desc", ""))
        yield name, said if told in {"", f"${{{name}}}"} else f"{said}: {told}"
