"""What the simulated provider answers an accepted call with, as the settings say."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from .acting import act
from .answers import Written, tokens_of, write
from .asked import Asked
from .connection import Reply
from .draws import distribution
from .faults import STATUSES, Faults, spoiled
from .replies import Told, answer_body, error_body
from .settings import FaultKind, ProviderSettings, by_call, names_of

__all__ = ["Made", "Maker"]

Actor = Callable[[Asked, int], "str | None"]


@dataclass(frozen=True, slots=True)
class Made:
    """A reply, its output tokens, and how many whole answers it holds."""

    reply: Reply
    output: int
    answers: int


class Maker:
    """Makes replies. Its attributes are the settings, read once for all calls."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.latency = distribution(settings.latency)
        self.service = distribution(settings.service)
        self.faults = Faults.of(settings)
        self.refused = frozenset(names_of(settings.refuse))
        self.ignored = frozenset(names_of(settings.ignore))
        self.absent = frozenset(f"/{name.removeprefix('/')}" for name in names_of(settings.absent))
        self.models = frozenset(names_of(settings.models))
        self.key = os.environ.get(settings.key_env, "") if settings.key_env else None
        self._length = distribution(settings.output_tokens)
        self._served = by_call(settings.served_model)
        self._fingerprints = by_call(settings.fingerprint)
        self._settings = settings
        self._actor = _actor(settings)

    def answers(self, asked: Asked) -> list[Written]:
        """The answers to a call: functions of the call alone."""
        return [write(asked, index, self._length, self._actor(asked, index)) for index in range(asked.n)]

    def make(self, asked: Asked, fault: FaultKind | None, number: int, body: int, headers: str) -> Made:
        """A reply.

        Args:
            asked: the call.
            fault: what goes wrong with it.
            number: how many calls were accepted before it.
            body: 64 bits that name its body.
            headers: further header lines.
        """
        if fault in STATUSES:
            status, message, code = STATUSES[fault]
            return Made(Reply(status, error_body(asked.form, status, message, code), headers), 0, 0)
        answers = _withheld(self.answers(asked), fault)
        finishes = ["content_filter" if fault == "filtered" else answer.finish for answer in answers]
        content = answer_body(asked, answers, finishes, self._told(asked, number))
        if fault in {"bad-json", "error-200"}:
            return Made(Reply(200, spoiled(fault, content, body), headers), 0, 0)
        output = sum(answer.tokens for answer in answers) + (self._settings.reasoning_tokens if answers else 0)
        return Made(Reply(200, content, headers), output, 0 if fault == "half" else max(1, asked.n))

    def _told(self, asked: Asked, number: int) -> Told:
        settings = self._settings
        return Told(
            model=_at_call(self._served, number) or asked.model,
            fingerprint=_at_call(self._fingerprints, number),
            input_tokens=asked.input_tokens,
            cached_tokens=int(asked.input_tokens * settings.cached) if asked.cacheable else 0,
            reasoning_tokens=settings.reasoning_tokens,
        )


def _withheld(answers: list[Written], fault: FaultKind | None) -> list[Written]:
    """What a fault leaves of answers."""
    if fault in {"empty", "filtered"}:
        return [Written("", answer.finish, 0) for answer in answers]
    if fault == "truncated":
        halves = [answer.text[: len(answer.text) // 2] for answer in answers]
        return [Written(half, "length", tokens_of(half)) for half in halves]
    return answers


def _actor(settings: ProviderSettings) -> Actor:
    """Who answers in the form that is asked for."""
    if not settings.act:
        return _nobody
    if not settings.world:
        return act
    from .nature import WORLDS  # noqa: PLC0415  brings numpy, which nothing else here needs
    from .world import play  # noqa: PLC0415

    return partial(play, nature=WORLDS[settings.world])


def _nobody(_asked: Asked, _index: int) -> None:
    """Nobody plays a role: every answer is free."""


def _at_call(turns: list[tuple[int, str]], number: int) -> str:
    """The last name whose call has come."""
    name = ""
    for start, turn in turns:
        if start > number:
            break
        name = turn
    return name
