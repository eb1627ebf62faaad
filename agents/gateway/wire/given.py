"""Log-probabilities of a text that is given: the three ways in which servers let them out.

    echo       OpenAI's completions, that repeat the prompt and score it (`echo`, `logprobs`), without writing on;
               where nothing at all may not be asked for, one token is written and cut off
    vllm       vLLM's `prompt_logprobs`
    sglang     SGLang's own `/generate` with `return_logprob` from the first token on

None of them can be looked up, so an endpoint is tried in this order and its way remembered; `autoevol doctor` saves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..outcomes import Answer, Outcome, TokenScore, Usage
from ..requests import Request
from .alignment import MisalignedScores, likeliest, shifted
from .failures import Failure
from .reading import (
    count,
    estimated,
    fields_of,
    items_of,
    number,
    opened,
    served,
    text_of,
    unreadable,
    usage_of,
    with_extra,
)
from .transport import WireReply

__all__ = ["WAYS", "Way"]

# Sums in half precision come out a hair above zero.
_ROUNDING = 1e-3
_AHEAD = 4096


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask.

    Args:
        name: as `Abilities.given_text` calls it.
        path: where the request goes.
        body: what it says.
        read: what comes of a reply.
    """

    name: str
    path: str
    body: Callable[[Request], dict[str, object]]
    read: Callable[[WireReply, Request, str, str], Outcome]


def _echo_body(request: Request, max_tokens: int) -> dict[str, object]:
    body: dict[str, object] = {
        "model": request.model,
        "prompt": request.turns[-1].text,
        "max_tokens": max_tokens,
        "temperature": 0.0,
        "echo": True,
        "logprobs": 1,
    }
    return with_extra(body, request)


def _echoed(reply: WireReply, request: Request, key: str, replica: str, written: int) -> Outcome:
    body = opened(reply, "choices")
    found = _prompt_part(body) or _choice_part(body)
    tokens, values = items_of(found.get("tokens")), items_of(found.get("token_logprobs"))
    if not tokens or len(tokens) != len(values):
        raise _not_this_way()
    said = count(body.get("usage"), "completion_tokens") or 0
    if said > written:
        # Asked to write nothing it wrote on, perhaps for long: that is paid for once, not at every text.
        raise _not_this_way()
    # What was written on belongs to nobody.
    extra = _surplus([text_of(token) for token in tokens], request.turns[-1].text, said or written)
    tokens, values = tokens[: len(tokens) - extra], values[: len(values) - extra]
    if shifted([text_of(token) for token in tokens], likeliest(items_of(found.get("top_logprobs")))):
        raise MisalignedScores(
            f"The endpoint '{request.endpoint}' gives log-probabilities that are shifted by one token: beside each"
            " token stands what was expected after it.",
            fix="llama-cpp-python's server does so where a prompt does not begin with the model's mark of beginning:"
            " name that mark as `start` of the recipe. Else take another server for the student.",
        )
    scores = _scores(zip(tokens, values, strict=True))
    return _answer(scores, usage_of(body.get("usage"), request, ""), request, key, replica, body=body)


def _choice_part(body: Mapping[str, object]) -> Mapping[str, object]:
    """Where OpenAI's form has the tokens: prompt and answer in one."""
    rows = items_of(body.get("choices"))
    return fields_of(fields_of(rows[0] if rows else None).get("logprobs"))


def _prompt_part(body: Mapping[str, object]) -> Mapping[str, object]:
    """Where Together has those of the prompt: apart from those of the answer."""
    rows = items_of(body.get("prompt"))
    return fields_of(fields_of(rows[0] if rows else None).get("logprobs"))


def _surplus(tokens: Sequence[str], text: str, written: int) -> int:
    """How many of the last tokens were written on: servers leave out some of them, and the text says which."""
    for extra in range(min(written, len(tokens)) + 1):
        shown = "".join(tokens[: len(tokens) - extra])
        if shown and (shown.endswith(text) or text.endswith(shown)):
            return extra
    return written


def _vllm_body(request: Request) -> dict[str, object]:
    body: dict[str, object] = {
        "model": request.model,
        "prompt": request.turns[-1].text,
        "max_tokens": 1,
        "temperature": 0.0,
        "prompt_logprobs": 0,
    }
    return with_extra(body, request)


