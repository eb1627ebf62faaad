"""How long the wire waits, what it makes of broken replies, and what it lets through: raw bytes on loopback."""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import subprocess
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream, Listener, SocketAttribute
from anyio.streams.tls import TLSListener

from autoevol.agents.gateway.endpoints import Endpoint
from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.keys import Key
from autoevol.agents.gateway.wire.failures import Failure
from autoevol.agents.gateway.wire.routes import lasting_socket, proxy_for
from autoevol.agents.gateway.wire.transport import HttpTransport, WireReply
from tests.model_server import model_server

Answering = Callable[[ByteStream], Awaitable[None]]
SECRET = "sk-test-0123456789abcdef"


@asynccontextmanager
async def _answering(answer: Answering, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """A server on loopback that reads a request's beginning and then does as told; its port."""

    async def serve(stream: ByteStream) -> None:
        async with stream:
            await stream.receive()
            await answer(stream)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as group,
    ):
        wrapped: Listener[Any] = TLSListener(listener, tls, standard_compatible=False) if tls else listener
        group.start_soon(wrapped.serve, serve)
        yield listener.extra(SocketAttribute.local_port)
        group.cancel_scope.cancel()


async def _post(endpoint: Endpoint, key: str = "", times: int = 1) -> WireReply:
    transport = HttpTransport("default", endpoint, endpoint.base_url or "", Key(key) if key else None)
    try:
        for _ in range(times - 1):
            await transport.post("chat/completions", b"{}")
        return await transport.post("chat/completions", b"{}")
    finally:
        await transport.aclose()


def _sending(*pieces: bytes, then_wait: bool = False) -> Answering:
    async def answer(stream: ByteStream) -> None:
        for piece in pieces:
            await stream.send(piece)
        if then_wait:
            await anyio.sleep_forever()

    return answer


def _whole(body: bytes, *headers: str, status: int = 200) -> bytes:
    lines = "".join(f"{line}\r\n" for line in (*headers, f"content-length: {len(body)}"))
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body


def _at(port: int, **more: object) -> Endpoint:
    return Endpoint.model_validate({"base_url": f"http://127.0.0.1:{port}/v1", **more})


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"


@pytest.mark.parametrize(
    ("expected", "pieces", "times"),
    [
        ("first_byte_s", (), {"first_byte_s": 0.05}),
        ("stall_s", (HEAD,), {"stall_s": 0.05}),
        ("stall_s", (HEAD, b"half"), {"stall_s": 0.6, "first_byte_s": 0.5}),
        ("total_s", (HEAD, b"half"), {"total_s": 0.05}),
        ("total_s", (), {"total_s": 0.05}),
    ],
)
async def test_time_outs_are_told_apart(expected: str, pieces: tuple[bytes, ...], times: dict[str, float]) -> None:
    """The failure names the setting that ended the wait, and that the provider may charge for the call."""
    async with _answering(_sending(*pieces, then_wait=True)) as port:
        with pytest.raises(Failure, match=expected) as caught:
            await _post(_at(port, **times))

    assert ("timeout", True) == (caught.value.kind, caught.value.charged)


async def test_a_connection_that_is_never_ready_is_unreachable() -> None:
    """Whoever accepts and then says nothing of TLS is not there; nothing was sent, so nothing is charged."""
    async with _answering(_sending(then_wait=True)) as port:
        endpoint = Endpoint(base_url=f"https://127.0.0.1:{port}/v1", connect_s=0.05)
        with pytest.raises(Failure, match=r"no connection within 0\.05 s") as caught:
            await _post(endpoint)

    assert ("unreachable", False) == (caught.value.kind, caught.value.charged)


async def test_a_slow_reply_is_whole_as_long_as_it_moves() -> None:
    """The time between pieces counts anew with each piece."""

    async def slowly(stream: ByteStream) -> None:
        await stream.send(HEAD.replace(b"100", b"6"))
        for _ in range(6):
            await anyio.sleep(0.2)
            await stream.send(b"x")

    async with _answering(slowly) as port:
        reply = await _post(_at(port, stall_s=1))

    assert b"x" * 6 == reply.body


