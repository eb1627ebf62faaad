"""What a reward model says of a chat, one number: over vLLM's and SGLang's `/classify`, or vLLM's `/pooling`.

A request of several turns is sent as messages, which the server writes out by the model's template; a single turn is
bare text, written out by who asks (SGLang takes nothing else).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import cast

from ..outcomes import Outcome
from ..requests import Request
from .failures import Failure
from .given import Way
from .reading import fields_of, items_of, number, opened, served, unreadable, usage_of, with_extra
from .transport import WireReply

__all__ = ["WAYS"]


def _body(request: Request, fields: Mapping[str, object]) -> dict[str, object]:
    turns = request.turns
    told: dict[str, object] = {"messages": [{"role": turn.speaker, "content": turn.text} for turn in turns]}
    if len(turns) == 1:
        told = {"input": turns[0].text, "text": turns[0].text}
    return with_extra({"model": request.model, **told, **fields}, request)


def _outcome(
    reply: WireReply, request: Request, key: str, replica: str, *, read: Callable[[Mapping[str, object]], object]
) -> Outcome:
    body = _opened(reply)
    values = items_of(read(body))
    while values and isinstance(values[-1], list):  # a row a token: that of the last one counts
        values = items_of(cast("object", values[-1]))
    rewards = [found for value in values if (found := number(value)) is not None]
    if not values:
        raise Failure("bad_request", "the reply holds no reward")
    if len(rewards) != 1 or len(values) != 1:
        raise unreadable(f"holds {len(values)} numbers, and a reward is one")
    usage = replace(usage_of(body.get("usage"), request, ""), output_tokens=0)
    return replace(served(body, replica), key=key, usage=usage, vector=(rewards[0],))


def _opened(reply: WireReply) -> Mapping[str, object]:
    """The object of a reply; SGLang gives a list of one."""
    if reply.status == 200 and reply.body.lstrip()[:1] == b"[":
        try:
            rows = items_of(json.loads(reply.body))
        except (ValueError, RecursionError) as error:
            raise unreadable("is not JSON") from error
        return fields_of(rows[0] if rows else None)
    return opened(reply, "data")


def _classified(body: Mapping[str, object]) -> object:
    rows = items_of(body.get("data"))
    first = fields_of(rows[0]) if rows else body
    return first.get("probs") or first.get("embedding")


def _pooled(body: Mapping[str, object]) -> object:
    rows = items_of(body.get("data"))
    return fields_of(rows[0] if rows else None).get("data")


WAYS = (
    # A bounded score would say nothing of how much better an answer is: both names by which vLLM has called that.
    Way("classify", "/classify", partial(_body, fields={"use_activation": False, "activation": False}),
        partial(_outcome, read=_classified)),
    Way("pooling", "/pooling", partial(_body, fields={}), partial(_outcome, read=_pooled)),
)  # fmt: skip
"""In the order in which they are tried."""
