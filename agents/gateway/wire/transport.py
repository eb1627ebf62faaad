"""HTTP: the one file that opens connections to models.

httpx is the client, over aiohttp's connections (`httpx-aiohttp`): httpx's own pool takes 16 ms of CPU a call at 200
calls in flight, this one 0.4 ms. The pool has no bound and no waiting, because the gateway owns admission; that needs
`max_connections=0`, since None means aiohttp's default of 100 there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import anyio
import httpx
from httpx_aiohttp import HttpxAiohttpClient

from ..endpoints import Endpoint
from ..errors import UsageError
from ..keys import Key
from .failures import Failure, one_line

__all__ = ["HttpTransport", "Transport", "WireReply"]

_LARGEST_REPLY = 64 * 2**20
_KEEPALIVE_S = 60.0


@dataclass(frozen=True, slots=True)
class WireReply:
    """What came back: the status, headers with names in lower case, and the whole body, without any key."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """How bytes get to an endpoint and back."""

    @property
    def address(self) -> str:
        """Where it goes, for messages; without any secret."""
        ...

    async def post(self, path: str, body: bytes) -> WireReply:
        """Send JSON to a path under the address and read the whole reply, whatever its status.

        Raises:
            Failure: no whole reply came.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class HttpTransport:
    """One client for one endpoint.

    Args:
        name: the endpoint's name, for messages.
        endpoint: time-outs and headers.
        base_url: the address up to and without `/chat/completions`.
        key: sent as a bearer token; None sends no such header.

    Raises:
        UsageError: the address cannot be one.
    """

    def __init__(self, name: str, endpoint: Endpoint, base_url: str, key: Key | None) -> None:
        self._url = _checked(name, base_url)
        self.address = str(self._url.copy_with(query=None)).rstrip("/")
        self._key = key
        self._total_s = endpoint.total_s
        headers = {**endpoint.headers, "content-type": "application/json"}
        if key is not None:
            headers["authorization"] = f"Bearer {key.reveal()}"
        self._client = HttpxAiohttpClient(
            headers=headers,
            timeout=httpx.Timeout(endpoint.total_s, connect=endpoint.connect_s, read=endpoint.first_byte_s, pool=None),
            limits=httpx.Limits(max_connections=0, max_keepalive_connections=None, keepalive_expiry=_KEEPALIVE_S),
            # Proxies and certificates come from the environment; what is on this machine is never behind a proxy.
            trust_env=not _is_here(self._url.host),
        )

    async def post(self, path: str, body: bytes) -> WireReply:
        """Send and read within the endpoint's time-outs."""
        try:
            with anyio.fail_after(self._total_s):
                return await self._post(path, body)
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise self._failure(error) from error

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _post(self, path: str, body: bytes) -> WireReply:
        # A query in the address (`?api-version=...`) stays at the end.
        url = self._url.copy_with(path=f"{self._url.path.rstrip('/')}/{path}")
        async with self._client.stream("POST", url, content=body) as reply:
            headers = {name.lower(): value for name, value in reply.headers.items()}
            parts: list[bytes] = []
            size = 0
            async for part in reply.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > _LARGEST_REPLY:
                    raise Failure("unreadable_reply", "the reply is larger than any answer can be", charged=True)
            whole = b"".join(parts)
            return WireReply(reply.status_code, headers, self._key.redact(whole) if self._key else whole)

    def _failure(self, error: Exception) -> Failure:
        """Say what broke. The causes are aiohttp's, whose kinds httpx's names blur."""
        cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
        words = (str(cause) or type(cause).__name__).encode("utf-8", "replace")
        detail = one_line((self._key.redact(words) if self._key else words).decode())
        if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return Failure("unreachable", f"{self.address}: {detail}")
        if isinstance(cause, TimeoutError | httpx.TimeoutException):
            return Failure("timeout", f"no whole reply in time: {detail}", charged=True)
        if isinstance(cause, httpx.DecodingError):
            return Failure("unreadable_reply", f"the reply cannot be unpacked: {detail}", charged=True)
        return Failure("connection", f"the connection broke: {detail}", charged=True)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _checked(name: str, base_url: str) -> httpx.URL:
    fix = "It should look like https://host/v1, without /chat/completions."
    try:
        url = httpx.URL(base_url.strip())
        url = url.copy_with(path=url.path.rstrip("/").removesuffix("/chat/completions"))
    except httpx.InvalidURL as error:
        raise UsageError(f"The base_url of the endpoint '{name}' is no address.", fix=fix) from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise UsageError(f"The base_url of the endpoint '{name}' is no address of the web.", fix=fix)
    if url.userinfo:
        # Addresses are settings and stand in records; a password must not.
        raise UsageError(
            f"The base_url of the endpoint '{name}' holds a user or a password.",
            fix="Leave it out and name the key by key_env or key_file.",
        )
    return url
