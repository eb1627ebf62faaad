"""What all forms share: bodies as bytes, and values out of JSON that may hold anything."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from ..errors import UsageError
from ..estimates import counted, worst_input
from ..outcomes import Answer, Usage
from ..requests import Request
from .failures import Failure, classify
from .transport import WireReply

__all__ = [
    "count",
    "encoded",
    "estimated",
    "fields_of",
    "items_of",
    "number",
    "opened",
    "schema_of",
    "served",
    "text_of",
    "unreadable",
    "usage_of",
    "with_extra",
]

_MOST_TOKENS = 2**40
_NOT_OURS_TO_CHANGE = ("model", "messages", "prompt", "input", "text", "n", "stream")
# Made once: `json.dumps` with settings of one's own makes an encoder a call.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_ascii = json.JSONEncoder(separators=(",", ":")).encode


def encoded(body: Mapping[str, object]) -> bytes:
    """JSON of a body."""
    try:
        return _encode(body).encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair has no UTF-8, but it has a JSON escape.
        return _encode_ascii(body).encode()


def with_extra(body: dict[str, object], request: Request) -> dict[str, object]:
    """The body with the further fields that the settings name.

    Raises:
        UsageError: they are no JSON object, or would change what is asked of whom.
    """
    text = request.decoding.extra
    if text is None:
        return body
    try:
        extra: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The extra fields of the {request.role or 'call'} are not JSON: {error}.") from error
    if not isinstance(extra, dict):
        raise UsageError(f"The extra fields of the {request.role or 'call'} are not one JSON object.")
    fields = cast("dict[str, object]", extra)
    for name in _NOT_OURS_TO_CHANGE:
        if name in fields:
            raise UsageError(
                f"The extra fields of the {request.role or 'call'} name '{name}', which AutoEvol sets itself.",
                fix="Take it out of them.",
            )
    return body | fields


def schema_of(request: Request) -> object:
    """The JSON schema of a request, None where it has none.

    Raises:
        UsageError: it is not JSON.
    """
    if request.decoding.json_schema is None:
        return None
    try:
        return cast("object", json.loads(request.decoding.json_schema))
    except ValueError as error:
        raise UsageError(f"The JSON schema of a call of the {request.role} is not JSON: {error}.") from error


# ---------------------------------------------------------------- replies


def opened(reply: WireReply, wanted: str) -> dict[str, object]:
    """The JSON object of a reply.

    Args:
        reply: what came.
        wanted: the field that an answer has and an error has not.

    Raises:
        Failure: the status is not 200, the body holds an error, or it is no JSON object.
    """
    if reply.status != 200:
        raise classify(reply.status, reply.headers, reply.body, datetime.now(UTC))
    try:
        found: object = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise unreadable("is not JSON") from error
    if not isinstance(found, dict):
        raise unreadable("is JSON of another form")
    body = cast("dict[str, object]", found)
    fault = body.get("error")
    if fault and not body.get(wanted):
        # Some providers report errors of those behind them under status 200 and put the status into the object.
        code = fields_of(fault).get("code")
        status = code if isinstance(code, int) and 300 <= code <= 599 else 500
        raise classify(status, reply.headers, reply.body, datetime.now(UTC))
    return body


def served(body: Mapping[str, object], replica: str) -> Answer:
    """An answer that says who served it and nothing else, to be filled in."""
    model, fingerprint = text_of(body.get("model"))[:200], text_of(body.get("system_fingerprint"))[:200]
    return Answer("", "", model=model, fingerprint=fingerprint, replica=replica)


def unreadable(what: str) -> Failure:
    """The failure of a reply that says nothing we can read; it may be charged for."""
    return Failure("unreadable_reply", f"the reply {what}", charged=True)


def fields_of(value: object) -> dict[str, object]:
    """A JSON object; an empty one where there is none."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def items_of(value: object) -> list[object]:
    """A JSON list; an empty one where there is none."""
    return cast("list[object]", value) if isinstance(value, list) else []


def text_of(value: object) -> str:
    """A string, or the texts of a list of parts; anything else is nothing. Never half of a surrogate pair."""
    if isinstance(value, list):
        parts = [fields_of(part).get("text") for part in cast("list[object]", value)]
        value = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def number(value: object) -> float | None:
    """A finite number, or None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def count(fields: object, *path: str) -> int | None:
    """A number of tokens, or None where there is none that can be one."""
    value = fields
    for name in path:
        value = fields_of(value).get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_TOKENS:
        return None
    return value


def usage_of(fields: object, request: Request, written: str) -> Usage:
    """Tokens as OpenAI reports them; estimated from the texts where they are not reported.

    Args:
        fields: the `usage` of a reply.
        request: what was asked.
        written: all that was written for it.
    """
    sent, got = count(fields, "prompt_tokens"), count(fields, "completion_tokens")
    if sent is not None and got is None and request.form == "embedding":
        got = 0
    if sent is None or got is None:
        return estimated(request, written)
    cached = count(fields, "prompt_tokens_details", "cached_tokens")
    if cached is None:
        cached = count(fields, "prompt_cache_hit_tokens") or 0
    thought = count(fields, "completion_tokens_details", "reasoning_tokens") or 0
    return Usage(sent, got, min(cached, sent), min(thought, got))


def estimated(request: Request, written: str) -> Usage:
    """Tokens by the length of the texts, within what the call could take."""
    read = sum(counted(turn.text) for turn in request.turns)
    bound = min(request.decoding.max_tokens, counted(written)) if request.form != "embedding" else 0
    return Usage(min(read, worst_input(request)), bound, estimated=True)
