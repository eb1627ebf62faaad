"""OpenAI's embeddings: a text becomes a vector."""

from __future__ import annotations

from dataclasses import replace

from ..outcomes import Outcome
from ..requests import Request
from .reading import fields_of, items_of, number, opened, served, unreadable, usage_of, with_extra
from .transport import WireReply

__all__ = ["body_of", "outcome_of"]

_LONGEST = 2**17


def body_of(request: Request) -> dict[str, object]:
    """The body of a request; its last turn is the text.

    Raises:
        UsageError: the extra fields are none that can be.
    """
    return with_extra({"model": request.model, "input": request.turns[-1].text, "encoding_format": "float"}, request)


def outcome_of(reply: WireReply, request: Request, key: str, replica: str) -> Outcome:
    """Read a reply: the vector is the answer, its text is empty.

    Raises:
        Failure: the status is not 200, the body holds an error, or there is no vector of finite numbers in it.
    """
    body = opened(reply, "data")
    rows = items_of(body.get("data"))
    values = items_of(fields_of(rows[0] if rows else None).get("embedding"))
    if not values or len(values) > _LONGEST:
        raise unreadable("holds no embedding")
    vector = [found for value in values if (found := number(value)) is not None]
    if len(vector) != len(values):
        raise unreadable("holds an embedding that is not of numbers")
    usage = usage_of(body.get("usage"), request, "")
    return replace(served(body, replica), key=key, usage=usage, vector=tuple(vector))
