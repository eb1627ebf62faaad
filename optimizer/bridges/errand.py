"""What a call that DSPy makes is made for: whose draws it counts, where it is booked, and who may call it off.

DSPy's engines are asked by threads and loops that know nothing of us. Its own settings go with them everywhere, also
into the threads of `dspy.Parallel` and `Module.batch`, where a context variable of ours would be lost.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from ...agents.gateway.errors import StoppedByPerson
from ...agents.gateway.outcomes import Outcome
from ...agents.gateway.requests import Request
from .open_door import OpenDoor
from .theirs import dspy

__all__ = ["CallOff", "Errand", "called_off", "current", "on_errand"]

_KEY = "autoevol_errand"  # in the settings of DSPy


class CallOff:
    """Ends all calls of a piece of work at once: what waits is withdrawn, what is out comes in and is kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._out: set[Future[Outcome]] = set()
        self._over = False

    @property
    def over(self) -> bool:
        """Whether it was called off."""
        return self._over

    def __call__(self) -> None:
        """Call it off."""
        with self._lock:
            self._over = True
            out = list(self._out)
        for future in out:
            future.cancel()

    def begin(self, door: OpenDoor, request: Request) -> Future[Outcome]:
        """Start a call that can be called off.

        Raises:
            StoppedByPerson: it was called off already.
            SessionStopped: as `OpenDoor.ask`.
        """
        with self._lock:
            if self._over:
                raise called_off()
            future = door.begin(request)
            self._out.add(future)
        future.add_done_callback(self._forget)
        return future

    def ask(self, door: OpenDoor, request: Request) -> Outcome:
        """Make a call that can be called off. Blocks.

        Raises:
            StoppedByPerson: it was called off.
            SessionStopped: as `OpenDoor.ask`.
        """
        try:
            return self.begin(door, request).result()
        except CancelledError as error:
            raise called_off() from error

    def _forget(self, future: Future[Outcome]) -> None:
        with self._lock:
            self._out.discard(future)


@dataclass(frozen=True, slots=True)
class Errand:
    """One use of a program on one example.

    Args:
        stage: the part of the work that its calls are booked on.
        place: where they stand in it.
        call_off: ends them.
        first: number of the first draw of each question; one of its own asks anew what was answered before.
        draws: how often each question was drawn above temperature 0 in this errand: the draws of one do not depend on
            what others ask at the same time.
    """

    stage: str
    place: str
    call_off: CallOff
    first: int = 0
    draws: Counter[str] = field(default_factory=Counter[str])


def current() -> Errand | None:
    """What this thread or task is on."""
    errand: Errand | None = dspy().settings.get(_KEY)
    return errand


@contextmanager
def on_errand(errand: Errand) -> Generator[None]:
    """Everything asked inside of it is for this errand."""
    with dspy().context(**{_KEY: errand}):
        yield


def called_off() -> StoppedByPerson:
    """What ends work that was called off."""
    return StoppedByPerson("The work was called off.", fix="Start again with the same folder: nothing is paid twice.")
