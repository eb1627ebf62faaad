"""Values of rows as JSON has them: tables and lenient readers of JSON bring others."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any, cast

__all__ = ["json_form"]

_DEEPEST = 100


def json_form(value: Any, _depth: int = 0) -> Any:
    """The same value in what JSON has.

    Numbers that are none (NaN, infinite) become None, as does what is nested deeper than 100 levels; dates and times
    are text as ISO 8601 has it, decimals numbers, bytes their text, in base64 where they are none in UTF-8. Anything
    else is the text that it prints.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if not isinstance(value, Mapping | list | tuple):
        return _plain(value)
    if _depth == _DEEPEST:
        return None
    if isinstance(value, Mapping):
        known = cast("Mapping[object, Any]", value)
        return {str(name): json_form(each, _depth + 1) for name, each in known.items()}
    return [json_form(each, _depth + 1) for each in cast("list[Any]", value)]


def _plain(value: Any) -> str | float | None:
    if isinstance(value, float | Decimal):
        number = float(value)
        return number if math.isfinite(number) else None
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date | time) else str(value)