@pytest.mark.parametrize(
    ("expected", "raw"),
    [
        (b"packed", _whole(gzip.compress(b"packed", mtime=0), "content-encoding: gzip")),
        (b"packed", _whole(zlib.compress(b"packed"), "Content-Encoding: deflate")),
        (b"plain", _whole(b"plain", "content-encoding: identity")),
        (b"chunk", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nchu\r\n2\r\nnk\r\n0\r\n\r\n"),
        (b"to the end", b"HTTP/1.0 200 OK\r\n\r\nto the end"),
        (b"moved", _whole(b"moved", "location: http://127.0.0.1:1/", status=308)),
        (b"no *** here", _whole(f"no {SECRET} here".encode(), status=401)),
        (b"no *** here", _whole(gzip.compress(f"no {SECRET} here".encode(), mtime=0), "content-encoding: gzip")),
    ],
)
async def test_a_body_is_had_whole_whatever_it_comes_in(expected: bytes, raw: bytes) -> None:
    """Packed or in chunks; no redirect is followed; a key that is repeated is blotted out."""
    async with _answering(_sending(raw)) as port:
        assert expected == (await _post(_at(port), SECRET)).body


@pytest.mark.parametrize(
    ("expected", "raw"),
    [
        ("unreadable_reply", _whole(b"not packed", "content-encoding: gzip")),
        ("unreadable_reply", _whole(gzip.compress(b"\0" * (65 * 2**20)), "content-encoding: gzip")),
        ("connection", HEAD + b"half"),
        ("connection", b""),
        ("connection", b"garbage\r\n\r\n"),
        ("connection", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
        ("connection", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"),
    ],
)
async def test_a_broken_reply_is_a_failure(expected: str, raw: bytes) -> None:
    """Cut, garbled, or larger than any answer: a kind of the taxonomy, and charged until we know better."""
    async with _answering(_sending(raw)) as port:
        with pytest.raises(Failure) as caught:
            await _post(_at(port), SECRET)

    assert (expected, True) == (caught.value.kind, caught.value.charged)


async def test_names_of_headers_are_lower_case_and_doubles_are_joined() -> None:
    """As HTTP says that two of a name are to be read."""
    async with _answering(_sending(_whole(b"{}", "X-RateLimit-Limit: 5", "X-A: 1", "x-a: 2"))) as port:
        headers = (await _post(_at(port))).headers

    assert ("5", "1, 2") == (headers["x-ratelimit-limit"], headers["x-a"])


async def test_a_connection_is_used_again() -> None:
    """Three calls in a row are one connection, and it is kept alive by the system."""
    seen: list[int] = []

    async def thrice(stream: ByteStream) -> None:
        seen.append(1)
        await stream.send(_whole(b"{}"))
        for _ in range(2):
            await stream.receive()
            await stream.send(_whole(b"{}"))

    async with _answering(thrice) as port:
        await _post(_at(port), times=3)
    with lasting_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1))) as made:
        kept = made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    assert ([1], True) == (seen, bool(kept))


@pytest.mark.parametrize(
    ("expected", "settings"),
    [
        ({"authorization": f"Bearer {SECRET}", "openai-organization": "org-1", "openai-project": "p-1"},
         {"organization": "org-1", "project": "p-1"}),
        ({"x-api-key": SECRET, "anthropic-version": "2023-06-01"}, {"wire": "anthropic"}),
        ({"authorization": f"Bearer {SECRET}", "content-type": "application/json", "user-agent": "mine"},
         {"headers": {"Authorization": "other", "Content-Type": "text/plain", "User-Agent": "mine"}}),
    ],
)  # fmt: skip
async def test_who_asks_stands_in_the_headers(expected: dict[str, str], settings: dict[str, object]) -> None:
    """The key, the organisation and the project; what we must say is said once, whatever the settings say."""
    with model_server() as server:
        transport = HttpTransport(
            "default",
            Endpoint.model_validate({"base_url": server.base_url, **settings}),
            server.base_url,
            Key(SECRET),
        )
        await transport.post("chat/completions", b'{"messages": [{"content": "x"}]}')
        await transport.aclose()

    assert expected == {name: server.headers[0].get(name) for name in expected}
    assert ("authorization" in expected) == ("authorization" in server.headers[0])


# ---------------------------------------------------------------- proxies and certificates


