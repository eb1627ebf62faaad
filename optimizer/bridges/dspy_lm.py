"""DSPy programs over our gateway: one limit, one journal, one budget, one ledger (DSPy 3.4, engines of `dspy.lm15`).

    with open_door(settings={"model": "gpt-4o-mini", "budget": {"usd": 2}}, folder="runs/my-program") as door:
        with dspy.context(lm=gateway_lm(door)):
            score = dspy.Evaluate(devset=devset, metric=metric, num_threads=16)(program)

DSPy makes one attempt a call and keeps no cache; waiting, retrying and remembering are the gateway's. An outage is
waited out and never becomes a score; what stops the session is raised, also when the block ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from ...agents.gateway.errors import (
    AccessDenied,
    AutoEvolError,
    BudgetReached,
    QuotaSpent,
    StoppedByPerson,
    UnknownModel,
    UsageError,
)
from ...agents.gateway.outcomes import Answer, NoAnswer, Outcome
from ...agents.gateway.requests import Decoding, Request, Turn, request_key
from ...agents.messages import RoleName
from ..record.config import resolve
from ..record.settings import Settings
from .errand import current
from .open_door import OpenDoor
from .theirs import dspy

__all__ = ["AsyncGatewayEngine", "GatewayEngine", "gateway_lm", "open_door"]

_PASSED = ("top_k", "frequency_penalty", "presence_penalty")
_SPEAKERS: Mapping[str, Literal["system", "user", "assistant"]] = {
    "user": "user", "assistant": "assistant", "developer": "system",
}  # fmt: skip


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def open_door(
    settings: str | Path | Mapping[str, object],
    folder: str | Path,
    *,
    uncapped: bool = False,
    on_notice: Callable[[str], None] = _to_stderr,
) -> OpenDoor:
    """The gateway for programs of others: use it as a `with` block.

    Args:
        settings: a settings file, or a tree as such a file holds: `model`, `endpoints`, `roles`, `budget`.
        folder: of its journal and ledger; the same folder again goes on where it was, without paying twice.
        uncapped: agree to paid calls without a cap.
        on_notice: takes single lines for the person.

    Raises:
        UsageError: a setting is wrong, or calls that may cost money have no cap.
    """
    resolved = resolve(Path(settings), {}) if isinstance(settings, str | Path) else resolve(None, settings)
    if not uncapped:
        _refuse_uncapped(resolved)
    return OpenDoor(resolved, Path(folder), on_notice)


def _refuse_uncapped(settings: Settings) -> None:
    """As the command and the functions do. Here nobody knows what models a program will name, so endpoints count."""
    budget = settings.budget
    if any(cap is not None for cap in (budget.usd, budget.calls, budget.tokens)):
        return
    for name, endpoint in settings.endpoints.items():
        priced = endpoint.prices.values()
        own = bool(priced) and not any(price.input or price.output for price in priced)
        if not (endpoint.free or own):
            raise UsageError(
                f"Calls to the endpoint '{name}' may cost money and have no cap.",
                fix='Give a cap in the settings, such as "budget": {"usd": 5} or {"calls": 2000}, a price of 0 for a '
                "server of your own, or agree with uncapped=True.",
            )


def gateway_lm(door: OpenDoor, role: RoleName = "responder", model: str = "", **more: Any) -> Any:
    """A `dspy.LM` whose calls go through the gateway.

    Args:
        door: an open one.
        role: whose seat in the settings says model, endpoint, temperature and bound of an answer; its calls are booked
            on it.
        model: another model than that of the seat.
        more: further arguments of `dspy.LM`, such as `temperature` and `max_tokens`.

    Raises:
        UsageError: no model is named anywhere.
    """
    seat = getattr(door.settings.roles, role)
    named = model or seat.model
    if not named:
        raise UsageError("No model is named.", fix=f"Say model=…, or `model` or `roles.{role}.model` in the settings.")
    engine = GatewayEngine(door, Seat(role, seat.endpoint, named, seat.max_tokens, seat.temperature))
    said = {"temperature": seat.temperature, "max_tokens": seat.max_tokens, **more}
    return dspy().LM(
        f"autoevol/{named}", engine=engine, async_engine=AsyncGatewayEngine(engine), num_retries=0, cache=False, **said
    )


@dataclass(frozen=True, slots=True)
class Seat:
    """Who is asked, and how where a request does not say: role, endpoint, model, bound of an answer, temperature."""

    role: str
    endpoint: str
    model: str
    max_tokens: int
    temperature: float


class GatewayEngine:
    """One attempt at a request of DSPy, for its worker threads.

    The same request at temperature 0 has one answer, however often it is asked. Above 0 each time is a draw of its own,
    numbered in the order of asking, so that a program that is run again is given the draws that it paid for; a `seed`
    is the number of the draw.

    Args:
        door: an open one; None for what was loaded from a file, which can be asked when a door is given.
        seat: who is asked.
    """

    supports_response_schema: ClassVar[bool] = True
    supported_params: ClassVar[frozenset[str]] = frozenset({
        "max_tokens", "temperature", "top_p", "stop", "seed", "response_format", *_PASSED,
    })  # fmt: skip

    def __init__(self, door: OpenDoor | None, seat: Seat) -> None:
        self._door = door
        self.seat = seat

    def complete(self, request: Any) -> Any:
        """A `dspy.lm15.Response` to a `dspy.lm15.Request`.

        Raises:
            dspy.lm15.LM15Error: the session cannot go on, the call has no answer, or it asks for tools or pictures.
        """
        call = self.call_for(request)
        try:
            errand = current()
            outcome = self.door.ask(call) if errand is None else errand.call_off.ask(self.door, call)
        except AutoEvolError as error:
            raise _as_theirs(error) from error
        return _response(call, outcome)

    @property
    def door(self) -> OpenDoor:
        """The gateway.

        Raises:
            UsageError: there is none, because this engine was loaded from a file.
        """
        if self._door is None:
            raise UsageError(
                "This program was loaded without a gateway.", fix="Open a door and run it under gateway_lm(door)."
            )
        return self._door

    def opens(self, door: OpenDoor) -> bool:
        """Whether its calls go through this door."""
        return self._door is door

    def call_for(self, request: Any) -> Request:
        """What is asked of the gateway, with the number of its draw.

        Raises:
            dspy.lm15.UnsupportedFeatureError: it asks for tools, or holds other parts than text.
        """
        call = _call(request, self.seat)
        first = 0
        if (errand := current()) is not None:
            call, first = replace(call, stage=errand.stage, place=errand.place), errand.first
        if request.config.seed is not None:
            return replace(call, sample=first + request.config.seed)
        if call.decoding.temperature == 0:
            return replace(call, sample=first)
        # Counted by the door: another engine with the same model asks the same questions.
        key, door = request_key(call), self.door
        draws = door.draws if errand is None else errand.draws
        with door.lock:
            draws[key] += 1
            return replace(call, sample=first + draws[key] - 1)

    def dump_state(self) -> dict[str, Any]:
        """Who is asked; the gateway itself is not saved with a program."""
        return asdict(self.seat)

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> GatewayEngine:
        """An engine without a gateway."""
        return cls(None, Seat(**state))


class AsyncGatewayEngine:
    """The same for event loops; who is cancelled sends nothing more.

    Args:
        engine: whose draws and seat it shares.
    """

    supports_response_schema: ClassVar[bool] = True
    supported_params: ClassVar[frozenset[str]] = GatewayEngine.supported_params

    def __init__(self, engine: GatewayEngine) -> None:
        self._engine = engine

    async def complete(self, request: Any) -> Any:
        """As `GatewayEngine.complete`."""
        call = self._engine.call_for(request)
        try:
            errand, door = current(), self._engine.door
            if errand is None:
                outcome = await door.ask_async(call)
            else:
                outcome = await asyncio.wrap_future(errand.call_off.begin(door, call))
        except AutoEvolError as error:
            raise _as_theirs(error) from error
        return _response(call, outcome)

    def dump_state(self) -> dict[str, Any]:
        """As `GatewayEngine.dump_state`."""
        return self._engine.dump_state()

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> AsyncGatewayEngine:
        """As `GatewayEngine.load_state`."""
        return cls(GatewayEngine.load_state(state))


# ---------------------------------------------------------------- between their words and ours


def _call(request: Any, seat: Seat) -> Request:
    config = request.config
    if request.tools or config.logprobs is not None or config.probabilities == "required":
        raise _unsupported("tools and probabilities of tokens do not go through the gateway")
    turns = [Turn("system", _text(request.system))] if request.system else []
    turns += [Turn(_speaker(message.role), _text(message.parts)) for message in request.messages]
    schema, extra = _form(config.response_format)
    extra |= {name: value for name in _PASSED if (value := getattr(config, name)) is not None}
    if config.reasoning is not None:
        extra["reasoning_effort"] = config.reasoning.effort
    extra |= dict(config.extensions or {})
    decoding = Decoding(
        max_tokens=config.max_tokens or seat.max_tokens,
        temperature=seat.temperature if config.temperature is None else config.temperature,
        top_p=config.top_p, stop=tuple(config.stop), json_schema=schema,
        extra=json.dumps(extra, sort_keys=True) if extra else None,
    )  # fmt: skip
    return Request(seat.endpoint, seat.model, tuple(turns), decoding, role=seat.role, stage="program")


def _form(wanted: Mapping[str, Any] | None) -> tuple[str | None, dict[str, Any]]:
    """The schema of an answer, as JSON text, and what goes into the body instead where there is none."""
    if not wanted:
        return None, {}
    if wanted["type"] == "json_schema":
        return json.dumps(wanted["schema"], sort_keys=True), {}
    return None, {"response_format": {"type": "json_object"}}


def _speaker(role: str) -> Literal["system", "user", "assistant"]:
    if role not in _SPEAKERS:
        raise _unsupported(f"a message of the role '{role}' does not go through the gateway")
    return _SPEAKERS[role]


def _text(said: Any) -> str:
    """The text of a prompt or of a message: a string, or its parts."""
    if isinstance(said, str):
        return said
    parts: Iterable[Any] = said
    texts: list[str] = []
    for part in parts:
        if part.type == "thinking":
            continue
        if part.type != "text":
            raise _unsupported(f"a part of the kind '{part.type}' does not go through the gateway")
        texts.append(part.text)
    return "".join(texts)


def _response(call: Request, outcome: Outcome) -> Any:
    lm15 = dspy().lm15
    if isinstance(outcome, NoAnswer) and outcome.reason not in {"content_filter", "empty"}:
        kind = lm15.ContextLengthError if outcome.reason == "context_too_long" else lm15.InvalidRequestError
        raise kind(f"The call has no answer ({outcome.reason}). {outcome.detail}".strip(), provider="autoevol")
    text, finish = "", "content_filter" if isinstance(outcome, NoAnswer) else outcome.finish
    parts: list[Any] = []
    if isinstance(outcome, Answer):
        text = outcome.text
        parts += [lm15.ThinkingPart(outcome.reasoning)] if outcome.reasoning else []
    elif outcome.reason == "empty":
        finish = "stop"
    usage = outcome.usage
    return lm15.Response(
        id=outcome.key, model=(outcome.model if isinstance(outcome, Answer) else "") or call.model,
        message=lm15.Message(role="assistant", parts=(*parts, lm15.TextPart(text))), finish_reason=finish,
        usage=lm15.Usage(
            input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, cache_read_tokens=usage.cached_tokens,
            reasoning_tokens=usage.reasoning_tokens,
        ),
    )  # fmt: skip


def _as_theirs(error: AutoEvolError) -> Exception:
    """What DSPy knows our errors by; none of them is tried again."""
    lm15 = dspy().lm15
    kind: Any
    match error:
        case BudgetReached() | QuotaSpent():
            kind = lm15.BillingError
        case AccessDenied():
            kind = lm15.AuthError
        case UnknownModel():
            kind = lm15.UnsupportedModelError
        case StoppedByPerson() | UsageError():
            kind = lm15.InvalidRequestError
        case _:
            kind = lm15.ServerError
    theirs: Exception = kind(str(error), provider="autoevol")
    return theirs


def _unsupported(what: str) -> Exception:
    theirs: Exception = dspy().lm15.UnsupportedFeatureError(f"This is not supported: {what}.", provider="autoevol")
    return theirs
