"""OpenAI's embeddings: a text becomes a vector, or several by one call."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..estimates import worst_input
from ..outcomes import Outcome, Usage
from ..requests import Request
from .reading import fields_of, items_of, number, opened, served, unreadable, usage_of, with_extra
from .transport import WireReply

__all__ = ["body_of", "outcome_of", "outcomes_of"]

_LONGEST = 2**17


def body_of(request: Request, texts: Sequence[str] = ()) -> dict[str, object]:
    """The body of a request; its last turn is the text, or else these are.

    Raises:
        UsageError: the extra fields are none that can be.
    """
    asked: object = list(texts) if len(texts) > 1 else request.turns[-1].text
    return with_extra({"model": request.model, "input": asked, "encoding_format": "float"}, request)


def outcome_of(reply: WireReply, request: Request, key: str, replica: str) -> Outcome:
    """Read a reply: the vector is the answer, its text is empty.

    Raises:
        Failure: the status is not 200, the body holds an error, or there is no vector of finite numbers in it.
    """
    return outcomes_of(reply, (request,), (key,), replica)[0]


def outcomes_of(reply: WireReply, requests: Sequence[Request], keys: Sequence[str], replica: str) -> list[Outcome]:
    """Read the vectors of several texts; the tokens that were reported are divided as the texts are long.

    Raises:
        Failure: as `outcome_of`, or there are not as many vectors as texts.
    """
    body = opened(reply, "data")
    rows = [fields_of(row) for row in items_of(body.get("data"))]
    if len(requests) == 1:
        rows = rows[:1]
    places = [row.get("index", place) for place, row in enumerate(rows)] if len(rows) > 1 else [0] * len(rows)
    if not rows:
        raise unreadable("holds no embedding")
    if sorted(places, key=str) != sorted(range(len(requests)), key=str):
        raise unreadable(f"holds {len(rows)} embeddings of {len(requests)} texts")
    vectors = {place: _vector(row) for place, row in zip(places, rows, strict=True)}
    usage = usage_of(body.get("usage"), requests[0], "")
    whole = served(body, replica)
    return [
        replace(whole, key=key, usage=part, vector=vectors[place])
        for place, (key, part) in enumerate(zip(keys, _divided(usage, requests), strict=True))
    ]


def _vector(row: Mapping[str, object]) -> tuple[float, ...]:
    """Of 32 bits, as models make them: the digits that JSON adds say nothing and would be kept."""
    values = items_of(row.get("embedding"))
    if not values or len(values) > _LONGEST:
        raise unreadable("holds no embedding")
    vector = [found for value in values if (found := number(value)) is not None]
    if len(vector) != len(values):
        raise unreadable("holds an embedding that is not of numbers")
    try:
        return struct.unpack(f"<{len(vector)}f", struct.pack(f"<{len(vector)}f", *vector))
    except OverflowError as error:
        raise unreadable("holds an embedding of numbers that are too large") from error


def _divided(usage: Usage, requests: Sequence[Request]) -> list[Usage]:
    """Shares of a usage that add up to it."""
    if len(requests) == 1:
        return [usage]
    sizes = [worst_input(request) for request in requests]
    parts: list[Usage] = []
    so_far = given = 0
    for size in sizes:
        so_far += size
        upto = usage.input_tokens * so_far // sum(sizes)
        parts.append(replace(usage, input_tokens=upto - given, cached_tokens=0, output_tokens=0))
        given = upto
    return parts
