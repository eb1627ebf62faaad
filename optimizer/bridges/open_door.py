"""A gateway in a thread of its own: for code that has its own loop, or none, and threads of its own.

    worker threads ──► ask ─────────┐
                                    ├─► the loop of this thread ─► gateway ─► journal, limits, budget, endpoints
    any event loop ──► ask_async ───┘

Whatever stops the session (budget, quota, key, outage) is raised to every caller from then on, and again when the door
closes: what goes on after it and catches errors, as evaluators do, must not take its outcome for one.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ...agents.gateway.books.ledger import Totals
from ...agents.gateway.errors import AutoEvolError, StoppedByPerson, StorageError, UsageError
from ...agents.gateway.gateway import Gateway, open_gateway
from ...agents.gateway.outcomes import Outcome
from ...agents.gateway.requests import Request
from ..record.settings import Settings

__all__ = ["OpenDoor"]

_TICK_S = 0.05
_DRAIN_TICKS = 1200  # a minute


class OpenDoor:
    """The gateway of these settings, open from `with` to its end.

    Args:
        settings: whose endpoints, budget and `reuse` hold.
        folder: of the journal and the ledger; made where it is missing. A later session with the same folder is given
            what was answered before, and its budget counts all of them.
        on_notice: takes single lines for the person.
    """

    def __init__(self, settings: Settings, folder: Path, on_notice: Callable[[str], None]) -> None:
        self.settings = settings
        self.folder = folder
        self.draws: Counter[str] = Counter()
        """How often each question was drawn above temperature 0, by its key; whoever changes it holds `lock`."""
        self.lock = threading.Lock()
        self._notice = on_notice
        self._opened: Future[tuple[asyncio.AbstractEventLoop, Gateway, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._live, name="autoevol-gateway", daemon=True)
        self._stopped: BaseException | None = None
        self._under_way: set[Future[Outcome]] = set()
        self._closed = False

    # ------------------------------------------------------------ open and closed

    def __enter__(self) -> OpenDoor:
        """Open it.

        Raises:
            UsageError: a key, an address or a price that is needed is missing.
            StorageError: the folder cannot be written, or another process uses it.
            ModelFileError: an embedded model cannot be had.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"{self.folder} cannot be made: {error.strerror}.", fix="Choose another folder."
            ) from error
        self._thread.start()
        self._opened.result()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Close it, and raise what stopped the session where nothing else is raised already."""
        self.close()
        if self._stopped is not None and error is None:
            raise self._stopped

    def close(self) -> None:
        """Send nothing more, and wait up to a minute for what is out: it is paid for. A second time does nothing."""
        with self.lock:
            first, self._closed = not self._closed, True
        if self._thread.ident is None:
            return  # it was never opened
        if first and self._opened.exception() is None:
            loop, _, over = self._opened.result()
            with suppress(RuntimeError):  # the loop ended by itself
                loop.call_soon_threadsafe(over.set)
        self._thread.join()

    def _live(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._opened.done():
                self._opened.set_exception(error)
            self._stopped = self._stopped or error

    async def _serve(self) -> None:
        over = asyncio.Event()
        settings = self.settings
        async with open_gateway(
            settings.endpoints, self.folder, settings.budget, on_notice=self._notice,
            reuse=[Path(other) for other in settings.reuse],
        ) as gateway:  # fmt: skip
            self._opened.set_result((asyncio.get_running_loop(), gateway, over))
            await over.wait()
            # What waits for its turn ends here; what is out comes in and is kept, also where nobody waits for it.
            gateway.stop(StoppedByPerson("The gateway is closed.", fix="Ask inside of its `with` block."))
            with self.lock:
                under_way = list(self._under_way)
            await asyncio.to_thread(wait_for, under_way)
            for _ in range(_DRAIN_TICKS):
                if not gateway.progress().in_flight:
                    break
                await asyncio.sleep(_TICK_S)

    # ------------------------------------------------------------ what goes through

    def ask(self, request: Request) -> Outcome:
        """Make one call, or take its outcome from the journal. Blocks the calling thread.

        Raises:
            SessionStopped: the session cannot go on (key, quota, budget, outage), now or since an earlier call.
            StorageError: the journal cannot be read or written.
            UsageError: the door is closed, or this is the gateway's own thread, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            raise UsageError("The gateway's own thread cannot wait for the gateway.", fix="Call ask_async there.")
        return self.begin(request).result()

    async def ask_async(self, request: Request) -> Outcome:
        """The same, in any event loop. Who is cancelled withdraws a call that has not been sent yet."""
        return await asyncio.wrap_future(self.begin(request))

    def begin(self, request: Request) -> Future[Outcome]:
        """Start a call; who cancels the future withdraws it where it has not been sent yet.

        Raises:
            SessionStopped: the session could not go on since an earlier call.
            UsageError: the door is closed.
        """
        with self.lock:
            if self._stopped is not None:
                raise self._stopped
            if self._closed or not self._opened.done():
                raise UsageError("The gateway is closed.", fix="Ask inside of its `with` block.")
            loop, gateway, _ = self._opened.result()
            future = asyncio.run_coroutine_threadsafe(self._through(gateway, request), loop)
            self._under_way.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Outcome]) -> None:
        with self.lock:
            self._under_way.discard(future)

    async def _through(self, gateway: Gateway, request: Request) -> Outcome:
        try:
            return await gateway.ask(request)
        except AutoEvolError as error:
            # All that a gateway raises is about the session or the settings: what is about a call is an outcome.
            if not self._closed:
                self._stopped = self._stopped or error
            raise

    # ------------------------------------------------------------ what it cost

    @property
    def totals(self) -> Totals:
        """What all sessions of this folder took: calls, tokens, money."""
        _, gateway, _ = self._opened.result()
        return gateway.totals()

    @property
    def capacity(self) -> int:
        """How many calls may usefully be under way at once."""
        _, gateway, _ = self._opened.result()
        return gateway.capacity

    @property
    def stopped(self) -> BaseException | None:
        """What stopped the session; None while it goes on."""
        return self._stopped
