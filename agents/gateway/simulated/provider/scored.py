"""Log-probabilities of tokens: OpenAI's (`echo`, chat), vLLM's (`prompt_logprobs`) and SGLang's (`/generate`).

The numbers mean nothing, but behave: a token is less of a surprise where it stood before, so that a response is
likelier after its instruction than alone, the text that every model knows is no surprise, and they are functions of the
model's name and the text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ...wire.alignment import KNOWN
from .answers import Written
from .asked import Asked
from .draws import digest_of, share

__all__ = ["chat_logprobs", "completion_logprobs", "generated", "pieces", "prompt_logprobs", "scores"]

_PIECE = re.compile(r"\s?[!-~]{1,6}|\s?[^\s!-~]{1,2}|\s")
_WORDS = 50_000
_KNOWN = 0.1
_SEEN = 0.35  # what is left of the surprise at a token that stood before


def pieces(text: str) -> list[str]:
    """The tokens of a text; together they are the text."""
    return _PIECE.findall(text)


_LEARNED = frozenset(pairwise(pieces(KNOWN)))


def scores(model: str, tokens: Sequence[str]) -> list[float | None]:
    """The natural log-probability of each token after those before it; None for the first."""
    name = digest_of(model.encode("utf-8", "surrogatepass"))
    seen: set[str] = set()
    found: list[float | None] = []
    before, last = 0, ""
    for token in tokens:
        number = digest_of(token.encode("utf-8", "surrogatepass"))
        surprise = 0.2 + 6.0 * share(name, before, number) ** 2
        surprise *= _KNOWN if (last, token) in _LEARNED else 1.0
        word = token.strip().lower()
        found.append(None if not found else round(-surprise * (_SEEN if word in seen else 1.0), 6))
        seen.add(word)
        before, last = number, token
    return found


def _number(token: str) -> int:
    return digest_of(token.encode("utf-8", "surrogatepass")) % _WORDS


def completion_logprobs(asked: Asked, prompt: str, answer: str) -> dict[str, object]:
    """The `logprobs` of a completion: of the prompt too where it is echoed."""
    before, after = pieces(prompt), pieces(answer)
    values = scores(asked.model, [*before, *after])
    echo = bool(asked.body.get("echo"))
    tokens = [*before, *after] if echo else after
    shown = values if echo else values[len(before) :]
    at = 0
    offsets: list[int] = []
    for token in tokens:
        offsets.append(at if echo else at + len(prompt))
        at += len(token)
    top = [None if value is None else {token: value} for token, value in zip(tokens, shown, strict=True)]
    return {"tokens": tokens, "token_logprobs": shown, "top_logprobs": top, "text_offset": offsets}


def chat_logprobs(asked: Asked, answer: str) -> dict[str, object]:
    """The `logprobs` of a choice of a chat."""
    tokens = pieces(answer)
    values = scores(asked.model, ["", *tokens])[1:]
    wanted = asked.body.get("top_logprobs")
    count = wanted if isinstance(wanted, int) else 0
    rows = [
        {**_token(token, value), "top_logprobs": [_token(*other) for other in _likely(token, value)[:count]]}
        for token, value in zip(tokens, values, strict=True)
    ]
    return {"content": rows, "refusal": None}


def _token(token: str, value: float | None) -> dict[str, object]:
    return {"token": token, "logprob": value, "bytes": list(token.encode("utf-8", "surrogatepass"))}


def _likely(token: str, value: float | None) -> list[tuple[str, float]]:
    """What else could stand there: beside a digit its neighbours, which share what it leaves."""
    own = value or 0.0
    if not token.strip().isdecimal() or len(token.strip()) > 1:
        return [(token, own)]
    digit, before = int(token), token[: -len(token.strip())]
    near = [f"{before}{other}" for other in (digit - 1, digit + 1) if 0 <= other <= 9]
    left = max(1e-9, 1 - math.exp(own)) / len(near)
    return sorted([(token, own), *((each, round(math.log(left), 6)) for each in near)], key=lambda each: -each[1])


def prompt_logprobs(model: str, prompt: str) -> list[dict[str, object] | None]:
    """vLLM's: for each token of the prompt its own entry by number; None for the first."""
    tokens = pieces(prompt)
    return [
        None if value is None else {str(_number(token)): {"logprob": value, "rank": 1, "decoded_token": token}}
        for token, value in zip(tokens, scores(model, tokens), strict=True)
    ]


def generated(asked: Asked, answers: Sequence[Written], finishes: Sequence[str]) -> bytes:
    """The body of SGLang's reply to `/generate`: one object, or a list of them for a list of texts."""
    texts = [text for _, text in asked.turns]
    rows = [_row(asked, text, said, why) for text, said, why in zip(texts, answers, finishes, strict=True)]
    return json.dumps(rows if isinstance(asked.body.get("text"), list) else rows[0]).encode()


def _row(asked: Asked, text: str, answer: Written, finish: str) -> Mapping[str, object]:
    given, said = pieces(text), pieces(answer.text)
    end: dict[str, object] = {"type": finish, "length": len(said)} if finish == "length" else {"type": finish}
    meta: dict[str, object] = {
        "id": f"{asked.chance:016x}", "finish_reason": end, "prompt_tokens": len(given), "completion_tokens": len(said),
        "cached_tokens": 0,
    }  # fmt: skip
    if asked.body.get("return_logprob"):
        values = scores(asked.model, [*given, *said])
        named = bool(asked.body.get("return_text_in_logprobs"))
        rows = [
            [value, _number(token), token if named else None]
            for value, token in zip(values, [*given, *said], strict=True)
        ]
        start = asked.body.get("logprob_start_len")
        # Unset, SGLang gives the prompt's last token alone.
        first = start if isinstance(start, int) and start >= 0 else max(0, len(given) - 1)
        meta |= {"input_token_logprobs": rows[first : len(given)], "output_token_logprobs": rows[len(given) :]}
    return {"text": answer.text, "meta_info": meta}