@pytest.mark.parametrize("proxy", ["http://user:pw-12345678@host:1", "user@host:1"])
def test_a_password_in_a_proxy_is_refused(proxy: str) -> None:
    """Settings are written down with the run."""
    with pytest.raises(UsageError, match="user or a password") as caught:
        HttpTransport("default", Endpoint(base_url="http://h/v1", proxy=proxy), "http://h/v1", None)

    assert "pw-1" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["", "socks5://host:1", "http://", "http://host:port", "http://[::1"])
def test_what_is_no_proxy_is_said(proxy: str) -> None:
    """At the start, not by the first call."""
    with pytest.raises(UsageError, match=r"proxy of the endpoint 'default'"):
        HttpTransport("default", Endpoint(base_url="http://h/v1", proxy=proxy), "http://h/v1", None)


async def test_the_proxy_of_the_settings_is_used_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """It wins over the environment's, and who names it wants it even on this machine."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with _answering(_sending(_whole(b"by proxy"))) as port:
        found = await _post(Endpoint(base_url="http://127.0.0.1:1/v1", proxy=f"127.0.0.1:{port}"))

    assert b"by proxy" == found.body


async def test_a_password_of_the_environments_proxy_reaches_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a header of its own, and in no message."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with model_server() as server:
        monkeypatch.setenv("HTTP_PROXY", server.base_url.removesuffix("/v1").replace("://", "://ann:pw-123@"))
        transport = HttpTransport("default", Endpoint(base_url="http://far.invalid/v1"), "http://far.invalid/v1", None)
        await transport.post("chat/completions", b'{"messages": [{"content": "x"}]}')
        await transport.aclose()

    assert "Basic YW5uOnB3LTEyMw==" == server.headers[0]["proxy-authorization"]


async def test_a_proxy_never_sees_the_key() -> None:
    """It is asked for a way through; what goes through is between us and the provider."""
    seen: list[bytes] = []

    async def serve(stream: ByteStream) -> None:
        async with stream:
            seen.append(await stream.receive())

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        proxy = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        with pytest.raises(Failure):
            await _post(Endpoint(base_url="https://far.invalid/v1", proxy=proxy), SECRET)
        group.cancel_scope.cancel()

    assert seen[0].startswith(b"CONNECT far.invalid:443 ")
    assert SECRET.encode() not in seen[0]


@pytest.mark.parametrize(("expected", "status"), [("access", 407), ("unreachable", 502)])
async def test_a_proxy_that_refuses_is_told(expected: str, status: int) -> None:
    """407 is a matter for a person, anything else may pass."""
    async with _answering(_sending(_whole(b"no", status=status))) as port:
        with pytest.raises(Failure, match=f"proxy on the way answered with status {status}") as caught:
            await _post(Endpoint(base_url="https://far.invalid/v1", proxy=f"http://127.0.0.1:{port}"))

    assert expected == caught.value.kind


def test_no_proxy_of_the_environment_where_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY names hosts that are reached straight."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", "near.example")
    monkeypatch.setenv("no_proxy", "near.example")
    endpoint = Endpoint(base_url="https://x/v1")

    found = [proxy_for("default", endpoint, "https", host) for host in ("near.example", "far.example", "localhost")]

    assert [None, "http://proxy:1", None] == found


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n"])
def test_certificates_that_cannot_be_read_are_said(tmp_path: Path, content: str | None) -> None:
    """A file that is not there, is empty or holds something else."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(UsageError, match=r"ca\.pem"):
        HttpTransport("default", Endpoint(base_url="https://h/v1", ca_file=str(path)), "https://h/v1", None)


@pytest.fixture
def own_certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that nobody but its file vouches for, and its key."""
    made, key = tmp_path / "own.pem", tmp_path / "own.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=own",
               "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OPENSSL_CONF": os.devnull})
    except (OSError, subprocess.CalledProcessError):
        subprocess.run(command, check=True, capture_output=True)
    return made, key


async def test_a_certificate_of_ones_own_is_trusted_where_it_is_named(own_certificate: tuple[Path, Path]) -> None:
    """And nowhere else."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*own_certificate)
    async with _answering(_sending(_whole(b"safe")), tls) as port:
        address = f"https://127.0.0.1:{port}/v1"
        with pytest.raises(Failure, match="certificate") as caught:
            await _post(Endpoint(base_url=address))
        found = await _post(Endpoint(base_url=address, ca_file=str(own_certificate[0])))

    assert ("unreachable", b"safe") == (caught.value.kind, found.body)
