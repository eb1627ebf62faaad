"""What a call asks for, read from its body: the same few values for all forms that the simulated provider serves."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from .counting import raw_tokens
from .draws import digest_of

__all__ = ["Asked", "Form", "Refused", "read"]

Form = Literal["chat", "completion", "messages", "embeddings", "generate"]
Body = dict[str, object]

_DEFAULT_MAX_TOKENS = {"chat": 4096, "completion": 16, "messages": 4096, "embeddings": 0, "generate": 128}
_SAMPLING = frozenset({
    "temperature", "top_p", "top_k", "seed", "stop", "stop_sequences", "response_format", "frequency_penalty",
    "presence_penalty", "sampling_params", "echo", "suffix",
})  # fmt: skip
_PER_TURN = 4
_MOST_DIMENSIONS = 4096
_MARK = re.compile(rb"(?<=\w) [0-9a-f]{8}(?=\n|>>>)")


class Refused(Exception):
    """A call that is answered with an error.

    Args:
        status: of HTTP.
        message: what the provider says.
        code, param: as OpenAI puts them into the error.
    """

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param


@dataclass(frozen=True, slots=True)
class Asked:
    """One call.

    Attributes:
        form: which form its body has.
        body: the body itself.
        model: as the caller named it.
        turns: speaker and text of each turn; prompts and inputs are turns of the user.
        max_tokens: bound of each answer.
        n: answers that are wanted: for a list of prompts, of all of them together.
        stop: strings that end an answer.
        input_tokens: about what the turns take.
        chance: 64 bits that depend on model, turns and sampling alone: the root of every draw for the answer.
        cacheable: whether a part of the prompt is marked for the cache, as Anthropic wants it.
    """

    form: Form
    body: Body
    model: str
    turns: tuple[tuple[str, str], ...]
    max_tokens: int
    n: int
    stop: tuple[str, ...]
    input_tokens: int
    chance: int
    cacheable: bool


def read(form: Form, raw: bytes, refused: frozenset[str] = frozenset(), ignored: frozenset[str] = frozenset()) -> Asked:
    """Read a body.

    Args:
        form: which one it should have.
        raw: the body.
        refused: parameters that this model does not take.
        ignored: parameters that it passes over without a word.

    Raises:
        Refused: it is not JSON, lacks what it needs, or holds what this provider does not offer.
    """
    body = _object(raw)
    for name in refused:
        if body.get(name) is not None:
            raise _unsupported(name)
    for name in ignored:
        body.pop(name, None)
    if body.get("stream"):
        raise Refused(400, "Streamed answers are not offered here.", code="unsupported_value", param="stream")
    model = body.get("model", "default" if form == "generate" else None)
    if not isinstance(model, str) or not model:
        raise _missing("model")
    turns = _turns(form, body)
    options = body if form != "generate" else _mapping(body.get("sampling_params"))
    joined = "\x1f".join([form, model, *(part for turn in turns for part in turn)])
    texts = joined.encode("utf-8", "surrogatepass")
    sampling = sorted(item for item in body.items() if item[0] in _SAMPLING)
    # A run's secret marks are no part of what is asked, so that two runs over the same data get the same answers.
    root = _MARK.sub(b"", texts) if b"<<<" in texts else texts
    root += repr(sampling).encode("utf-8", "surrogatepass")
    return Asked(
        form=form,
        body=body,
        model=model,
        turns=turns,
        max_tokens=_max_tokens(form, options),
        n=_answers(form, options, len(turns)),
        stop=_stop(options),
        input_tokens=_input_tokens(form, texts, turns),
        chance=digest_of(root),
        cacheable=form != "messages" or b'"cache_control"' in raw,
    )


def _input_tokens(form: Form, texts: bytes, turns: tuple[tuple[str, str], ...]) -> int:
    if form == "completion":
        return sum(raw_tokens(text) for _, text in turns)
    return len(texts) // 4 + _PER_TURN * len(turns)


def _object(raw: bytes) -> Body:
    try:
        body: object = json.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body of the request is not JSON.") from error
    if not isinstance(body, dict):
        raise Refused(400, "The body of the request is not a JSON object.")
    return cast("Body", body)


def _turns(form: Form, body: Body) -> tuple[tuple[str, str], ...]:
    match form:
        case "chat" | "messages":
            messages = body.get("messages")
            if not isinstance(messages, list) or not messages:
                raise _missing("messages")
            turns = tuple(_turn(message) for message in cast("list[object]", messages))
            system = _text(body.get("system")) if form == "messages" else ""
            return (("system", system), *turns) if system else turns
        case "completion":
            return tuple(("user", text) for text in _texts(body, "prompt"))
        case "embeddings":
            return tuple(("user", text) for text in _texts(body, "input"))
        case "generate":
            return tuple(("user", text) for text in _texts(body, "text"))


def _turn(message: object) -> tuple[str, str]:
    fields = _mapping(message)
    role, content = fields.get("role"), fields.get("content")
    if not isinstance(role, str):
        raise Refused(400, "Each message needs a role and content.", param="messages")
    return role, content if isinstance(content, str) else _text(content)


def _text(content: object) -> str:
    """A string, or the texts of a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [_mapping(part).get("text") for part in cast("list[object]", content)]
        return "".join(text for text in texts if isinstance(text, str))
    return ""


def _texts(body: Body, name: str) -> list[str]:
    value = body.get(name)
    texts = cast("list[object]", value) if isinstance(value, list) else [value]
    found = [text for text in texts if isinstance(text, str)]
    if not found or len(found) != len(texts):
        raise Refused(400, f"'{name}' must be a text or a list of texts.", param=name)
    return found


def _max_tokens(form: Form, options: Mapping[str, object]) -> int:
    if form == "messages" and options.get("max_tokens") is None:
        raise Refused(400, "max_tokens: Field required", param="max_tokens")
    least = 1 if form in {"chat", "messages"} else 0
    for name in ("max_completion_tokens", "max_tokens", "max_new_tokens"):
        if options.get(name) is not None:
            return _whole(options, name, 0, least=least, most=1_000_000)
    return _DEFAULT_MAX_TOKENS[form]


def _whole(options: Mapping[str, object], name: str, default: int, *, least: int, most: int) -> int:
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refused(400, f"'{name}' must be a whole number from {least} to {most}.", code="invalid_value", param=name)
    return value


def _answers(form: Form, options: Mapping[str, object], texts: int) -> int:
    match form:
        case "chat":
            return _whole(options, "n", 1, least=1, most=128)
        case "completion":
            return _whole(options, "n", 1, least=1, most=128) * texts
        case "generate":
            return texts
        case "messages":
            return 1
        case "embeddings":
            _whole(options, "dimensions", 1, least=1, most=_MOST_DIMENSIONS)
            return 0


def _stop(options: Mapping[str, object]) -> tuple[str, ...]:
    value = options.get("stop") or options.get("stop_sequences") or ()
    texts = cast("list[object]", value) if isinstance(value, list) else [value] if isinstance(value, str) else []
    return tuple(text for text in texts if isinstance(text, str) and text)


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _missing(name: str) -> Refused:
    return Refused(400, f"The parameter '{name}' is missing.", code="missing_required_parameter", param=name)


def _unsupported(name: str) -> Refused:
    instead = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
    return Refused(
        400, f"Unsupported parameter: '{name}' cannot be used with this model.{instead}",
        code="unsupported_parameter", param=name,
    )  # fmt: skip
