"""A bare HTTP/1.1 client for tests of servers: it sees statuses, headers and broken connections as they are."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

__all__ = ["RawClient", "RawReply", "chat"]


@dataclass(frozen=True)
class RawReply:
    """A reply; the names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """What the first choice of a chat says."""
        return str(self.json["choices"][0]["message"]["content"])


def chat(text: str, **fields: object) -> dict[str, object]:
    """The body of a chat with one turn."""
    return {"model": "sim", "messages": [{"role": "user", "content": text}], **fields}


class RawClient:
    """One connection, opened by the first call and again after it broke."""

    def __init__(self, base_url: str) -> None:
        host, _, port = base_url.removeprefix("http://").removesuffix("/v1").rpartition(":")
        self._address = (host, int(port))
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def reader(self) -> asyncio.StreamReader | None:
        """Where replies come in."""
        return None if self._streams is None else self._streams[0]

    async def post(self, path: str, body: object, headers: str = "") -> RawReply:
        """Send JSON."""
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
        return await self.send(head.encode() + content)

    async def get(self, path: str) -> RawReply:
        """Ask for a page."""
        return await self.send(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())

    async def chat(self, text: str, **fields: object) -> RawReply:
        """Ask one question."""
        return await self.post("/v1/chat/completions", chat(text, **fields))

    async def send(self, *parts: bytes) -> RawReply:
        """Send bytes, each part by itself, and read one reply.

        Raises:
            ConnectionError: the connection was reset or refused.
            asyncio.IncompleteReadError: it ended before the reply was whole.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            return await self.read(reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.close()
            raise

    async def read(self, reader: asyncio.StreamReader) -> RawReply:
        """Read one reply."""
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return RawReply(int(lines[0].split()[1]), headers, body)

    def close(self) -> None:
        """Drop the connection."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None
