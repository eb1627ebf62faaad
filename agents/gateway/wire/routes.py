"""The way to an address: through a proxy or not, whose certificates are trusted, and connections that stay alive."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..endpoints import Endpoint
from ..errors import UsageError

__all__ = ["lasting_socket", "proxy_for", "trusting"]

_QUIET_S = 60


def proxy_for(name: str, endpoint: Endpoint, scheme: str, host: str) -> str | None:
    """The proxy on the way to a host: the endpoint's own, else the environment's; None where there is none.

    What is on this machine is never behind a proxy of the environment.

    Raises:
        UsageError: a proxy that is no address, speaks SOCKS, or whose setting holds a password.
    """
    if endpoint.proxy is not None:
        return _checked(f"The proxy of the endpoint '{name}'", endpoint.proxy, may_hold_password=False)
    if _is_here(host) or proxy_bypass(host):
        return None
    found = getproxies()
    proxy = found.get(scheme) or found.get("all")
    # A password in the environment is not written down by us, so it may stay there.
    return _checked("The proxy that the environment names", proxy, may_hold_password=True) if proxy else None


def _checked(what: str, proxy: str, *, may_hold_password: bool) -> str:
    proxy = proxy.strip()
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(proxy)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise UsageError(f"{what} is no address.", fix="It should look like http://host:8080.") from None
    if parts.scheme not in {"http", "https"} or not whole:
        raise UsageError(f"{what} is no address of an HTTP proxy.", fix="It should look like http://host:8080.")
    if "@" in parts.netloc and not may_hold_password:
        # Settings are written down with the run; a password must not be.
        raise UsageError(
            f"{what} holds a user or a password.",
            fix="Leave the setting out and put the whole address into the environment variable HTTPS_PROXY.",
        )
    return proxy


def trusting(name: str, ca_file: str) -> ssl.SSLContext:
    """A TLS context that trusts the certificates of one file and no others.

    Raises:
        UsageError: the file cannot be read or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        problem = f"The ca_file {ca_file} of the endpoint '{name}' holds no certificate that can be read."
        raise UsageError(problem, fix="It should be a PEM file with BEGIN CERTIFICATE in it.") from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its name is none"
        raise UsageError(
            f"The ca_file {ca_file} of the endpoint '{name}' cannot be read: {why}.", fix="Check its path."
        ) from error


def lasting_socket(found: tuple[Any, ...]) -> socket.socket:
    """A socket for a looked-up address that shows signs of life after a minute of quiet.

    Middleboxes forget connections on which nothing moves (two to six minutes at the large clouds) and tell nobody; an
    answer that takes longer would never arrive.
    """
    family, kind, protocol = found[:3]
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Not every system lets a program say how long quiet may last; TCP_KEEPALIVE is macOS's name for it.
    for option in ("TCP_KEEPIDLE", "TCP_KEEPALIVE"):
        number = getattr(socket, option, None)
        if number is not None:
            made.setsockopt(socket.IPPROTO_TCP, number, _QUIET_S)
            break
    return made


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
