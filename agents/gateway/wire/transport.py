"""HTTP: the one file that opens connections to models.

httpx is the client, down to its transport interface and not its `Client`. Measured with 200 calls in flight, 50 ms of
latency, 2 KB out and 2 KB back, processor time of a call:

    httpx over its own pool                              16,550 µs   (quadratic in the connections; 0.5 s of latency)
    httpx over its own pools, ten connections each        1,100 µs   (the same)
    httpx.Client over aiohttp (`httpx-aiohttp`)             360 µs
    here: a request made once, straight to the transport    165 µs
    aiohttp alone                                           112 µs

What `Client` does for each call (merge headers, cookies, redirects, authentication, hooks, time-outs) is the same for
all calls of an endpoint, so it is done once here. The pool has no bound and no queue, because the gateway owns
admission; aiohttp writes "no bound" as a limit of 0.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from multidict import CIMultiDict

from ..endpoints import Endpoint
from ..errors import UsageError
from ..keys import Key
from .failures import Failure, FailureKind, one_line
from .routes import lasting_socket, proxy_for, trusting

__all__ = ["HttpTransport", "Transport", "WireReply"]

_LARGEST_REPLY = 64 * 2**20
_KEEPALIVE_S = 60.0
_ANTHROPIC_VERSION = "2023-06-01"


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

        Args:
            path: below the address; one that begins with `/` is beside the address's `/v1`.
            body: JSON.

        Raises:
            Failure: no whole reply came.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class HttpTransport:
    """The connections to one address with one key.

    Args:
        name: the endpoint's name, for messages.
        endpoint: time-outs, headers, proxy and certificates.
        base_url: the address up to and without `/chat/completions`.
        key: sent as a bearer token, to Anthropic as `x-api-key`; None sends no such header.

    Raises:
        UsageError: the address or the proxy cannot be one, or the file of certificates holds none.
    """

    def __init__(self, name: str, endpoint: Endpoint, base_url: str, key: Key | None) -> None:
        self._url = _checked(name, base_url)
        self.address = str(self._url.copy_with(query=None)).rstrip("/")
        self._key = key
        self._limits = endpoint
        self._trust = _trusted(*(("", None) if endpoint.ca_file is None else (name, endpoint.ca_file)))
        self._urls: dict[str, httpx.URL] = {}
        connect_s = min(endpoint.connect_s, endpoint.first_byte_s)
        # aiohttp's `connect`, which httpx calls `pool`, holds all of it: looking up, connecting, TLS, the proxy.
        self._extensions = {"timeout": {"pool": connect_s, "connect": None, "read": None}}
        proxy, password = _proxy(name, endpoint, self._url)
        self._headers = CIMultiDict((_headers(endpoint, key) | password).items())
        self._transport = AiohttpTransport(verify=self._trust, trust_env=False, proxy=proxy, client=self._session)

    async def post(self, path: str, body: bytes) -> WireReply:
        """Send and read within the endpoint's time-outs."""
        return await self._exchange("POST", path, body)

    async def get(self, path: str) -> WireReply:
        """Read what stands at a path, such as the list of models; no call to a model is made so.

        Raises:
            Failure: no whole reply came.
        """
        return await self._exchange("GET", path, b"")

    async def _exchange(self, method: str, path: str, body: bytes) -> WireReply:
        try:
            return await self._send(method, path, body)
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise self._failure(error) from error
        except UnicodeError as error:
            # Out of the resolver: parts of a name are 1 to 63 characters.
            raise Failure("unreachable", f"{self.address}: that is no name of a host") from error

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def _send(self, method: str, path: str, body: bytes) -> WireReply:
        patience = _Patience(self._limits)
        reply: httpx.Response | None = None
        try:
            async with patience.clock:
                reply = await self._transport.handle_async_request(self._request(method, path, body))
                patience.renew()
                headers = _headers_of(reply)
                whole = await _whole(reply, headers, patience)
            return WireReply(reply.status_code, headers, self._key.redact(whole) if self._key else whole)
        except TimeoutError as error:
            if not patience.clock.expired():
                raise
            raise patience.failure() from error
        finally:
            if reply is not None:
                # What was not read to its end is not used again: the connection is closed.
                await reply.aclose()

    def _request(self, method: str, path: str, body: bytes) -> httpx.Request:
        url = self._urls.get(path)
        if url is None:
            base = self._url.path.rstrip("/")
            # A query in the address (`?api-version=...`) stays at the end.
            there = f"{base.removesuffix('/v1')}{path}" if path.startswith("/") else f"{base}/{path}"
            url = self._urls[path] = self._url.copy_with(path=there)
        return _ReadyRequest(method, url, self._headers, body, self._extensions)

    def _session(self) -> aiohttp.ClientSession:
        """Made with the first call, because it belongs to the event loop that it is made in."""
        connector = aiohttp.TCPConnector(
            limit=0, ssl=self._trust, keepalive_timeout=_KEEPALIVE_S, ttl_dns_cache=60, socket_factory=lasting_socket
        )
        # No headers here: aiohttp would show those of a session, and with them the key, to a proxy too.
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    def _failure(self, error: Exception) -> Failure:
        """Say what broke. The causes are aiohttp's, whose kinds httpx's names blur."""
        cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            return Failure("unreachable", f"{self.address}: no connection within {self._limits.connect_s:g} s")
        if isinstance(cause, aiohttp.ClientHttpProxyError):
            kind: FailureKind = "access" if cause.status == 407 else "unreachable"
            return Failure(kind, f"{self.address}: the proxy on the way answered with status {cause.status}")
        # aiohttp tells of TLS at addresses that have none.
        words = (str(cause).replace(" ssl:default", "") or type(cause).__name__).encode("utf-8", "replace")
        detail = one_line((self._key.redact(words) if self._key else words).decode())
        if isinstance(cause, aiohttp.ClientConnectorError):
            return Failure("unreachable", f"{self.address}: {detail}")
        if isinstance(cause, TimeoutError | httpx.TimeoutException):
            return Failure("timeout", f"no whole reply in time: {detail}", charged=True)
        if isinstance(cause, httpx.DecodingError):
            return Failure("unreadable_reply", f"the reply cannot be unpacked: {detail}", charged=True)
        return Failure("connection", f"the connection broke: {detail}", charged=True)


