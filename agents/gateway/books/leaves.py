"""Rows out of a damaged SQLite file, page by page, where SQLite itself gives up.

Every row of a table lies in a leaf page of its own kind, so it can be found without the pages above it, the header or
the list of tables. What a row is worth is said by its checksum, not by the place where it was found: a page that was
freed, or a log that was not folded, may hold an older state of it. The form is that of
https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["Leaf", "rows_in"]

_LEAF = 0x0D
_LOG_HEADER, _FRAME_HEADER = 32, 24
_USUAL = 4096
_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
# Longer than any record of ours; what claims more is not one.
_MOST = 1 << 28


@dataclass(frozen=True, slots=True)
class Leaf:
    """A row as it was found: its number, and the values of its columns. The column of the number itself is None."""

    number: int
    values: tuple[Any, ...]


class _BadRow(ValueError):
    """This cell is no row that can be read."""


def rows_in(path: Path, columns: frozenset[int]) -> Iterator[Leaf]:
    """Every row with so many columns that can be read in a data base and its log, in the order of the pages.

    A row may come more than once, and may be one that was deleted or never committed.

    Args:
        path: the data base; its log lies beside it.
        columns: how many columns the wanted tables have.

    Raises:
        OSError: a file cannot be read.
    """
    log = path.with_name(f"{path.name}-wal")
    with path.open("rb") as file:
        size, unused = _page_size(file.read(100))
        pages = _Pages(file, (size, unused), {})
        for number in range(1, path.stat().st_size // size + 1):
            yield from _rows(pages, pages.of_file(number), number, columns)
        if not log.exists():
            return
        with log.open("rb") as frames:
            newer = _Pages(file, (size, unused), _frames(frames, size), frames)
            for place, number in newer.places():
                yield from _rows(newer, newer.at(place), number, columns)


def _page_size(header: bytes) -> tuple[int, int]:
    """Bytes of a page, and how many at its end are not used; what is usual where the header does not say."""
    size = int.from_bytes(header[16:18], "big")
    size = 65536 if size == 1 else size
    right = header[:15] == b"SQLite format 3" and 512 <= size <= 65536 and size & (size - 1) == 0
    return (size, header[20]) if right else (_USUAL, 0)


def _frames(log: BinaryIO, size: int) -> dict[int, list[int]]:
    """Where in a log each page is written, oldest first."""
    places: dict[int, list[int]] = {}
    end = log.seek(0, 2)
    for place in range(_LOG_HEADER, end - size - _FRAME_HEADER + 1, size + _FRAME_HEADER):
        log.seek(place)
        number = int.from_bytes(log.read(4), "big")
        places.setdefault(number, []).append(place + _FRAME_HEADER)
    return places


class _Pages:
    """The pages of a file; with a log, the newest state of each."""

    def __init__(
        self, file: BinaryIO, size: tuple[int, int], places: Mapping[int, list[int]], log: BinaryIO | None = None
    ) -> None:
        self.size = size[0]
        self.usable = size[0] - size[1]
        self._file = file
        self._log = log
        self._places = places

    def places(self) -> Iterator[tuple[int, int]]:
        """Each place in the log, and the page that is written there."""
        for number, places in self._places.items():
            for place in places:
                yield place, number

    def at(self, place: int) -> bytes:
        """The page at a place in the log."""
        assert self._log is not None  # noqa: S101  places come from it
        self._log.seek(place)
        return self._log.read(self.size)

    def of_file(self, number: int) -> bytes:
        """A page as the file has it."""
        self._file.seek((number - 1) * self.size)
        return self._file.read(self.size)

    def newest(self, number: int) -> bytes:
        """A page as it was last written."""
        places = self._places.get(number)
        return self.at(places[-1]) if places else self.of_file(number)


def _rows(pages: _Pages, page: bytes, number: int, columns: frozenset[int]) -> Iterator[Leaf]:
    start = 100 if number == 1 else 0
    if len(page) < pages.size or page[start] != _LEAF:
        return
    (count,) = struct.unpack_from(">H", page, start + 3)
    for cell in range(min(count, (pages.size - start - 8) // 2)):
        (place,) = struct.unpack_from(">H", page, start + 8 + 2 * cell)
        try:
            length, place = _varint(page, place)
            row, place = _varint(page, place)
            content = _content(pages, page, place, length)
            leaf = Leaf(row, _values(content, columns))
        except (_BadRow, IndexError, struct.error, UnicodeDecodeError):
            continue
        yield leaf


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of 1 to 9 bytes, and the place after it."""
    number = 0
    for count in range(8):
        byte = data[place + count]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, place + count + 1
    return number << 8 | data[place + 8], place + 9


def _content(pages: _Pages, page: bytes, place: int, length: int) -> bytes:
    """The bytes of a row; what does not fit into its page goes on in a chain of others."""
    usable = pages.usable
    most = usable - 35
    if length > _MOST:
        raise _BadRow
    if length <= most:
        content = page[place : place + length]
        if len(content) < length:
            raise _BadRow
        return content
    least = (usable - 12) * 32 // 255 - 23
    here = least + (length - least) % (usable - 4)
    here = here if here <= most else least
    parts = [page[place : place + here]]
    following, have = int.from_bytes(page[place + here : place + here + 4], "big"), here
    while have < length:
        more = pages.newest(following) if following else b""
        if len(more) < usable:
            raise _BadRow
        parts.append(more[4 : min(usable, 4 + length - have)])
        have += len(parts[-1])
        following = int.from_bytes(more[:4], "big")
    return b"".join(parts)


def _values(content: bytes, columns: frozenset[int]) -> tuple[Any, ...]:
    head, place = _varint(content, 0)
    kinds: list[int] = []
    while place < head:
        kind, place = _varint(content, place)
        kinds.append(kind)
    if len(kinds) not in columns or place != head:
        raise _BadRow
    values: list[Any] = []
    for kind in kinds:
        length = _SIZES[kind] if kind < len(_SIZES) else (kind - 12) // 2
        part = content[place : place + length]
        if kind in (10, 11) or len(part) < length:
            raise _BadRow
        values.append(_value(kind, part))
        place += length
    return tuple(values)


def _value(kind: int, part: bytes) -> Any:
    if kind == 0:
        return None
    if kind == 7:
        return struct.unpack(">d", part)[0]
    if kind in (8, 9):
        return kind - 8
    if kind < 7:
        return int.from_bytes(part, "big", signed=True)
    return part.decode() if kind % 2 else part
