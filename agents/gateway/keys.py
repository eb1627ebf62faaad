"""Where a key is found. It goes from here into one header of one client and nowhere else (design, law 8)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .endpoints import Endpoint
from .errors import UsageError

__all__ = ["Key", "find_key"]


class Key:
    """A key that does not show itself: neither printed, nor compared, nor written by any serializer."""

    __slots__ = ("__secret",)

    def __init__(self, secret: str) -> None:
        self.__secret = secret

    def __repr__(self) -> str:
        return "Key(***)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a key is not written down")

    def reveal(self) -> str:
        """The key itself, for the header."""
        return self.__secret

    def redact(self, text: bytes) -> bytes:
        """The text with the key blotted out; some providers repeat it in their errors."""
        return text.replace(self.__secret.encode(), b"***") if self.__secret else text


def find_key(name: str, endpoint: Endpoint, environment: Mapping[str, str] = os.environ) -> Key | None:
    """The key of an endpoint: from its variable, else from the first line of its file; None where neither is named.

    Raises:
        UsageError: a variable or file is named and holds no usable key. The message never holds the key.
    """
    if endpoint.key_env is None and endpoint.key_file is None:
        return None
    where = f"the environment variable {endpoint.key_env}" if endpoint.key_env else f"the file {endpoint.key_file}"
    secret = environment.get(endpoint.key_env, "").strip() if endpoint.key_env else ""
    if not secret and endpoint.key_file:
        where = f"the file {endpoint.key_file}"
        secret = _first_line(name, Path(endpoint.key_file))
    if not secret:
        raise UsageError(f"The endpoint '{name}' needs a key and {where} holds none.", fix=f"Put the key into {where}.")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise UsageError(f"The key of the endpoint '{name}' in {where} has a character that no key has.",
                         fix="Copy it again, without quotes, spaces or line breaks.")  # fmt: skip
    return Key(secret)


def _first_line(name: str, path: Path) -> str:
    try:
        with path.expanduser().open(encoding="utf-8", errors="replace") as file:
            return file.readline(10_000).strip()
    except OSError as error:
        raise UsageError(
            f"The key file {path} of the endpoint '{name}' cannot be read: {error.strerror}.", fix="Check its path."
        ) from error
