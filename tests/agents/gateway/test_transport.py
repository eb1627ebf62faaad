"""Addresses, proxies and headers, over real connections."""

from __future__ import annotations

import pytest

from autoevol.agents.gateway.endpoints import Endpoint
from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.wire.transport import HttpTransport
from tests.model_server import model_server

BODY = b'{"model": "m", "messages": [{"role": "user", "content": "hello"}]}'


async def _post(base_url: str, endpoint: Endpoint | None = None) -> tuple[int, str]:
    transport = HttpTransport("default", endpoint or Endpoint(base_url=base_url), base_url, None)
    try:
        reply = await transport.post("chat/completions", BODY)
    finally:
        await transport.aclose()
    return reply.status, transport.address


@pytest.mark.parametrize("tail", ["", "/", "/chat/completions", "/chat/completions/"])
async def test_an_address_may_be_written_in_several_ways(tail: str) -> None:
    """With and without what comes after it."""
    with model_server() as server:
        assert (200, server.base_url) == await _post(server.base_url + tail)


async def test_an_address_shows_no_secret() -> None:
    """A query is sent after the path and is not in messages; a password is refused, for settings are written down."""
    with model_server() as server:
        status, address = await _post(server.base_url + "?api-version=1")
        with pytest.raises(UsageError, match="password") as caught:
            await _post(server.base_url.replace("http://", "http://user:s3cret@"))

    assert (200, server.base_url) == (status, address)
    assert ["/v1/chat/completions?api-version=1"] == server.paths
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("address", ["", "host/v1", "ftp://host/v1", "http://", "http://[::1/v1", "/v1", "http:///v1"])
def test_what_is_no_address_is_said(address: str) -> None:
    """At the start, by the endpoint's name."""
    with pytest.raises(UsageError, match="'default'"):
        HttpTransport("default", Endpoint(base_url=address), address, None)


async def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy gets what goes out; loopback never goes through it."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with model_server() as proxy, model_server() as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/v1"))
        out, _ = await _post("http://far-away.invalid/v1")
        here, _ = await _post(server.base_url)

    assert (200, 200) == (out, here)
    assert (1, 1) == (proxy.count, server.count)


async def test_further_headers_are_sent() -> None:
    """As the settings name them."""
    with model_server() as server:
        await _post(server.base_url, Endpoint(base_url=server.base_url, headers={"X-Title": "AutoEvol"}))

    assert "AutoEvol" == server.headers[0]["x-title"]
    assert "application/json" == server.headers[0]["content-type"]