def _vllm(reply: WireReply, request: Request, key: str, replica: str) -> Outcome:
    body = opened(reply, "choices")
    rows = items_of(body.get("choices"))
    first = fields_of(rows[0] if rows else None)
    entries = items_of(first.get("prompt_logprobs") or body.get("prompt_logprobs"))
    if not entries:
        raise _not_this_way()
    # Of each place's entries, the first is the token that stands there; of the first token, nothing is known.
    tops = [next(iter(fields_of(entry).values()), None) for entry in entries]
    pairs = [(fields_of(top).get("decoded_token") or "", fields_of(top).get("logprob")) for top in tops]
    if entries[0] is None and not any(entry is None for entry in entries[1:]):
        pairs[0] = (_start(request.turns[-1].text, pairs[1:]), None)
    return _answer(_scores(pairs), usage_of(body.get("usage"), request, ""), request, key, replica, body=body)


def _start(text: str, rest: Sequence[tuple[object, object]]) -> str:
    """The first token, whose text vLLM does not tell: what is left of the text before the others."""
    others = "".join(token for token, _ in rest if isinstance(token, str))
    return text.removesuffix(others) if text.endswith(others) else ""


def _sglang_body(request: Request) -> dict[str, object]:
    body: dict[str, object] = {
        "text": request.turns[-1].text,
        "sampling_params": {"max_new_tokens": 0, "temperature": 0.0},
        "return_logprob": True,
        "logprob_start_len": 0,
        "return_text_in_logprobs": True,
    }
    return with_extra(body, request)


def _sglang(reply: WireReply, request: Request, key: str, replica: str) -> Outcome:
    body = opened(reply, "meta_info")
    meta = fields_of(body.get("meta_info"))
    rows = [items_of(row) for row in items_of(meta.get("input_token_logprobs"))]
    if not rows or any(len(row) < 3 for row in rows):
        raise _not_this_way()
    scores = _scores([(row[2], row[0]) for row in rows])
    sent = count(meta, "prompt_tokens")
    got, cached = count(meta, "completion_tokens") or 0, count(meta, "cached_tokens") or 0
    usage = estimated(request, "") if sent is None else Usage(sent, got, min(cached, sent))
    return _answer(scores, usage, request, key, replica, body=body)


# ---------------------------------------------------------------- all three


def _scores(pairs: Iterable[tuple[object, object]]) -> tuple[TokenScore, ...]:
    """Tokens with their scores; None only for the first.

    Raises:
        Failure: a score is no log-probability.
    """
    scores: list[TokenScore] = []
    for index, (token, value) in enumerate(pairs):
        logprob = number(value)
        if logprob is None and (value is not None or index):
            raise unreadable("holds a log-probability that is none")
        if logprob is not None and logprob > _ROUNDING:
            raise unreadable("holds a probability above 1")
        scores.append(TokenScore(text_of(token), None if logprob is None else min(logprob, 0.0)))
    return tuple(scores)


def _answer(
    scores: tuple[TokenScore, ...],
    usage: Usage,
    request: Request,
    key: str,
    replica: str,
    *,
    body: Mapping[str, object],
) -> Answer:
    text = request.turns[-1].text
    if not _covers(text, [score.token for score in scores]):
        raise _not_this_way()
    return replace(served(body, replica), key=key, text=text, usage=usage, scores=scores)


def _covers(text: str, tokens: Iterable[str]) -> bool:
    """Whether tokens are those of a text: a server that passes `echo` over would score what it wrote itself.

    Marks of a beginning are no part of the text, and tokens that are parts of a character cannot be shown, so half of
    the text is enough.
    """
    at = met = 0
    for token in tokens:
        if "\ufffd" in token or token.startswith("bytes:"):
            met += 1
            continue
        found = text.find(token, at, at + len(token) + _AHEAD)
        if token and found >= 0:
            at = found + len(token)
            met += len(token)
    return 2 * met >= len(text)


def _not_this_way() -> Failure:
    return Failure("bad_request", "the reply holds no log-probabilities of the given text")


WAYS = (
    Way("echo", "completions", partial(_echo_body, max_tokens=0), partial(_echoed, written=0)),
    Way("echo", "completions", partial(_echo_body, max_tokens=1), partial(_echoed, written=1)),
    Way("vllm", "completions", _vllm_body, _vllm),
    Way("sglang", "/generate", _sglang_body, _sglang),
)
