"""One attempt over the wire in whatever form is asked for, with what the model is known to refuse left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from ..endpoints import Endpoint
from ..errors import UsageError
from ..outcomes import Answer, Outcome, TokenScore, Usage
from ..requests import Form, Request
from . import anthropic, chat, embeddings, rendered, rewards
from .failures import Failure
from .given import WAYS, Way
from .quirks import Quirks
from .reading import encoded
from .transport import Transport, WireReply

__all__ = ["Scorer", "WireCaller", "make_caller"]

_ONE_ONLY = "no n"


@dataclass(frozen=True, slots=True)
class _Spoken:
    """How one form is spoken: where it goes, what it says, what comes of a reply."""

    path: str
    body: Callable[[Request], dict[str, object]]
    read: Callable[[WireReply, Request, str, str], Outcome]


_OPENAI: dict[Form, _Spoken] = {
    "chat": _Spoken("chat/completions", chat.body_of, chat.outcome_of),
    "completion": _Spoken("completions", chat.body_of, chat.outcome_of),
    "embedding": _Spoken("embeddings", embeddings.body_of, embeddings.outcome_of),
    "rendered": _Spoken(rendered.PATH, rendered.body_of, rendered.outcome_of),
}


def make_caller(
    name: str,
    endpoint: Endpoint,
    transport: Transport,
    on_reply: Callable[[str, WireReply], None] | None = None,
    address: str = "",
    quirks: Quirks | None = None,
    scorer: Scorer | None = None,
) -> WireCaller:
    """What reaches the models of an endpoint over a transport.

    Args:
        name: the endpoint's name, for messages.
        endpoint: which wire it speaks, and what is known of its models.
        transport: how it is reached.
        on_reply: shown every reply, of whatever status, with the model it is about, before anything is made of it.
        address: what records call it, where its address is another in every session.
        quirks: shared by all addresses of the endpoint, so that each quirk is learned once; None begins anew.
        scorer: scores given texts instead of the wire.
    """
    caller = WireCaller(name, endpoint, transport, on_reply, address, quirks)
    caller.scorer = scorer
    return caller


class WireCaller:
    """Chats, raw completions, given texts, embeddings and rewards of one address. Made by `make_caller`.

    Attributes:
        address: where it goes, for messages and records.
        quirks: what is known of its models.
        scorer: scores given texts instead of the wire; None leaves them to it.
        embedder: embeds texts instead of the wire; None leaves them to it.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        transport: Transport,
        on_reply: Callable[[str, WireReply], None] | None,
        address: str,
        quirks: Quirks | None,
    ) -> None:
        self._name = name
        self._transport = transport
        self._on_reply = on_reply
        self._spoken = _forms(endpoint)
        self._given = _given_texts(name, endpoint)
        self._rewards = _Ways(name, rewards.WAYS if endpoint.wire == "openai" else (), {}, _NO_REWARDS)
        self.address = address or transport.address
        self.scorer: Scorer | None = None
        self.embedder: LocalVectors | None = None
        self.quirks = quirks if quirks is not None else Quirks(endpoint.abilities)

    async def call(self, request: Request, key: str) -> Outcome:
        """Send once, read once.

        Raises:
            Failure: nothing came of it; of kind `adapted` where the same request, sent again, is another on the wire.
            UsageError: the endpoint has no such form, or the request's schema or extra fields are none.
        """
        if request.form == "given_text" and "given_text" not in self._spoken:
            return await self._scored(request, key)
        if request.form == "embedding" and self.embedder is not None:
            vector, tokens = await self.embedder.vector(request.turns[-1].text)
            usage = Usage(input_tokens=tokens)
            return Answer(key, "", usage=usage, model=request.model, replica=self.address, vector=vector)
        if request.form == "reward":
            return await self._by_a_way(self._rewards, request, key)
        spoken = self._form(request)
        body = spoken.body(request)
        reply, adapted = await self._sent(spoken.path, request, body)
        try:
            outcome = spoken.read(reply, request, key, self.address)
        except Failure as failure:
            raise self.quirks.learn(request.model, body, reply, failure) from failure
        return _marked(outcome, adapted)

    async def call_many(self, requests: Sequence[Request], keys: Sequence[str]) -> list[Outcome]:
        """Send one call for several samples of the same question, or to embed several texts.

        Args:
            requests: alike but for the sample, or for the text.
            keys: theirs.

        Returns:
            outcomes of the first requests, in order: fewer than asked for where the endpoint gives fewer, and one where
            it is known to give one only. The usages together are what was reported.

        Raises:
            Failure: as `call`.
            UsageError: as `call`.
        """
        first = requests[0]
        if first.form == "embedding" and self.embedder is None:
            return await self._embedded(requests, keys)
        if len(requests) == 1 or not self.gives_many(first):
            return [await self.call(first, keys[0])]
        spoken = self._form(first)
        body = chat.body_of(first, n=len(requests))
        reply, adapted = await self._sent(spoken.path, first, body)
        try:
            outcomes = chat.outcomes_of(reply, requests, keys, self.address)
        except Failure as failure:
            raise self.quirks.learn(first.model, body, reply, failure) from failure
        if len(outcomes) == 1:
            # Passed over without a word: asking for many would only look like it.
            self.quirks.note(first.model, _ONE_ONLY)
        return [_marked(outcome, adapted) for outcome in outcomes]

    def gives_many(self, request: Request) -> bool:
        """Whether one call may give several answers to a request, as far as is known."""
        spoken = self._spoken.get(request.form)
        return (
            spoken is not None and spoken.body is chat.body_of and _ONE_ONLY not in self.quirks.learned(request.model)
        )

    def given_text_way(self, model: str) -> str | None:
        """How log-probabilities of a given text are had of a model; None where none came yet."""
        return "local" if self.scorer is not None else self._given.proven(model)

    def _form(self, request: Request) -> _Spoken:
        spoken = self._spoken.get(request.form)
        if spoken is None:
            raise UsageError(
                f"The endpoint '{self._name}' does not offer what is asked of it ({request.form}).",
                fix="Name another endpoint for this role.",
            )
        return spoken

    async def _sent(self, path: str, request: Request, body: dict[str, object]) -> tuple[WireReply, tuple[str, ...]]:
        adapted = self.quirks.apply(request.model, body)
        reply = await self._transport.post(path, encoded(body))
        if self._on_reply is not None:
            self._on_reply(request.model, reply)
        return reply, adapted

    async def _embedded(self, requests: Sequence[Request], keys: Sequence[str]) -> list[Outcome]:
        """The vectors of several texts by one call."""
        first = requests[0]
        spoken = self._form(first)
        body = embeddings.body_of(first, [request.turns[-1].text for request in requests])
        reply, adapted = await self._sent(spoken.path, first, body)
        try:
            outcomes = embeddings.outcomes_of(reply, requests, keys, self.address)
        except Failure as failure:
            raise self.quirks.learn(first.model, body, reply, failure) from failure
        return [_marked(outcome, adapted) for outcome in outcomes]

    async def _scored(self, request: Request, key: str) -> Outcome:
        if not request.turns[-1].text:
            raise Failure("bad_request", "a text without a token has no log-probabilities")
        if self.scorer is not None:
            scores = await self.scorer.scores(request.turns[-1].text)
            usage = Usage(input_tokens=len(scores))
            return Answer(
                key, request.turns[-1].text, usage=usage, model=request.model, replica=self.address, scores=scores
            )
        return await self._by_a_way(self._given, request, key)

    async def _by_a_way(self, ways: _Ways, request: Request, key: str) -> Outcome:
        way = ways.way(request.model)
        reply, adapted = await self._sent(way.path, request, way.body(request))
        try:
            outcome = way.read(reply, request, key, self.address)
        except Failure as failure:
            raise ways.failed(request.model, way, failure) from failure
        ways.worked(request.model, way)
        return _marked(outcome, adapted)


