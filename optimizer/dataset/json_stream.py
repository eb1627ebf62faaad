"""One large JSON document, read element by element: a list, or an object that holds a list under `data` or `rows`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

from ...agents.gateway.errors import UsageError
from .raw import RawRow, broken_source

__all__ = ["LIST_FIELDS", "read_document"]

LIST_FIELDS = ("data", "rows")
_CHUNK = 1 << 16
_LARGEST = 1 << 26  # characters of one element; what is larger is no row
_SPACE = " \t\r\n"


class _Scanner:
    """A window on the document that is moved forward value by value."""

    def __init__(self, stream: IO[str], name: str) -> None:
        self._stream = stream
        self._name = name
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self._line = 1
        self._more = True

    def _grow(self) -> bool:
        """Read on, by as much as is held already, so that a large value is not parsed too often."""
        if not self._more:
            return False
        self._line += self._text.count("\n", 0, self._at)
        self._text = self._text[self._at :]
        self._at = 0
        chunk = self._stream.read(max(_CHUNK, len(self._text)))
        self._more = bool(chunk)
        self._text += chunk
        return self._more

    def peek(self) -> str:
        """The next character that is not space; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._grow():
                return ""

    def take(self, wanted: str) -> bool:
        """Step over one character if it is the wanted one."""
        if self.peek() != wanted:
            return False
        self._at += 1
        return True

    def value(self) -> object:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # A mistake well before the end of the window will not be mended by reading on.
                cut = error.msg.startswith("Unterminated string") or error.pos > len(self._text) - 16
                if not cut or len(self._text) - self._at > _LARGEST or not self._grow():
                    raise self.wrong(error.msg) from None
            except RecursionError:
                raise self.wrong("nested too deep") from None
            else:
                # A number at the very end of the window may go on behind it.
                if end < len(self._text) or not self._grow():
                    self._at = end
                    return value

    def wrong(self, why: str) -> UsageError:
        """The error for a document that is not JSON from here on."""
        line = self._line + self._text.count("\n", 0, self._at)
        return broken_source(self._name, f"near line {line} it is not valid JSON ({why})")


def _elements(scanner: _Scanner) -> Iterator[RawRow]:
    if scanner.take("]"):
        return
    number = 0
    while True:
        number += 1
        yield RawRow(number, scanner.value())
        if scanner.take("]"):
            return
        if not scanner.take(","):
            raise scanner.wrong("a comma or the end of the list is missing")


def _enter(scanner: _Scanner, name: str) -> None:
    """Move into the object, up to the first element of its list of rows."""
    seen: list[str] = []
    while not scanner.take("}"):
        key = scanner.value()
        if not isinstance(key, str) or not scanner.take(":"):
            raise scanner.wrong("a name and a colon are missing")
        if key in LIST_FIELDS and scanner.take("["):
            return
        seen.append(key)
        scanner.value()
        if not scanner.take(",") and scanner.peek() != "}":
            raise scanner.wrong("a comma is missing")
    fields = ", ".join(f"`{field}`" for field in seen[:20]) or "nothing"
    raise UsageError(
        f"{name} is one JSON object without a list of rows (it holds {fields}).",
        fix="Put the rows into a list under `data` or `rows`, or write one object a line (JSONL).",
    )


def read_document(stream: IO[str], name: str) -> Iterator[RawRow]:
    """Rows of a JSON list, or of the list under `data` or `rows` of a JSON object; numbered from 1.

    One element is held at a time. A mistake of syntax ends the reading: behind it nothing can be trusted.

    Raises:
        UsageError: not valid JSON, or an object without such a list.
    """
    scanner = _Scanner(stream, name)
    if not scanner.take("["):
        if not scanner.take("{"):
            raise scanner.wrong("neither a list nor an object")
        _enter(scanner, name)
        yield from _elements(scanner)
        return
    yield from _elements(scanner)
    if scanner.peek():
        raise scanner.wrong("something follows the end of the list")
