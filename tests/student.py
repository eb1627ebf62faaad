"""A student whose log-probabilities are known, behind the forms in which servers let them out.

Its tokens are words with the white space before them. A token is likely after one that it follows in a text that every
model knows, likelier where it stood before, and else hangs on its letters.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

from autoevol.agents.gateway.wire.alignment import KNOWN
from tests.model_server import Body, ModelReply

__all__ = ["Form", "logprobs", "reply", "tokens_of"]

Form = Literal["openai", "together", "vllm", "sglang", "llama-cpp-python"]
BOS = "<|bos|>"
_WORD = re.compile(r"<\|bos\|>|\s?[\w']{1,8}|\s?\S|\s")


def tokens_of(text: str) -> list[str]:
    """The tokens of a text; together they are the text."""
    return _WORD.findall(text)


_FOLLOWERS: dict[str, str] = {}
for _first, _second in pairwise(tokens_of(KNOWN)):
    _FOLLOWERS.setdefault(_first, _second)


def _share(*words: str) -> float:
    return int(hashlib.sha256("\x1f".join(words).encode()).hexdigest()[:8], 16) / 2**32


def _said(before: list[str], token: str, student: str = "") -> float:
    """The log-probability of a token after those before it; every student has its own."""
    if before and (before[-1], token) in pairwise(tokens_of(KNOWN)):
        return -0.05
    seen = token in before
    return -(0.3 + 5 * _share(student, before[-1] if before else "", token)) * (0.4 if seen else 1.0)


def logprobs(text: str, student: str = "") -> list[float | None]:
    """Of each token after those before it; None for the first."""
    tokens = tokens_of(text)
    return [_said(tokens[:place], token, student) if place else None for place, token in enumerate(tokens)]


def reply(body: Body, form: Form = "openai") -> ModelReply:
    """What a server of this form says to a request for the scores of a text."""
    if form == "sglang":
        return _sglang(body) if "text" in body else ModelReply("echo is not supported", status=400)
    if form == "vllm":
        return _vllm(body) if "prompt_logprobs" in body else ModelReply("echo is not supported", status=400)
    if "prompt_logprobs" in body or "text" in body:
        return ModelReply("unknown field", status=400)
    return {"openai": _openai, "together": _together, "llama-cpp-python": _llama_cpp_python}[form](body)


def _openai(body: Body) -> ModelReply:
    """OpenAI's completions with `echo`, as vLLM and Fireworks speak them."""
    student = str(body["model"]).partition(":")[2]  # `student:other`
    tokens, values = tokens_of(body["prompt"]), logprobs(body["prompt"], student)
    tops = [None, *({_FOLLOWERS.get(before, "?"): -0.04} for before in tokens[:-1])]
    return _choice({"tokens": tokens, "token_logprobs": values, "top_logprobs": tops}, len(tokens), 0)


def _together(body: Body) -> ModelReply:
    """The prompt's tokens apart from those of the answer, of which at least one is written."""
    if body["max_tokens"] == 0:
        return ModelReply("max_tokens must be positive", status=400)
    tokens = tokens_of(body["prompt"])
    prompt = [{"text": body["prompt"], "logprobs": {"tokens": tokens, "token_logprobs": logprobs(body["prompt"])}}]
    return _choice({"tokens": [" so"], "token_logprobs": [-1.0]}, len(tokens), 1, prompt=prompt)


def _vllm(body: Body) -> ModelReply:
    tokens, values = tokens_of(body["prompt"]), logprobs(body["prompt"])
    entries = [
        None if value is None else {str(place): {"logprob": value, "rank": 1, "decoded_token": token}}
        for place, (token, value) in enumerate(zip(tokens, values, strict=True))
    ]
    choice = {"text": " so", "prompt_logprobs": entries}
    usage = {"prompt_tokens": len(tokens), "completion_tokens": 1}
    return ModelReply(body=json.dumps({"choices": [choice], "usage": usage}).encode())


def _sglang(body: Body) -> ModelReply:
    tokens, values = tokens_of(body["text"]), logprobs(body["text"])
    rows = [[value, place, token] for place, (token, value) in enumerate(zip(tokens, values, strict=True))]
    meta = {"prompt_tokens": len(tokens), "completion_tokens": 0, "input_token_logprobs": rows}
    return ModelReply(body=json.dumps({"text": "", "meta_info": meta}).encode())


def _llama_cpp_python(body: Body) -> ModelReply:
    """Pairs tokens with the rows of its logits from the first on, after a mark of beginning was taken from the tokens.

    So without such a mark each token stands beside what was expected after it. Asked for nothing it writes on freely.
    """
    prompt = tokens_of(body["prompt"])
    written = [" so"] * (body["max_tokens"] or 9)
    begun = prompt[0] == BOS
    tokens = [*(prompt[1:] if begun else prompt), *written]
    rows = list(range(len(prompt)))  # one row of logits for each token that was read
    values: list[float | None] = [_said(prompt[: row + 1], token) for token, row in zip(tokens, rows, strict=False)]
    tops = [{_FOLLOWERS.get(prompt[row], "?"): -0.04} for row in rows]
    count = len(values)
    found = {"tokens": tokens[:count], "token_logprobs": [None, *values[1:]], "top_logprobs": [None, *tops[1:count]]}
    return _choice(found, len(prompt), len(written))


def _choice(scored: Mapping[str, object], read: int, written: int, **more: object) -> ModelReply:
    usage = {"prompt_tokens": read, "completion_tokens": written}
    body = {"choices": [{"text": "", "logprobs": scored}], "usage": usage, **more}
    return ModelReply(body=json.dumps(body).encode())