class _ReadyRequest(httpx.Request):
    """A request as the transport over aiohttp reads it, and no more: its headers are those of aiohttp, made once.

    httpx's own constructor and headers cost an eighth of the processor time of a call.
    """

    def __init__(
        self, method: str, url: httpx.URL, headers: CIMultiDict[str], body: bytes, extensions: dict[str, Any]
    ) -> None:
        self.method = method
        self.url = url
        self.headers = cast("httpx.Headers", headers)
        self.extensions = extensions
        self.stream = httpx.ByteStream(body)
        self._content = body


class _Patience:
    """The time-outs of one call on one timer: to the first byte, between pieces, and all together."""

    def __init__(self, limits: Endpoint) -> None:
        self._limits = limits
        self._now = asyncio.get_running_loop().time
        began = self._now()
        self._begun, self._renewed = False, began
        self._end = began + limits.total_s
        self.clock = asyncio.timeout(min(limits.first_byte_s, limits.total_s))

    def renew(self) -> None:
        """Something came: the next piece has its time again."""
        now, stall_s = self._now(), self._limits.stall_s
        # A body comes in many pieces at once; setting the timer for each would cost more than reading them.
        if self._begun and now - self._renewed < stall_s / 100:
            return
        self._begun, self._renewed = True, now
        self.clock.reschedule(min(self._end, now + stall_s))

    def failure(self) -> Failure:
        """Which of them is over."""
        limits = self._limits
        if self._now() >= self._end:
            words = f"no whole reply within {limits.total_s:g} s (total_s)"
        elif self._begun:
            words = f"the reply stopped in its middle for {limits.stall_s:g} s (stall_s)"
        else:
            words = f"no first byte of a reply within {limits.first_byte_s:g} s (first_byte_s)"
        return Failure("timeout", words, charged=True)


async def _whole(reply: httpx.Response, headers: Mapping[str, str], patience: _Patience) -> bytes:
    """The body, unpacked."""
    packed = headers.get("content-encoding", "identity") != "identity"
    pieces = reply.aiter_bytes() if packed else cast("httpx.AsyncByteStream", reply.stream)
    parts: list[bytes] = []
    size = 0
    async for part in pieces:
        patience.renew()
        parts.append(part)
        size += len(part)
        if size > _LARGEST_REPLY:
            raise Failure("unreadable_reply", "the reply is larger than any answer can be", charged=True)
    return b"".join(parts)


def _headers_of(reply: httpx.Response) -> dict[str, str]:
    """Names in lower case; what comes twice is joined as HTTP says."""
    found: dict[str, str] = {}
    for raw_name, raw_value in reply.headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _headers(endpoint: Endpoint, key: Key | None) -> dict[str, str]:
    """What every request says beside its body. What we must say wins, in whatever case settings say it."""
    ours = {"content-type": "application/json"}
    if endpoint.organization is not None:
        ours["openai-organization"] = endpoint.organization
    if endpoint.project is not None:
        ours["openai-project"] = endpoint.project
    if endpoint.wire == "anthropic":
        ours["anthropic-version"] = _ANTHROPIC_VERSION
    if key is not None and endpoint.wire == "anthropic":
        ours["x-api-key"] = key.reveal()
    elif key is not None:
        ours["authorization"] = f"Bearer {key.reveal()}"
    usual = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "autoevol"}
    return usual | {name.lower(): value for name, value in endpoint.headers.items()} | ours


def _proxy(name: str, endpoint: Endpoint, url: httpx.URL) -> tuple[httpx.Proxy | None, dict[str, str]]:
    """The proxy on the way, and what requests must say to it: with TLS they go through it unread and say nothing."""
    found = proxy_for(name, endpoint, url.scheme, url.host)
    if found is None:
        return None, {}
    proxy = httpx.Proxy(found)
    if proxy.auth is None:
        return proxy, {}
    word = base64.b64encode(":".join(proxy.auth).encode()).decode()
    password = {"proxy-authorization": f"Basic {word}"}
    return httpx.Proxy(proxy.url, headers=password), password if url.scheme == "http" else {}


@functools.cache
def _trusted(name: str, ca_file: str | None) -> ssl.SSLContext:
    """One for all: it takes 25 ms to make."""
    return httpx.create_ssl_context() if ca_file is None else trusting(name, ca_file)


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
