"""The OpenAI chat form: a request becomes a body, a reply an outcome; garbage becomes a `Failure`, nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, cast

from ..errors import UsageError
from ..estimates import counted, worst_input
from ..outcomes import Answer, NoAnswer, Outcome, Usage
from ..requests import Request, provider_seed
from .failures import Failure, classify
from .transport import Transport, WireReply

__all__ = ["Caller", "ChatCaller", "body_of", "outcome_of"]

_MOST_TOKENS = 2**40
_THINK, _THOUGHT = "<think>", "</think>"
_FILTERED = frozenset({"content_filter", "safety", "blocklist", "prohibited_content"})
_CUT = frozenset({"length", "max_tokens"})


class Caller(Protocol):
    """One way to put a request to a model, once."""

    @property
    def address(self) -> str:
        """Where it goes, for messages and records."""
        ...

    async def call(self, request: Request, key: str) -> Outcome:
        """Make one attempt. The outcome's cost and seconds are filled in by who asks.

        Raises:
            Failure: the attempt gave nothing.
            AutoEvolError: the session cannot go on.
        """
        ...


class ChatCaller:
    """`/chat/completions` of an endpoint.

    Args:
        transport: how it is reached.
        address: what records call it, where its address is another in every session.
        on_reply: shown every reply, of whatever status, with the model it is about, before anything is made of it.
    """

    def __init__(
        self, transport: Transport, address: str = "", on_reply: Callable[[str, WireReply], None] | None = None
    ) -> None:
        self._transport = transport
        self._on_reply = on_reply
        self.address = address or transport.address

    async def call(self, request: Request, key: str) -> Outcome:
        """Send once, read once."""
        reply = await self._transport.post("chat/completions", _encoded(body_of(request)))
        if self._on_reply is not None:
            self._on_reply(request.model, reply)
        return outcome_of(reply, request, key, self.address)


def body_of(request: Request) -> dict[str, object]:
    """The body of a request; what is None is left out, `seed` derives from the sample alone.

    Raises:
        UsageError: the JSON schema is not JSON.
    """
    decoding = request.decoding
    body: dict[str, object] = {
        "model": request.model,
        "messages": [{"role": turn.speaker, "content": turn.text} for turn in request.turns],
        "max_tokens": decoding.max_tokens,
        "temperature": decoding.temperature,
        "seed": provider_seed(request.sample),
    }
    if decoding.top_p is not None:
        body["top_p"] = decoding.top_p
    if decoding.stop:
        body["stop"] = list(decoding.stop)
    if decoding.json_schema is not None:
        try:
            schema = json.loads(decoding.json_schema)
        except ValueError as error:
            raise UsageError(f"The JSON schema of a call of the {request.role} is not JSON: {error}.") from error
        body["response_format"] = {
            "type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema},
        }  # fmt: skip
    return body


def _encoded(body: dict[str, object]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair has no UTF-8, but it has a JSON escape.
        return json.dumps(body, separators=(",", ":")).encode()


# ---------------------------------------------------------------- replies


@dataclass(frozen=True, slots=True)
class _Choice:
    text: str
    reasoning: str
    finish: str


def outcome_of(reply: WireReply, request: Request, key: str, replica: str) -> Outcome:
    """Read a reply.

    Raises:
        Failure: the status is not 200, the body holds an error, or it cannot be read as a completion.
    """
    if reply.status != 200:
        raise classify(reply.status, reply.headers, reply.body, datetime.now(UTC))
    body = _object(reply)
    choice = _choice(reply, body)
    usage = _usage(body.get("usage"), request, choice)
    if choice.finish in _FILTERED:
        return NoAnswer(key, "content_filter", "the provider's filter withheld the answer", usage)
    if not choice.text.strip():
        why = "the answer was cut before it began" if choice.finish in _CUT else "the answer is empty"
        return NoAnswer(key, "empty", why, usage)
    return Answer(
        key=key,
        text=choice.text,
        finish="length" if choice.finish in _CUT else "stop",
        reasoning=choice.reasoning,
        usage=usage,
        model=_text(body.get("model"))[:200],
        fingerprint=_text(body.get("system_fingerprint"))[:200],
        replica=replica,
    )


def _object(reply: WireReply) -> dict[str, object]:
    try:
        found: object = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise _unreadable("is not JSON") from error
    if not isinstance(found, dict):
        raise _unreadable("is JSON of another form")
    body = cast("dict[str, object]", found)
    fault = body.get("error")
    if fault and not body.get("choices"):
        # Some providers report errors of those behind them under status 200 and put the status into the object.
        code = cast("dict[str, object]", fault).get("code") if isinstance(fault, dict) else None
        status = code if isinstance(code, int) and 300 <= code <= 599 else 500
        raise classify(status, reply.headers, reply.body, datetime.now(UTC))
    return body


def _choice(reply: WireReply, body: dict[str, object]) -> _Choice:
    choices = body.get("choices")
    first = cast("list[object]", choices)[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict):
        raise _unreadable("holds no choice")
    choice = cast("dict[str, object]", first)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise _unreadable("holds no message")
    finish = str(choice.get("finish_reason") or "stop").lower()
    if finish == "error":
        raise classify(502, reply.headers, reply.body, datetime.now(UTC))
    fields = cast("dict[str, object]", message)
    text = _text(fields.get("content")) or _text(fields.get("refusal"))
    reasoning = _text(fields.get("reasoning_content")) or _text(fields.get("reasoning"))
    trace, rest = _apart(text)
    return _Choice(rest, "\n".join(part for part in (reasoning, trace) if part), finish)


def _apart(text: str) -> tuple[str, str]:
    """A leading `<think>` block and the rest; an unclosed block is all trace."""
    start = text.lstrip()
    if not start.startswith(_THINK):
        return "", text
    trace, _, rest = start.removeprefix(_THINK).partition(_THOUGHT)
    return trace.strip(), rest.lstrip()


def _text(value: object) -> str:
    """A string, or the texts of a list of parts; anything else is nothing. Never half of a surrogate pair."""
    if isinstance(value, list):
        parts = [cast("dict[str, object]", part) for part in cast("list[object]", value) if isinstance(part, dict)]
        texts = [text for part in parts if isinstance(text := part.get("text"), str)]
        value = "".join(texts)
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _usage(value: object, request: Request, choice: _Choice) -> Usage:
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    sent, got = _count(fields, "prompt_tokens"), _count(fields, "completion_tokens")
    if sent is None or got is None:
        read = sum(counted(turn.text) for turn in request.turns)
        bound = min(request.decoding.max_tokens, counted(choice.text) + counted(choice.reasoning))
        return Usage(min(read, worst_input(request)), bound, estimated=True)
    cached = _count(fields.get("prompt_tokens_details"), "cached_tokens")
    if cached is None:
        cached = _count(fields, "prompt_cache_hit_tokens") or 0
    thought = _count(fields.get("completion_tokens_details"), "reasoning_tokens") or 0
    return Usage(sent, got, min(cached, sent), min(thought, got))


def _count(fields: object, name: str) -> int | None:
    """A number of tokens, or None where there is none that can be one."""
    value = cast("dict[str, object]", fields).get(name) if isinstance(fields, dict) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_TOKENS:
        return None
    return value


def _unreadable(what: str) -> Failure:
    return Failure("unreadable_reply", f"the reply {what}", charged=True)
