"""OpenAI's forms with choices, chats and raw completions: a request becomes a body, a reply outcomes.

Garbage becomes a `Failure`, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Literal, Protocol, cast

from ..estimates import counted
from ..outcomes import Answer, Likely, NoAnswer, Outcome, Usage
from ..requests import Request, provider_seed
from .failures import Failure, classify
from .reading import fields_of, items_of, number, opened, schema_of, served, text_of, unreadable, usage_of, with_extra
from .transport import WireReply

__all__ = ["Caller", "Choice", "answered", "body_of", "outcome_of", "outcomes_of"]

_THINK, _THOUGHT = "<think>", "</think>"
_FILTERED = frozenset({"content_filter", "safety", "blocklist", "prohibited_content"})
_CUT = frozenset({"length", "max_tokens"})
_MOST_LIKELY = 20  # what the wire allows to ask for


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


def body_of(request: Request, n: int = 1) -> dict[str, object]:
    """The body of a request; what is None is left out, `seed` derives from the sample alone.

    Args:
        request: a chat or a raw completion.
        n: answers that are wanted.

    Raises:
        UsageError: the JSON schema is not JSON, or the extra fields are none that can be.
    """
    decoding = request.decoding
    asked: dict[str, object] = {"messages": [{"role": turn.speaker, "content": turn.text} for turn in request.turns]}
    if request.form != "chat":
        asked = {"prompt": request.turns[-1].text}
    body: dict[str, object] = {
        "model": request.model,
        **asked,
        "max_tokens": decoding.max_tokens,
        "temperature": decoding.temperature,
        "seed": provider_seed(request.sample),
    }
    if n > 1:
        body["n"] = n
    if decoding.top_p is not None:
        body["top_p"] = decoding.top_p
    if decoding.stop:
        body["stop"] = list(decoding.stop)
    if decoding.json_schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema_of(request)},
        }
    if decoding.top_logprobs and request.form == "chat":
        body |= {"logprobs": True, "top_logprobs": decoding.top_logprobs}
    return with_extra(body, request)


# ---------------------------------------------------------------- replies


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer as it came: its text, the trace before it, why it ended, in lower case, and what was likely in it."""

    text: str
    reasoning: str
    finish: str
    likely: tuple[Likely, ...] = ()

    @property
    def written(self) -> str:
        """All that was written."""
        return self.reasoning + self.text


def outcome_of(reply: WireReply, request: Request, key: str, replica: str) -> Outcome:
    """Read the first choice of a reply.

    Raises:
        Failure: the status is not 200, the body holds an error, or it cannot be read as a completion.
    """
    body = opened(reply, "choices")
    choices = items_of(body.get("choices"))
    choice = _choice(reply, choices[0] if choices else None, request)
    usage = usage_of(body.get("usage"), request, choice.written)
    return answered(choice, usage, key, served(body, replica))


def outcomes_of(reply: WireReply, requests: Sequence[Request], keys: Sequence[str], replica: str) -> list[Outcome]:
    """Read a reply with several choices, one for each request in order.

    The usage is of all together: the first outcome is booked the input, and the output is shared by length, so that
    the sum is what was reported. Choices that cannot be read are passed over, and there may be fewer than were asked
    for: then the list is shorter.

    Raises:
        Failure: as `outcome_of`, where there is no choice that can be read.
    """
    body = opened(reply, "choices")
    found: list[Choice] = []
    refusal: Failure | None = None
    for row in items_of(body.get("choices"))[: len(requests)] or [None]:
        try:
            found.append(_choice(reply, row, requests[0]))
        except Failure as failure:
            refusal = refusal or failure
    if not found:
        raise refusal or unreadable("holds no choice")
    whole = usage_of(body.get("usage"), requests[0], "".join(choice.written for choice in found))
    shares = _shared(whole, [counted(choice.written) for choice in found])
    blank = served(body, replica)
    return [
        answered(choice, usage, key, blank)
        for choice, usage, key in zip(found, shares, keys[: len(found)], strict=True)
    ]


def answered(choice: Choice, usage: Usage, key: str, blank: Answer) -> Outcome:
    """The outcome of a choice.

    Args:
        choice: what came.
        usage: what it took.
        key: the request's key.
        blank: an answer that says who served it.
    """
    if choice.finish in _FILTERED:
        return NoAnswer(key, "content_filter", "the provider's filter withheld the answer", usage)
    if not choice.text.strip():
        why = "the answer was cut before it began" if choice.finish in _CUT else "the answer is empty"
        return NoAnswer(key, "empty", why, usage)
    finish: Literal["stop", "length"] = "length" if choice.finish in _CUT else "stop"
    return replace(
        blank, key=key, text=choice.text, finish=finish, reasoning=choice.reasoning, usage=usage, likely=choice.likely
    )  # fmt: skip


def _choice(reply: WireReply, row: object, request: Request) -> Choice:
    if not isinstance(row, dict):
        raise unreadable("holds no choice")
    choice = cast("dict[str, object]", row)
    finish = text_of(choice.get("finish_reason")).lower()
    if finish == "error":
        raise classify(502, reply.headers, reply.body, datetime.now(UTC))
    if request.form != "chat":
        if not isinstance(choice.get("text"), str):
            raise unreadable("holds no text")
        # What goes on a given text may begin with a tag of its own accord.
        return Choice(text_of(choice["text"]), "", finish)
    if not isinstance(choice.get("message"), dict):
        raise unreadable("holds no message")
    message = fields_of(choice["message"])
    text = text_of(message.get("content")) or text_of(message.get("refusal"))
    reasoning = text_of(message.get("reasoning_content")) or text_of(message.get("reasoning"))
    trace, rest = _apart(text)
    likely = _likely(choice.get("logprobs")) if request.decoding.top_logprobs else ()
    return Choice(rest, "\n".join(part for part in (reasoning, trace) if part), finish, likely)


def _likely(value: object) -> tuple[Likely, ...]:
    """The tokens of an answer with the likeliest ones in their places; none where one of them cannot be read."""
    found: list[Likely] = []
    for row in items_of(fields_of(value).get("content")):
        place = fields_of(row)
        others = tuple(
            (text_of(other.get("token")), min(logprob, 0.0))
            for other in map(fields_of, items_of(place.get("top_logprobs"))[:_MOST_LIKELY])
            if (logprob := number(other.get("logprob"))) is not None
        )
        if not isinstance(place.get("token"), str) or not others:
            return ()
        found.append(Likely(text_of(place["token"]), others))
    return tuple(found)


def _apart(text: str) -> tuple[str, str]:
    """A leading `<think>` block and the rest; an unclosed block is all trace."""
    start = text.lstrip()
    if not start.startswith(_THINK):
        return "", text
    trace, _, rest = start.removeprefix(_THINK).partition(_THOUGHT)
    return trace.strip(), rest.lstrip()


def _shared(whole: Usage, lengths: Sequence[int]) -> list[Usage]:
    """A usage in parts whose sum it is: input to the first, output by length."""
    ends = list(accumulate(lengths, initial=0))
    total = ends[-1] or 1

    def part(tokens: int) -> list[int]:
        # The last end takes what is left, also where every length is 0.
        marks = [tokens * end // total for end in ends[:-1]] + [tokens]
        return [after - before for before, after in pairwise(marks)]

    written, thought = part(whole.output_tokens), part(whole.reasoning_tokens)
    return [
        Usage(
            whole.input_tokens if index == 0 else 0,
            written[index],
            whole.cached_tokens if index == 0 else 0,
            thought[index],
            whole.estimated,
        )
        for index in range(len(lengths))
    ]
