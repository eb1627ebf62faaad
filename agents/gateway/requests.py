"""What is asked of a model: plain frozen values, the same for every kind of endpoint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

__all__ = ["Decoding", "Form", "Request", "Turn", "provider_seed", "request_key"]

Form = Literal["chat", "completion", "given_text", "embedding", "rendered", "reward"]
"""What is asked for: the next turn of a chat, the raw continuation of a text, the log-probabilities of a text that is
given, or its embedding (these three take one turn, whose text is the text); a chat as the server's template writes it
out; the number that a reward model gives a chat, or a single text."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a chat."""

    speaker: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Decoding:
    """How the answer is drawn. `max_tokens` is always there: an unbounded answer cannot be budgeted.

    Args:
        max_tokens: upper bound of the answer, in tokens.
        temperature: 0 is greedy.
        top_p: nucleus share in (0, 1], or None for the endpoint's own default.
        stop: strings that end the answer.
        json_schema: a JSON schema, as JSON text, that the answer must fit; None for free text.
        extra: further fields of the body (`{"reasoning_effort": "low"}`), as JSON text of one object; None for none.
        top_logprobs: how many of the likeliest tokens at each place of a chat's answer are wanted, 20 at most; 0 is
            none. What an endpoint does not give is missing in the answer (`Answer.likely`), and no error.
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    json_schema: str | None = None
    extra: str | None = None
    top_logprobs: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One call to one model.

    Args:
        endpoint: name of the endpoint group in the settings.
        model: the model's name as the endpoint knows it.
        turns: the chat so far; the last turn is what is asked.
        decoding: how the answer is drawn.
        sample: which of several answers to the same question this is (0 for the first).
        role: who asks (`evolver`, `judge`, ...); for the ledger, not part of the key.
        place: where in the run this is asked (a message id); for the records, not part of the key.
        stage: the part of the run it is booked on (`steps/001`, `test`, `apply`); not part of the key.
        form: what is asked for.
        urgent: on the critical path: it goes before what is not, without starving that; not part of the key.
    """

    endpoint: str
    model: str
    turns: tuple[Turn, ...]
    decoding: Decoding
    sample: int = 0
    role: str = ""
    place: str = ""
    stage: str = ""
    form: Form = "chat"
    urgent: bool = False


# Made once: `json.dumps` makes one at every call that asks for other separators.
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def request_key(request: Request) -> str:
    """The content key of a call: 64 hex digits of SHA-256 over the logical request (design, law 2).

    Time-outs, retries, prices, which replica served it and where in the run it was asked are not in it.
    """
    body: dict[str, object] = {
        "endpoint": request.endpoint,
        "model": request.model,
        "turns": [[turn.speaker, turn.text] for turn in request.turns],
        "max_tokens": request.decoding.max_tokens,
        "temperature": request.decoding.temperature,
        "top_p": request.decoding.top_p,
        "stop": list(request.decoding.stop),
        "json_schema": request.decoding.json_schema,
        "sample": request.sample,
    }
    # Only where they say something: keys of older journals stay what they are.
    if request.form != "chat":
        body["form"] = request.form
    if request.decoding.extra is not None:
        body["extra"] = request.decoding.extra
    if request.decoding.top_logprobs:
        body["top_logprobs"] = request.decoding.top_logprobs
    return hashlib.sha256(_ENCODER.encode(body).encode("utf-8", "surrogatepass")).hexdigest()


def provider_seed(sample: int) -> int:
    """The seed sent to a provider: a function of the sample index alone, in [0, 2**31)."""
    digest = hashlib.sha256(f"autoevol/sample/{sample}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
