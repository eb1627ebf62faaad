"""Anthropic's own messages: system turns apart, a marked prefix for the cache, and a usage that counts otherwise.

JSON by a schema goes by `output_config.format`, generally available since January 2026 (before, `output_format` behind
a beta header).
"""

from __future__ import annotations

from ..outcomes import Outcome, Usage
from ..requests import Request
from .chat import Choice, answered
from .reading import count, estimated, fields_of, items_of, opened, schema_of, served, text_of, unreadable, with_extra
from .transport import WireReply

__all__ = ["body_of", "outcome_of"]

_MARK = {"type": "ephemeral"}
_FINISH = {"max_tokens": "length", "model_context_window_exceeded": "length", "refusal": "content_filter"}


def body_of(request: Request, *, mark_prefix: bool) -> dict[str, object]:
    """The body of a chat.

    Args:
        request: a chat. A temperature above 1, which Anthropic does not know, becomes 1.
        mark_prefix: mark the end of what several requests share for the cache: the system turns, else all but the
            last turn. A prefix that is too short for the cache is passed over by the provider at no cost.

    Raises:
        UsageError: the JSON schema is not JSON, or the extra fields are none that can be.
    """
    decoding = request.decoding
    system = [_block(turn.text) for turn in request.turns if turn.speaker == "system" and turn.text]
    messages: list[dict[str, object]] = [
        {"role": turn.speaker, "content": turn.text} for turn in request.turns if turn.speaker != "system"
    ]
    if mark_prefix and system:
        system[-1]["cache_control"] = _MARK
    elif mark_prefix and len(messages) > 1 and messages[-2]["content"]:
        messages[-2]["content"] = [_block(str(messages[-2]["content"])) | {"cache_control": _MARK}]
    body: dict[str, object] = {
        "model": request.model,
        "messages": messages,
        "max_tokens": decoding.max_tokens,
        "temperature": min(decoding.temperature, 1.0),
    }
    if system:
        body["system"] = system
    if decoding.top_p is not None:
        body["top_p"] = decoding.top_p
    if decoding.stop:
        body["stop_sequences"] = list(decoding.stop)
    if decoding.json_schema is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": schema_of(request)}}
    return with_extra(body, request)


def _block(text: str) -> dict[str, object]:
    return {"type": "text", "text": text}


def outcome_of(reply: WireReply, request: Request, key: str, replica: str) -> Outcome:
    """Read a reply.

    Raises:
        Failure: the status is not 200, the body holds an error, or it cannot be read as a message.
    """
    body = opened(reply, "content")
    if not isinstance(body.get("content"), list):
        raise unreadable("holds no content")
    blocks = [fields_of(block) for block in items_of(body["content"])]
    text = "".join(text_of(block.get("text")) for block in blocks if block.get("type") == "text")
    thought = "\n".join(text_of(block.get("thinking")) for block in blocks if block.get("type") == "thinking")
    finish = text_of(body.get("stop_reason"))
    choice = Choice(text, thought, _FINISH.get(finish, finish))
    return answered(choice, _usage(body.get("usage"), request, choice), key, served(body, replica))


def _usage(fields: object, request: Request, choice: Choice) -> Usage:
    """All input tokens together: what Anthropic calls so leaves out those read from the cache and written to it."""
    sent, got = count(fields, "input_tokens"), count(fields, "output_tokens")
    if sent is None or got is None:
        return estimated(request, choice.written)
    read = count(fields, "cache_read_input_tokens") or 0
    written = count(fields, "cache_creation_input_tokens") or 0
    return Usage(sent + read + written, got, read, written_tokens=written)
