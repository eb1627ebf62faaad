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
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from pathlib import Path
from types import TracebackType

from ...agents.gateway.books.ledger import Totals
from ...agents.gateway.errors import SessionStopped, StorageError, UsageError
from ...agents.gateway.gateway import Gateway, open_gateway
from ...agents.gateway.outcomes import Outcome
from ...agents.gateway.requests import Request
from ..record.settings import Settings

__all__ = ["OpenDoor"]


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
        self._notice = on_notice
        self._opened: Future[tuple[asyncio.AbstractEventLoop, Gateway, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._live, name="autoevol-gateway", daemon=True)
        self._stopped: SessionStopped | StorageError | None = None
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
        self.folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        self._opened.result()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Close it, and raise what stopped the session where nothing else is raised already."""
        self.close()
        if self._stopped is not None and error is None:
            raise self._stopped

    def close(self) -> None:
        """Send nothing more, and wait for what is out. A second time does nothing."""
        if self._closed:
            return
        self._closed = True
        loop, _, over = self._opened.result()
        loop.call_soon_threadsafe(over.set)
        self._thread.join()

    def _live(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        over = asyncio.Event()
        settings = self.settings
        try:
            async with open_gateway(
                settings.endpoints, self.folder, settings.budget, on_notice=self._notice,
                reuse=[Path(other) for other in settings.reuse],
            ) as gateway:  # fmt: skip
                self._opened.set_result((asyncio.get_running_loop(), gateway, over))
                await over.wait()
                await asyncio.to_thread(wait_for, list(self._under_way))
        except BaseException as error:
            if self._opened.done():
                raise
            self._opened.set_exception(error)

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
        return self._begin(request).result()

    async def ask_async(self, request: Request) -> Outcome:
        """The same, in any event loop. Who is cancelled withdraws a call that has not been sent yet."""
        return await asyncio.wrap_future(self._begin(request))

    def _begin(self, request: Request) -> Future[Outcome]:
        if self._stopped is not None:
            raise self._stopped
        if self._closed or not self._opened.done():
            raise UsageError("The gateway is closed.", fix="Ask inside of its `with` block.")
        loop, gateway, _ = self._opened.result()
        future = asyncio.run_coroutine_threadsafe(self._through(gateway, request), loop)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    async def _through(self, gateway: Gateway, request: Request) -> Outcome:
        try:
            return await gateway.ask(request)
        except (SessionStopped, StorageError) as error:
            self._stopped = self._stopped or error
            raise

    # ------------------------------------------------------------ what it cost

    @property
    def totals(self) -> Totals:
        """What all sessions of this folder took: calls, tokens, money."""
        _, gateway, _ = self._opened.result()
        return gateway.totals()

    @property
    def stopped(self) -> SessionStopped | StorageError | None:
        """What stopped the session; None while it goes on."""
        return self._stopped
