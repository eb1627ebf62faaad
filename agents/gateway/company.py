"""Which waiting calls one attempt may answer together: samples of one question, or texts to be embedded.

Each stays a call of its own in journal, budget and counts; only the way over the wire is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from .endpoints import Endpoint
from .estimates import worst_input
from .flights import Flight
from .requests import Request

__all__ = ["Company"]

_TEXTS = 32
_TEXTS_HERE = 64
# Providers bound the tokens of one request; this many bytes are under every bound that is published.
_BYTES = 200_000
_REFUSALS = 3

Question = tuple[object, ...]


class Company:
    """Who may go with whom, among what waits in the lines of one lane.

    Args:
        endpoint: of the lane.
        asked: a request as it is put there.
    """

    def __init__(self, endpoint: Endpoint, asked: Callable[[Request], Request]) -> None:
        self._endpoint = endpoint
        self._asked = asked
        self._waiting: dict[Question, dict[int, Flight]] = {}
        self._texts = 1
        if endpoint.packaged is not None:
            self._texts = endpoint.embedding_batch or _TEXTS_HERE
        elif endpoint.base_url is not None and endpoint.wire == "openai":
            self._texts = endpoint.embedding_batch or _TEXTS
        self._refused = 0

    def wait(self, flight: Flight) -> bool:
        """Take note of a call that waits; whether it should wait a moment for others like it."""
        request = flight.request
        embedding = request.form == "embedding" and self._texts > 1
        if embedding or (request.sample and self._gives_many(request)):
            self._waiting.setdefault(_question(flight), {})[id(flight)] = flight
        return embedding

    def of(self, flight: Flight) -> tuple[Flight, ...]:
        """Others that wait in the same line and may go with a call; what waits elsewhere is sent from there."""
        if not self._waiting:
            return ()
        waiting = self._waiting.get(_question(flight), {})
        waiting.pop(id(flight), None)
        if flight.request.form != "embedding":
            return tuple(each for each in waiting.values() if each.line is flight.line and not each.gone)
        return tuple(self._beside(flight, waiting))

    def went(self, flight: Flight, kin: tuple[Flight, ...]) -> None:
        """Forget those that are sent. Samples that no longer wait together are asked for one by one."""
        waiting = self._waiting.get(_question(flight))
        if waiting is None:
            return
        for each in kin:
            waiting.pop(id(each), None)
        if flight.request.form != "embedding" or not waiting:
            del self._waiting[_question(flight)]

    def stay_apart(self, flight: Flight, kin: tuple[Flight, ...]) -> None:
        """There is no room for all of these, but there may be for one."""
        self.went(flight, kin)
        for each in (flight, *kin):
            each.together = 1

    def came(self, together: int, *, refused: bool) -> None:
        """What became of so many texts that went together: an endpoint that keeps refusing is sent fewer."""
        if not refused:
            self._refused = self._refused if together < self._texts else 0
        elif together >= self._texts:
            self._refused += 1
            if self._refused >= _REFUSALS:
                self._texts, self._refused = max(1, self._texts // 2), 0

    def _beside(self, flight: Flight, waiting: dict[int, Flight]) -> Iterator[Flight]:
        most = min(self._texts, flight.together or self._texts) - 1
        size = worst_input(flight.request)
        for each in list(islice(waiting.values(), most)):
            size += worst_input(each.request)
            if size > _BYTES:
                return
            if each.gone:
                del waiting[id(each)]
            elif each.line is flight.line:
                yield each

    def _gives_many(self, request: Request) -> bool:
        """Whether one call may give several samples: only where `autoevol doctor` has seen it do so."""
        known = self._endpoint.abilities.get(request.model)
        return known is not None and known.n is True and self._asked(request) is request


def _question(flight: Flight) -> Question:
    """What is alike in all samples of one question, and in all texts that may be embedded by one call."""
    request = flight.request
    if request.form == "embedding":
        return (request.model, request.form, request.endpoint, request.decoding, flight.together)
    return (request.model, request.form, request.turns, request.decoding)