def _forms(endpoint: Endpoint) -> Mapping[Form, _Spoken]:
    if endpoint.wire == "openai":
        return _OPENAI
    body = partial(anthropic.body_of, mark_prefix=endpoint.cache_prompts)
    return {"chat": _Spoken("messages", body, anthropic.outcome_of)}


def _marked(outcome: Outcome, adapted: tuple[str, ...]) -> Outcome:
    return replace(outcome, adapted=adapted) if adapted and isinstance(outcome, Answer) else outcome


class Scorer(Protocol):
    """What scores given texts without the wire: an embedded model."""

    async def scores(self, text: str) -> tuple[TokenScore, ...]:
        """The tokens of a text in order, with their log-probabilities; None for the first.

        Raises:
            Failure: nothing came of it.
            AutoEvolError: the session cannot go on.
        """
        ...


class LocalVectors(Protocol):
    """What embeds texts without the wire: an embedded model."""

    async def vector(self, text: str) -> tuple[tuple[float, ...], int]:
        """The vector of a text, and how many tokens were read.

        Raises:
            Failure: nothing came of it.
            AutoEvolError: the session cannot go on.
        """
        ...


_NO_SCORES = (
    "gives no log-probabilities of a given text",
    "For the student, name an endpoint that does: vLLM, SGLang, or the embedded model.",
)
_NO_REWARDS = (
    "serves no reward model",
    "For the rewarder, name one that does (vLLM or SGLang, which may need reward_template), or let the judge rate.",
)


def _given_texts(name: str, endpoint: Endpoint) -> _Ways:
    known = {model: found.given_text for model, found in endpoint.abilities.items() if found.given_text is not None}
    return _Ways(name, WAYS if endpoint.wire == "openai" else (), known, _NO_SCORES)


class _Ways:
    """Which of several ways to ask for the same works, by model; none of them can be looked up.

    Args:
        name: of the endpoint.
        ways: in the order in which they are tried.
        known: names of those that are known to work, by model.
        none: what is wrong where none is left, and what to do.
    """

    def __init__(self, name: str, ways: tuple[Way, ...], known: Mapping[str, str], none: tuple[str, str]) -> None:
        self._name = name
        self._ways = ways
        self._known = known
        self._none = none
        self._left: dict[str, tuple[Way, ...]] = {}
        self._proven: dict[str, Way] = {}
        self._last = ""

    def way(self, model: str) -> Way:
        """The way to try now.

        Raises:
            UsageError: none is left.
        """
        if model not in self._left:
            found = self._known.get(model)
            self._left[model] = tuple(way for way in self._ways if found is None or way.name == found)
        left = self._left[model]
        if not left:
            problem, fix = self._none
            raise UsageError(f"The endpoint '{self._name}' {problem}. {self._last}".strip(), fix=fix)
        return left[0]

    def proven(self, model: str) -> str | None:
        """The way that worked."""
        return self._proven[model].name if model in self._proven else None

    def worked(self, model: str, way: Way) -> None:
        """Keep to a way."""
        self._proven[model] = way

    def failed(self, model: str, way: Way, failure: Failure) -> Failure:
        """What a refusal comes to: where the way may be to blame, the next one is tried at once."""
        if failure.kind not in {"bad_request", "unknown_model"} or self._proven.get(model) is way:
            return failure
        left = self._left[model]
        if left and left[0] is way:
            self._left[model] = left[1:]
            self._last = f"The last reply: {failure.detail}."
        return Failure("adapted", f"not by {way.name}: {failure.detail}")
