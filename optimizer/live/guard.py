"""Who may speak with the live page: the right host name, a token where others can reach it, and no other site's page.

A page of another site must neither read (DNS rebinding: its own name pointed at our address) nor write (a form or a
script that posts to us): the Host header has to be one of ours, and what is sent has to be JSON from our own pages.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard", "Rules", "is_loopback"]

_COOKIE = "autoevol_token"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Rules:
    """What is let in.

    Args:
        hosts: names and addresses by which the page may be called, without the port.
        port: of the server.
        token: what has to be shown; empty on loopback, where none is asked for.
    """

    hosts: tuple[str, ...]
    port: int
    token: str = ""

    def refusal(self, method: str, headers: Headers) -> str:
        """Why a request is refused whoever sent it, or an empty string."""
        host = headers.get("host", "")
        if host not in self.names:
            return f"The page does not answer to the name {host[:100]!r}; --allow-host NAME lets it."
        if method in {"GET", "HEAD"}:
            return ""
        origin = headers.get("origin")
        if origin is not None and origin not in {f"http://{name}" for name in self.names}:
            return "Another site's page may not send anything here."
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return "Another site's page may not send anything here."
        if headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return "Only JSON is taken."
        return ""

    @property
    def names(self) -> frozenset[str]:
        """Every right Host header."""
        hosts = {*_LOOPBACK, *self.hosts}
        return frozenset({f"{host}:{self.port}" for host in hosts} | (hosts if self.port == 80 else set()))

    def known(self, shown: str) -> bool:
        """Whether a token is the right one."""
        return secrets.compare_digest(shown.encode("utf-8", "replace"), self.token.encode())


class Guard:
    """In front of the application: refuses what the rules refuse, and puts safe headers on every answer."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102  the form of ASGI
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = self._answer(scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
            await send(message)

        await (answer or self.app)(scope, receive, guarded)

    def _answer(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        problem = self.rules.refusal(scope["method"], headers)
        if problem:
            return PlainTextResponse(problem, status_code=403)
        return self._asked_for_token(scope, headers) if self.rules.token else None

    def _asked_for_token(self, scope: Scope, headers: Headers) -> Response | None:
        """None where the right token was shown; by its address once, by a cookie from then on."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if given and self.rules.known(given):
            answer = RedirectResponse(scope["path"], status_code=303)
            answer.set_cookie(_COOKIE, self.rules.token, httponly=True, samesite="strict")
            return answer
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self.rules.known(_cookie(headers)) or self.rules.known(bearer):
            return None
        return PlainTextResponse("Open the address with ?token=… that the terminal shows.", status_code=401)


def _cookie(headers: Headers) -> str:
    jar = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[_COOKIE].value if _COOKIE in jar else ""
