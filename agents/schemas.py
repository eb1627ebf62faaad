"""JSON schemas that answers are held to, as text: part of a call's key, so their words and order stay as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping

__all__ = ["INTEGER", "TEXT", "list_of", "one_of", "row_of", "schema"]

TEXT: Mapping[str, object] = {"type": "string"}
INTEGER: Mapping[str, object] = {"type": "integer"}


def one_of(*words: str) -> Mapping[str, object]:
    """One of these words."""
    return {"type": "string", "enum": list(words)}


def list_of(item: Mapping[str, object]) -> Mapping[str, object]:
    """Any number of these."""
    return {"type": "array", "items": item}


def row_of(**fields: object) -> Mapping[str, object]:
    """An object with exactly these fields, in this order."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def schema(**fields: object) -> str:
    """The schema of an answer, as text: an object with exactly these fields, in this order."""
    return json.dumps(row_of(**fields), ensure_ascii=False)
