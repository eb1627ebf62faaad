"""HTTP/1.1 on a socket, as little of it as a client of model APIs needs: one call after another on a connection.

A bare protocol, not streams: at thousands of calls a second a server for measurements must cost next to nothing.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

__all__ = ["Connection", "Reply", "WireRequest"]

_LARGEST_HEAD = 64 * 1024
_LARGEST_BODY = 256 * 1024 * 1024
_PHRASES = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 413: "Content Too Large", 429: "Too Many Requests", 431: "Headers Too Large",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 529: "Overloaded",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One call as it came over the wire; the names of headers in lower case."""

    method: str
    path: str
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The first header of a name; empty where there is none."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.encode():
                return value.strip().decode("latin-1")
        return ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: status, body, and further header lines, each ended by CR LF."""

    status: int
    body: bytes
    headers: str = ""
    kind: str = "application/json"

    def head(self) -> bytes:
        """Status line and headers."""
        return (
            f"HTTP/1.1 {self.status} {_PHRASES.get(self.status, 'Status')}\r\ncontent-type: {self.kind}\r\n"
            f"content-length: {len(self.body)}\r\n{self.headers}\r\n"
        ).encode("latin-1")


class _Malformed(Exception):
    """What came is not HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass(frozen=True, slots=True)
class _Framing:
    """What a head says: what is asked for, and how the body after it is delimited."""

    method: str
    path: str
    length: int
    chunked: bool
    last: bool


@dataclass(eq=False)
class Connection(asyncio.Protocol):
    """One connection of a client.

    Args:
        take: given each whole call; answers it by `send`, `head_then`, `half` or `abort`, now or later.
        gone: told when the client closed the connection before its call was answered.
        open_ones: where it enters itself as long as it is open.
    """

    take: Callable[[WireRequest, Connection], None]
    open_ones: set[Connection]
    gone: Callable[[], None] | None = None
    busy: bool = False
    _last: bool = False
    _expected: bool = False
    _buffer: bytearray = field(default_factory=bytearray)
    _transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self.open_ones.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; a call under way is told."""
        self.open_ones.discard(self)
        self._transport = None
        gone, self.gone = self.gone, None
        if gone is not None:
            gone()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a whole call is handed on at once."""
        self._buffer += data
        if not self.busy:
            self._next()

    def _next(self) -> None:
        while self._buffer and not self.busy:
            try:
                request = self._cut()
            except _Malformed as error:
                self._last = True
                self.send(Reply(error.status, b"{}"))
                return
            if request is None:
                return
            self.busy = True
            self.take(request, self)

    def _cut(self) -> WireRequest | None:
        """Cut the first whole request off the buffer; None where it is not whole yet."""
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > _LARGEST_HEAD:
                raise _Malformed(431)
            return None
        head = bytes(buffer[:end])
        framing = _framing(head)
        start = end + 4
        if framing.chunked:
            found = _unchunked(buffer, start)
            if found is None:
                self._awaited(head)
                return None
            body, after = found
        else:
            after = start + framing.length
            if len(buffer) < after:
                self._awaited(head)
                return None
            body = bytes(buffer[start:after])
        del buffer[:after]
        self._last, self._expected = framing.last, False
        return WireRequest(framing.method, framing.path, head, body)

    def _awaited(self, head: bytes) -> None:
        """The body is still to come; a client that asks whether it may send it is told so, once."""
        if not self._expected and b"100-continue" in head.lower():
            self._expected = True
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # ---------------------------------------------------------------- answering

    def send(self, reply: Reply) -> None:
        """Answer the call."""
        self._write(reply.head() + reply.body)
        self.finished()

    def begin(self, reply: Reply) -> None:
        """Send the head alone; `rest` must follow."""
        self._write(reply.head())

    def rest(self, reply: Reply) -> None:
        """Send the body after `begin`."""
        self._write(reply.body)
        self.finished()

    def half(self, reply: Reply) -> None:
        """Send the head and half of the body, then close."""
        self._write(reply.head() + reply.body[: len(reply.body) // 2])
        self.gone = None
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Break the connection off: the client sees a reset. A call under way is told."""
        if self._transport is not None:
            _reset_at_close(self._transport)
            self._transport.abort()

    def finished(self) -> None:
        """Make ready for the next call."""
        self.gone = None
        self.busy = False
        if self._last:
            if self._transport is not None:
                self._transport.close()
        elif self._buffer:
            # Not from inside: answers at once to calls sent at once would nest.
            asyncio.get_running_loop().call_soon(self._next)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


@functools.lru_cache(maxsize=1024)
def _framing(head: bytes) -> _Framing:
    """Read a head. Those of one client differ by the length of the body alone, so few are ever read."""
    low = head.lower()
    line = head.partition(b"\r\n")[0].split(b" ")
    if len(line) != 3 or not line[2].startswith(b"HTTP/1."):
        raise _Malformed(400)
    chunked = b"\r\ntransfer-encoding:" in low and b"chunked" in low.partition(b"\r\ntransfer-encoding:")[2][:64]
    length = 0
    at = low.find(b"\r\ncontent-length:")
    if at >= 0 and not chunked:
        text = low[at + 17 :].partition(b"\r\n")[0].strip()
        if not text.isdigit():
            raise _Malformed(400)
        length = int(text)
        if length > _LARGEST_BODY:
            raise _Malformed(413)
    last = b"\r\nconnection: close" in low or b" http/1.0" in low.partition(b"\r\n")[0]
    return _Framing(line[0].decode("latin-1"), line[1].decode("latin-1").partition("?")[0], length, chunked, last)


def _unchunked(buffer: bytearray, at: int) -> tuple[bytes, int] | None:
    """The body that begins at a place in chunks, and where it ends; None where it is not whole yet."""
    parts: list[bytes] = []
    while True:
        line = buffer.find(b"\r\n", at)
        if line < 0:
            return None
        try:
            size = int(bytes(buffer[at:line]).partition(b";")[0], 16)
        except ValueError as error:
            raise _Malformed(400) from error
        if not 0 <= size <= _LARGEST_BODY:
            raise _Malformed(413)
        if size == 0:
            # Trailers, if any, end with an empty line.
            end = buffer.find(b"\r\n\r\n", line)
            return None if end < 0 else (b"".join(parts), end + 4)
        if len(buffer) < line + 2 + size + 2:
            return None
        parts.append(bytes(buffer[line + 2 : line + 2 + size]))
        at = line + 2 + size + 2


def _reset_at_close(transport: asyncio.Transport) -> None:
    import socket  # noqa: PLC0415  only faults need it
    import struct  # noqa: PLC0415

    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
