"""A running simulated provider: its socket, its schedule, its outages, and how it is asked and changed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio

from ...errors import UsageError
from .connection import Connection, Reply, WireRequest
from .counters import Log
from .replies import models_body
from .service import ROUTES, Calls
from .settings import ProviderSettings, changes_of, names_of, with_knobs

__all__ = ["Running", "checked_host", "serve"]

_HOST = "127.0.0.1"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BACKLOG = 4096


class Running:
    """A provider that serves on loopback. Made by `serve`.

    Attributes:
        base_url: its address, ending in /v1.
    """

    def __init__(self, settings: ProviderSettings, log: Log | None = None) -> None:
        self.base_url = ""
        self._log = log
        self._base = settings
        self._calls = Calls(settings, time.monotonic, log)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._open: set[Connection] = set()
        self._timers: list[asyncio.TimerHandle] = []
        self._started = False
        self._shut = asyncio.Event()

    # ---------------------------------------------------------------- for those who hold it

    def stats(self) -> dict[str, Any]:
        """What it counted, as GET /stats shows it."""
        shown = self._calls.counters.shown()
        if self._log is not None:
            self._log.flush()
            shown["log_problem"] = self._log.problem
        return shown

    def control(self, **knobs: object) -> ProviderSettings:
        """Change knobs now, as POST /control does.

        Raises:
            UsageError: a knob is unknown, fixed, or its value is none.
        """
        changed = with_knobs(self._calls.settings, knobs)
        # An outage that is asked for now is not one that begins again with every reset.
        self._base = with_knobs(self._base, {name: value for name, value in knobs.items() if name != "outage"})
        self._follow(changed, "outage" in knobs)
        return changed

    def reset(self) -> None:
        """Forget counts, charges and outages. Knobs stay, but for what the schedule changed; it begins anew."""
        self._drop_timers()
        self._shut.set()
        self._started = False
        self._calls.reset()
        self._calls.follow(self._base)

    # ---------------------------------------------------------------- serving

    async def open(self, host: str, port: int) -> None:
        """Begin to listen.

        Raises:
            UsageError: the port is taken, or may not be used.
        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: Connection(self._take, self._open), host, port, backlog=_BACKLOG, reuse_address=True
            )
        except OSError as error:
            raise UsageError(
                f"Port {port} of {host} cannot be used: {error.strerror}.", fix="Choose another --port."
            ) from error
        self._port = int(self._server.sockets[0].getsockname()[1])
        self.base_url = f"http://{f'[{host}]' if ':' in host else host}:{self._port}/v1"

    async def keep_door(self, host: str) -> None:
        """Listen again whenever an outage that refused connections is over."""
        while True:
            await self._shut.wait()
            self._shut.clear()
            if self._server is not None and not self._server.is_serving():
                await self.open(host, self._port)

    def close(self) -> None:
        """Stop listening, break connections off, forget timers."""
        self._drop_timers()
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.abort()
        if self._log is not None:
            self._log.close()

    def _take(self, request: WireRequest, connection: Connection) -> None:
        path = request.path.removeprefix("/v1")
        if path in ROUTES and request.method == "POST":
            if not self._started:
                self._start()
            if self._refusing():
                connection.abort()
                return
            self._calls.take(request, path, connection)
        else:
            connection.send(self._told(request, path))

    def _told(self, request: WireRequest, path: str) -> Reply:
        """Answer what is no call to a model."""
        match (request.method, path):
            case ("GET", "/models"):
                return Reply(200, models_body(names_of(self._calls.settings.models) or ("simulated",)))
            case ("GET", "/stats"):
                return Reply(200, json.dumps(self.stats()).encode())
            case ("POST", "/reset"):
                self.reset()
                return Reply(200, b"{}")
            case ("POST", "/control"):
                return self._controlled(request.body)
            case _:
                known = path in ROUTES or path in {"/models", "/stats", "/reset", "/control"}
                words = "This path takes another method." if known else "There is no such path."
                return Reply(405 if known else 404, _error(words))

    def _controlled(self, body: bytes) -> Reply:
        try:
            knobs: object = json.loads(body)
        except ValueError:
            knobs = None
        if not isinstance(knobs, dict):
            return Reply(400, _error("Send one JSON object of knobs."))
        try:
            changed = self.control(**cast("dict[str, object]", knobs))
        except UsageError as error:
            return Reply(400, _error(str(error)))
        return Reply(200, changed.model_dump_json().encode())

    # ---------------------------------------------------------------- changes

    def _start(self) -> None:
        """The first call: the schedule begins."""
        self._started = True
        loop = asyncio.get_running_loop()
        settings = self._calls.settings
        if settings.outage > 0:
            self._outage()
        for when, knob, value in changes_of(settings.schedule):
            self._timers.append(loop.call_later(when, self._change, {knob: value}))

    def _change(self, knobs: Mapping[str, object]) -> None:
        self._follow(with_knobs(self._calls.settings, knobs), "outage" in knobs)

    def _follow(self, settings: ProviderSettings, outage: bool) -> None:
        self._calls.follow(settings)
        if outage:
            self._outage()

    def _refusing(self) -> bool:
        return self._calls.settings.outage_kind == "refuse" and time.monotonic() < self._calls.outage_until

    def _outage(self) -> None:
        """Begin an outage, or end one where the settings say 0 seconds."""
        seconds = self._calls.settings.outage
        self._calls.outage_until = time.monotonic() + seconds
        if self._calls.settings.outage_kind == "refuse" and seconds > 0 and self._server is not None:
            self._server.close()
            for connection in list(self._open):
                connection.abort()
            self._timers.append(asyncio.get_running_loop().call_later(seconds, self._shut.set))

    def _drop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def checked_host(host: str) -> str:
    """The host, which must be of this machine.

    Raises:
        UsageError: it is not.
    """
    if host not in _LOOPBACK:
        raise UsageError(f"The simulated provider does not serve on '{host}'.", fix="It serves on 127.0.0.1 only.")
    return _HOST if host == "localhost" else host


@asynccontextmanager
async def serve(settings: ProviderSettings, port: int = 0, host: str = _HOST) -> AsyncGenerator[Running]:
    """Serve for as long as the block lasts, in the running event loop.

    Args:
        settings: how it behaves.
        port: 0 takes a free one.
        host: of loopback.

    Raises:
        UsageError: the host is not of loopback, or the port or the log file cannot be used.
    """
    checked = checked_host(host)
    try:
        log = Log(settings.log) if settings.log is not None else None
    except OSError as error:
        raise UsageError(
            f"The log {settings.log} cannot be written: {error.strerror}.", fix="Choose another."
        ) from error
    running = Running(settings, log)
    try:
        await running.open(checked, port)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.keep_door, checked)
            yield running
            tasks.cancel_scope.cancel()
    finally:
        running.close()


def _error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error"}}).encode()
