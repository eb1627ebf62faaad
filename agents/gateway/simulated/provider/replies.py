"""Bodies of replies, as each form has them: answers, and errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted

from .answers import Written
from .asked import Asked, Form
from .scored import chat_logprobs, completion_logprobs, generated, prompt_logprobs
from .vectors import embeddings

__all__ = ["Told", "answer_body", "error_body", "models_body"]

_CREATED = 1_750_000_000
_ANTHROPIC_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error",
}  # fmt: skip
_OPENAI_TYPES = {429: "rate_limit_error", 401: "authentication_error", 403: "permission_error"}
_ANTHROPIC_STOPS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a reply says beside the answers.

    Attributes:
        model, fingerprint: which are said to have served the call.
        input_tokens, cached_tokens, reasoning_tokens: what it is said to have taken; output is counted from the texts.
    """

    model: str
    fingerprint: str
    input_tokens: int
    cached_tokens: int
    reasoning_tokens: int


def answer_body(asked: Asked, answers: Sequence[Written], finishes: Sequence[str], told: Told) -> bytes:
    """The body of a whole answer, in the form that was asked for."""
    match asked.form:
        case "embeddings":
            return embeddings(asked, told.model)
        case "generate":
            return generated(asked, answers, finishes)
        case "messages":
            return _messages(asked, answers[0], finishes[0], told)
        case _:
            return _choices(asked, answers, finishes, told)


def _choices(asked: Asked, answers: Sequence[Written], finishes: Sequence[str], told: Told) -> bytes:
    """OpenAI's chat and completion. Put together by hand: measurements want thousands a second."""
    chat = asked.form == "chat"
    choice = _chat_choice if chat else _completion_choice
    rows = ",".join(
        f'{{"index":{index},{choice(asked, index, answer.text)},"finish_reason":"{finish}"}}'
        for index, (answer, finish) in enumerate(zip(answers, finishes, strict=True))
    )
    kind, prefix = ("chat.completion", "chatcmpl") if chat else ("text_completion", "cmpl")
    fingerprint = quoted(told.fingerprint) if told.fingerprint else "null"
    more = f',"prompt_logprobs":{_prompt_logprobs(asked, 0)}' if chat and _wants_prompt(asked) else ""
    return (
        f'{{"id":"{prefix}-{asked.chance:016x}","object":"{kind}","created":{_CREATED},"model":{quoted(told.model)},'
        f'"system_fingerprint":{fingerprint},"choices":[{rows}],'
        f'"usage":{_usage(told, answers)}{more}}}'
    ).encode()


def _chat_choice(asked: Asked, index: int, text: str) -> str:
    scored = json.dumps(chat_logprobs(asked, text)) if asked.body.get("logprobs") is True else "null"
    return f'"message":{{"role":"assistant","content":{quoted(text)},"refusal":null}},"logprobs":{scored}'


def _completion_choice(asked: Asked, index: int, text: str) -> str:
    prompt = asked.turns[index * len(asked.turns) // asked.n][1]
    shown = prompt + text if asked.body.get("echo") else text
    wanted = asked.body.get("logprobs")
    scored = "null" if wanted is None or wanted is False else json.dumps(completion_logprobs(asked, prompt, text))
    more = f',"prompt_logprobs":{_prompt_logprobs(asked, index)}' if _wants_prompt(asked) else ""
    return f'"text":{quoted(shown)},"logprobs":{scored}{more}'


def _wants_prompt(asked: Asked) -> bool:
    return asked.body.get("prompt_logprobs") is not None


def _prompt_logprobs(asked: Asked, index: int) -> str:
    if asked.form == "chat":
        text = "\n".join(text for _, text in asked.turns)
    else:
        text = asked.turns[index * len(asked.turns) // asked.n][1]
    return json.dumps(prompt_logprobs(asked.model, text))


def _usage(told: Told, answers: Sequence[Written]) -> str:
    output = sum(answer.tokens for answer in answers) + told.reasoning_tokens
    return (
        f'{{"prompt_tokens":{told.input_tokens},"completion_tokens":{output},'
        f'"total_tokens":{told.input_tokens + output},'
        f'"prompt_tokens_details":{{"cached_tokens":{told.cached_tokens}}},'
        f'"completion_tokens_details":{{"reasoning_tokens":{told.reasoning_tokens}}}}}'
    )


def _messages(asked: Asked, answer: Written, finish: str, told: Told) -> bytes:
    content = [{"type": "text", "text": answer.text}] if answer.text else []
    # What Anthropic calls input tokens leaves out those that came from its cache.
    body = {
        "id": f"msg_{asked.chance:016x}", "type": "message", "role": "assistant", "model": told.model,
        "content": content,
        "stop_reason": _ANTHROPIC_STOPS.get(finish, finish), "stop_sequence": None,
        "usage": {
            "input_tokens": told.input_tokens - told.cached_tokens, "output_tokens": answer.tokens,
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": told.cached_tokens,
        },
    }  # fmt: skip
    return json.dumps(body).encode()


def error_body(form: Form, status: int, message: str, code: str | None = None, param: str | None = None) -> bytes:
    """An error, in the words of OpenAI or, on its path, of Anthropic."""
    if form == "messages":
        kind = code if code == "overloaded_error" else _ANTHROPIC_TYPES.get(status, "api_error")
        return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
    money = {"insufficient_quota", "credit_balance_exhausted"}
    fallback = "server_error" if status >= 500 else "invalid_request_error"
    kind = "insufficient_quota" if code in money else _OPENAI_TYPES.get(status, fallback)
    return json.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}}).encode()


def models_body(names: Sequence[str]) -> bytes:
    """The list of models."""
    rows = [{"id": name, "object": "model", "created": _CREATED, "owned_by": "simulated"} for name in names]
    return json.dumps({"object": "list", "data": rows}).encode()
