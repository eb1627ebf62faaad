"""A JSON value that fits a JSON schema: objects, lists, strings, numbers, enums. What is left open stays short."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol, cast

from .draws import digest_of, mixed

__all__ = ["Fitting", "Speaker", "schema_of"]

_DEEPEST = 12


class Speaker(Protocol):
    """Who says what stands in the fields."""

    @property
    def chance(self) -> int:
        """Root of all draws."""
        ...

    def text(self, label: str) -> str:
        """A text for a field."""
        ...

    def choice(self, label: str, options: list[str]) -> str:
        """One of a few words for a field."""
        ...

    def rewritten(self) -> tuple[str, ...]:
        """The clauses of a method, changed."""
        ...


def schema_of(body: Mapping[str, object]) -> Mapping[str, object] | None:
    """The schema that the answer must fit: of OpenAI's `response_format`, or of vLLM's and llama.cpp's own fields."""
    wanted = _mapping(body.get("response_format"))
    if wanted.get("type") == "json_schema":
        return _mapping(_mapping(wanted.get("json_schema")).get("schema"))
    for name in ("guided_json", "json_schema"):
        if isinstance(body.get(name), dict):
            return _mapping(body[name])
    return None


class Fitting:
    """Fills schemas with what an actor says.

    Args:
        scene: who says it.
    """

    def __init__(self, scene: Speaker) -> None:
        self._scene = scene

    def text(self, schema: Mapping[str, object]) -> str:
        """JSON text of a value that fits."""
        return json.dumps(self._value("", schema, schema, 0), ensure_ascii=False)

    def _value(self, name: str, schema: Mapping[str, object], root: Mapping[str, object], depth: int) -> object:
        schema = _resolved(schema, root)
        enum = schema.get("enum")
        if depth > _DEEPEST:
            return None
        if "const" in schema:
            return schema["const"]
        if isinstance(enum, list) and enum:
            return self._choice(name, cast("list[object]", enum))
        kind = _kind(schema)
        if kind == "object":
            properties = _mapping(schema.get("properties"))
            return {key: self._value(key, _mapping(part), root, depth + 1) for key, part in properties.items()}
        return self._items(name, schema, root, depth) if kind == "array" else self._plain(name, kind, schema)

    def _plain(self, name: str, kind: str, schema: Mapping[str, object]) -> object:
        match kind:
            case "integer":
                return int(self._number(name, schema))
            case "number":
                return self._number(name, schema)
            case "boolean":
                return mixed(self._scene.chance, _digest(name)) % 4 != 0
            case "null":
                return None
            case _:
                return self._string(name, schema)

    def _choice(self, name: str, options: list[object]) -> object:
        words = [str(option) for option in options]
        return options[words.index(self._scene.choice(name, words))]

    def _items(self, name: str, schema: Mapping[str, object], root: Mapping[str, object], depth: int) -> list[object]:
        part = _mapping(schema.get("items"))
        if name == "clauses" and _kind(part) == "string":
            return list(self._scene.rewritten())
        if name == "cases" and _kind(part) == "integer":
            return [1, 2]
        least = schema.get("minItems")
        count = max(1, min(least, 100)) if isinstance(least, int) else 1
        return [self._value(name, part, root, depth + 1) for _ in range(count)]

    def _number(self, name: str, schema: Mapping[str, object]) -> float:
        low, high = schema.get("minimum", 1), schema.get("maximum", 9)
        least = float(low) if isinstance(low, int | float) else 1.0
        most = float(high) if isinstance(high, int | float) else least + 8
        return least + float(mixed(self._scene.chance, _digest(name)) % (int(max(0.0, most - least)) + 1))

    def _string(self, name: str, schema: Mapping[str, object]) -> str:
        text = self._scene.text(name)
        most = schema.get("maxLength")
        return text[:most] if isinstance(most, int) else text


def _digest(name: str) -> int:
    return digest_of(name.encode("utf-8", "surrogatepass"))


def _resolved(schema: Mapping[str, object], root: Mapping[str, object]) -> Mapping[str, object]:
    """The schema behind a reference, or the first of several that are allowed."""
    for _ in range(_DEEPEST):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            found: object = root
            for part in reference.removeprefix("#/").split("/"):
                found = _mapping(found).get(part)
            schema = _mapping(found)
            continue
        ways = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if not isinstance(ways, list) or not ways:
            break
        schema = _mapping(cast("list[object]", ways)[0])
    return schema


def _kind(schema: Mapping[str, object]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kinds = cast("list[object]", kind)
        kind = kinds[0] if kinds else None
    return kind if isinstance(kind, str) else "object" if "properties" in schema else "string"


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
