"""The examination: what is asked, in which order, and what the answers show.

What matters most is asked first, because calls are capped. The same long preface stands in front of several questions,
so that a cache of prompts shows itself without calls of its own.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from ..endpoints import Abilities, Endpoint
from ..outcomes import Answer, NoAnswer, Outcome
from ..requests import Decoding, Turn
from ..wire.alignment import KNOWN, SHUFFLED, misaligned
from ..wire.callers import Scorer
from ..wire.failures import Failure
from ..wire.reading import fields_of, items_of, text_of
from ..wire.transport import HttpTransport
from .findings import Findings, FormTried
from .visit import Visit, stop_of

__all__ = ["MOST_CALLS", "Reach", "Trial", "examine"]

MOST_CALLS = 18
_MOST_MODELS = 200
_WORDS = 64
_FIELDS = {"colour": {"type": "string", "enum": ["red", "green"]}, "count": {"type": "integer"}}
_SCHEMA = json.dumps(
    {"type": "object", "properties": _FIELDS, "required": list(_FIELDS), "additionalProperties": False}
)
_TEXT = "The river was higher after the rain, and the old bridge was closed."
# Providers cache from 1,024 tokens on.
_PREFACE = "Notes from a storehouse.\n" + "\n".join(
    f"Shelf {number}: box {number * 7 % 97}, {number * 13 % 89} parts." for number in range(1, 121)
)
_JSON_WORDS = frozenset({"json_object", "no response_format"})
_AGAIN = "What comes into your mind? Write a line of eight random words."


@dataclass(frozen=True, slots=True)
class Trial:
    """A question in one output form, and whether a text can be read out of an answer to it."""

    form: Literal["tags", "json"]
    turns: tuple[Turn, ...]
    decoding: Decoding
    keeps: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Reach:
    """How an endpoint is reached.

    Args:
        transport: over HTTP.
        scorer: scores given texts instead of the endpoint.
        address: what findings call it, where its address is another each time.
    """

    transport: HttpTransport
    scorer: Scorer | None = None
    address: str = ""


@dataclass(slots=True)
class _Notes:
    """What is known so far."""

    known: dict[str, object] = field(default_factory=dict[str, object])
    forms: dict[Literal["tags", "json"], FormTried] = field(default_factory=dict[Literal["tags", "json"], FormTried])
    remarks: list[str] = field(default_factory=list[str])


async def examine(
    name: str,
    endpoint: Endpoint,
    model: str,
    reach: Reach,
    trials: Sequence[Trial] = (),
    most: int = MOST_CALLS,
) -> Findings:
    """Find out what a model can do.

    Args:
        name: of the endpoint in the settings.
        endpoint: its settings; what they say about abilities is not believed.
        model: whom to ask.
        reach: how it is reached.
        trials: questions in the output forms to be compared.
        most: calls at most.

    Raises:
        SessionStopped: the first call failed, so that nothing can be found out: no connection, no access, no such
            model.
    """
    endpoint = endpoint.model_copy(update={"abilities": {}})
    address = reach.address or reach.transport.address
    models, owners = await _listed(reach.transport)
    visit = Visit(name, endpoint, model, reach.transport, most, reach.scorer)
    examination = _Examination(visit, endpoint, owners)
    failure = await examination.answers()
    if failure is not None:
        raise stop_of(failure, name, model, address, models)
    await examination.abilities(trials)
    notes = examination.notes
    return Findings(
        endpoint=name,
        address=address,
        wire=endpoint.wire,
        model=model,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        models=models,
        served=visit.served,
        fingerprint=visit.fingerprint,
        abilities=Abilities.model_validate({**notes.known, "refused": _refused(visit.refused)}),
        announced=visit.announced,
        forms=notes.forms,
        speed=visit.speed,
        spent=visit.spent,
        remarks=tuple(notes.remarks),
        unasked=examination.unasked,
    )


def _refused(words: tuple[str, ...]) -> tuple[str, ...]:
    """Those words that no ability says already."""
    said = {*_JSON_WORDS, "no n", "no seed", "no logprobs"}
    return tuple(word for word in words if word not in said)


async def _listed(transport: HttpTransport) -> tuple[tuple[str, ...] | None, frozenset[str]]:
    """Names of the models that the endpoint lists, and who is said to own them: vLLM and SGLang name themselves."""
    try:
        reply = await transport.get("models")
        rows = items_of(fields_of(json.loads(reply.body)).get("data")) if reply.status == 200 else []
    except (Failure, ValueError, RecursionError):
        return None, frozenset()
    found = [fields_of(row) for row in rows]
    names = tuple(text_of(row.get("id"))[:200] for row in found if text_of(row.get("id")))
    return names[:_MOST_MODELS] or None, frozenset(text_of(row.get("owned_by")).lower() for row in found)


class _Examination:
    """The probes, one after the other: that of one may spare that of another."""

    def __init__(self, visit: Visit, endpoint: Endpoint, owners: frozenset[str]) -> None:
        self.visit = visit
        self.notes = _Notes()
        self._chat_only = endpoint.wire == "anthropic"
        self._owners = owners
        self._preface = "" if endpoint.free else _PREFACE
        self._unasked: list[str] = []

    @property
    def unasked(self) -> tuple[str, ...]:
        """Abilities for which no call was left."""
        return tuple(self._unasked)

    def _asking(self, text: str, *, preface: bool = False) -> tuple[Turn, ...]:
        turn = Turn("user", text)
        return (Turn("system", self._preface), turn) if preface and self._preface else (turn,)

    # ------------------------------------------------------------ whether it answers at all

    async def answers(self) -> Failure | None:
        """Ask with everything that AutoEvol's requests may hold, so that what is refused is found out first."""
        decoding = Decoding(_WORDS, temperature=0.6, top_p=0.95, stop=("\n\n\n",))
        outcome = await self.visit.ask(self._asking("Say in one word: ready.", preface=True), decoding)
        if isinstance(outcome, Failure) and outcome.kind == "context_too_long" and self._preface:
            self._preface = ""
            outcome = await self.visit.ask(self._asking("Say in one word: ready."), decoding)
        if isinstance(outcome, Failure):
            return outcome
        if isinstance(outcome, NoAnswer):
            self.notes.remarks.append(
                f"A question that takes one word came back without an answer: {outcome.detail or outcome.reason}."
                " A model that thinks first needs more max_tokens for every role."
            )
        return None

    async def abilities(self, trials: Sequence[Trial]) -> None:
        """Everything else, as far as calls are left."""
        await self._tried("tags", trials)
        probes: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            ("json_schema", self._json_schema), ("json_object", self._json_object),
            ("", lambda: self._tried("json", trials)), ("seed", self._seed), ("n", self._n),
            ("logprobs", self._logprobs), ("completions", self._completions), ("given_text", self._given_text),
            ("embeddings", self._embeddings),
        )  # fmt: skip
        for name, probe in probes:
            if name in self.notes.known:
                continue
            if self.visit.left > 0:
                await probe()
            elif name:
                self._unasked.append(name)
        self._cache()

    # ------------------------------------------------------------ forms of answers

    async def _tried(self, form: Literal["tags", "json"], trials: Sequence[Trial]) -> None:
        """Ask for texts in one output form, and count those that can be read."""
        if form == "json" and not (self.notes.known.get("json_schema") or self.notes.known.get("json_object")):
            return
        asked = kept = 0
        for trial in trials:
            if trial.form != form or self.visit.left <= 0:
                continue
            outcome = await self.visit.ask(trial.turns, trial.decoding)
            asked += not isinstance(outcome, Failure)
            kept += isinstance(outcome, Answer) and trial.keeps(outcome.text)
        if asked:
            self.notes.forms[form] = FormTried(asked=asked, kept=kept)

    async def _json_schema(self) -> None:
        decoding = Decoding(4 * _WORDS, json_schema=_SCHEMA)
        outcome = await self.visit.ask(self._asking("Name a colour and a number, as JSON.", preface=True), decoding)
        adapted = _JSON_WORDS & set(self.visit.refused)
        if adapted:
            self.notes.known["json_schema"] = False
            if "no response_format" in adapted:
                self.notes.known["json_object"] = False
            return
        self._note("json_schema", outcome, _fits)
        if self.notes.known.get("json_schema") is False and isinstance(outcome, Answer):
            self.notes.remarks.append("It takes a JSON schema and does not keep to it.")

    async def _json_object(self) -> None:
        if self._chat_only:
            self.notes.known["json_object"] = False
            return
        extra = json.dumps({"response_format": {"type": "json_object"}})
        ask = "Name a colour and a number, as a JSON object with the fields colour and count."
        outcome = await self.visit.ask(self._asking(ask, preface=True), Decoding(4 * _WORDS, extra=extra))
        self._note("json_object", outcome, lambda text: _object(text) is not None)

    # ------------------------------------------------------------ further fields of a chat

    async def _seed(self) -> None:
        """Twice the same seed, and another one, at a high temperature."""
        if self._chat_only or "no seed" in self.visit.refused:
            self.notes.known["seed"] = False
            return
        texts: list[str] = []
        for sample in (0, 0, 1):
            outcome = await self.visit.ask(self._asking(_AGAIN), Decoding(_WORDS, temperature=1.0), sample=sample)
            if not isinstance(outcome, Answer):
                return
            texts.append(outcome.text)
            if len(texts) == 2 and texts[0] != texts[1]:
                self.notes.remarks.append("It takes a seed, but the same seed gives other answers.")
                return
        if texts[0] != texts[2]:
            self.notes.known["seed"] = True
        else:
            self.notes.remarks.append("It gives the same answer whatever the seed: further samples bring nothing new.")

    async def _n(self) -> None:
        outcomes = await self.visit.ask_many(self._asking(_AGAIN, preface=True), Decoding(_WORDS, temperature=1.0), 2)
        if not isinstance(outcomes, Failure):
            self.notes.known["n"] = len(outcomes) == 2
        elif outcomes.kind == "bad_request":
            self.notes.known["n"] = False

    async def _logprobs(self) -> None:
        if self._chat_only:
            self.notes.known["logprobs"] = False
            return
        decoding = Decoding(_WORDS, top_logprobs=2)
        outcome = await self.visit.ask(self._asking("Say in one word: ready.", preface=True), decoding)
        self._note("logprobs", outcome, lambda _: _has_logprobs(self.visit.body))

    # ------------------------------------------------------------ other forms of calls

    async def _completions(self) -> None:
        turns = (Turn("user", "One, two, three, four,"),)
        self._note("completions", await self.visit.ask(turns, Decoding(8), form="completion"), bool)

    async def _given_text(self) -> None:
        """Every way over the wire but SGLang's own goes by raw completions."""
        by_wire = self.visit.caller.scorer is None
        if by_wire and self.notes.known.get("completions") is False and "sglang" not in self._owners:
            self.notes.known["given_text"] = "none"
            return
        outcome = await self.visit.ask((Turn("user", KNOWN),), Decoding(1), form="given_text")
        way = self.visit.caller.given_text_way(self.visit.model)
        if isinstance(outcome, Answer) and way is not None:
            await self._aligned(outcome, way)
        elif isinstance(outcome, Failure) and outcome.kind == "bad_request":
            self.notes.known["given_text"] = "none"

    async def _aligned(self, known: Answer, way: str) -> None:
        """Scores that do not belong to their tokens are none."""
        shuffled = await self.visit.ask((Turn("user", SHUFFLED),), Decoding(1), form="given_text")
        if isinstance(shuffled, Answer):
            wrong = misaligned(known.scores, shuffled.scores)
            self.notes.known["given_text"] = "none" if wrong else way
            if wrong:
                self.notes.remarks.append(f"Its log-probabilities of a given text are of no use: {wrong}.")

    async def _embeddings(self) -> None:
        outcome = await self.visit.ask((Turn("user", _TEXT),), Decoding(1), form="embedding")
        if isinstance(outcome, Answer):
            self.notes.known["embeddings"] = bool(outcome.vector)
        else:
            self._note("embeddings", outcome, bool)

    def _cache(self) -> None:
        """The preface went out several times: whether a part of it came from a cache."""
        if self.visit.cached_tokens:
            self.notes.known["cached_prompts"] = True
        elif self._preface and not self._unasked:
            self.notes.known["cached_prompts"] = False

    def _note(self, name: str, outcome: Outcome | Failure, good: Callable[[str], bool]) -> None:
        """What an outcome says about an ability: a refusal and an answer say something, an outage does not."""
        if isinstance(outcome, Answer):
            self.notes.known[name] = good(outcome.text)
        elif isinstance(outcome, Failure) and (
            outcome.kind in {"bad_request", "unknown_model", "access"} or outcome.detail.startswith("status 501")
        ):
            self.notes.known[name] = False


def _object(text: str) -> dict[str, object] | None:
    try:
        return fields_of(json.loads(text)) or None
    except (ValueError, RecursionError):
        return None


def _fits(text: str) -> bool:
    found = _object(text)
    return found is not None and set(found) == set(_FIELDS) and found["colour"] in {"red", "green"}


def _has_logprobs(body: bytes) -> bool:
    choices = items_of(fields_of(json.loads(body)).get("choices"))
    scored = fields_of(fields_of(choices[0] if choices else None).get("logprobs"))
    return any(isinstance(fields_of(row).get("logprob"), int | float) for row in items_of(scored.get("content")))
