"""Where a GGUF file keeps its tensors, found in a moment.

The reader of the package `gguf` makes objects of every word and every merge of the vocabulary, which takes seconds at
each start of a process that wants a single tensor. Here they are passed over. Format: ggml, `docs/gguf.md`, versions 2
and 3, little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Contents", "Stored", "contents_of"]

_MAGIC, _VERSIONS = b"GGUF", (2, 3)
# By the number of a value's type: bytes of a number. Texts and lists say their own length.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_UINT32, _TEXT, _LIST = 4, 8, 9
_ALIGNMENT = "general.alignment"


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor of a file.

    Args:
        sizes: its sizes, the one that changes fastest first.
        kind: the number of its type, as ggml counts them.
        start: where its bytes begin, from the beginning of the file.
    """

    sizes: tuple[int, ...]
    kind: int
    start: int


@dataclass(frozen=True, slots=True)
class Contents:
    """Names of the settings of a file, and its tensors by name."""

    settings: frozenset[str]
    tensors: Mapping[str, Stored]


def contents_of(data: bytes | memoryview) -> Contents:
    """What a file holds.

    Args:
        data: the whole file, or a map of it.

    Raises:
        ValueError: it is no GGUF file, of another version, or ends early.
    """
    try:
        return _Reader(data).contents()
    except (struct.error, IndexError, KeyError) as error:
        raise ValueError("the file is damaged, or no GGUF file") from error


class _Reader:
    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self._at = 4
        self._align = 32

    def contents(self) -> Contents:
        version = self._number("<I") if bytes(self._data[:4]) == _MAGIC else 0
        if version not in _VERSIONS:
            raise ValueError(f"the file is no GGUF file of version {' or '.join(map(str, _VERSIONS))}")
        tensors, settings = self._number("<Q"), self._number("<Q")
        names = frozenset(self._setting() for _ in range(settings))
        found = dict(self._tensor() for _ in range(tensors))
        begin = -(-self._at // self._align) * self._align
        placed = {name: Stored(each.sizes, each.kind, begin + each.start) for name, each in found.items()}
        return Contents(names, placed)

    def _number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return int(value)

    def _text(self) -> str:
        length = self._number("<Q")
        text = bytes(self._data[self._at : self._at + length])
        self._at += length
        return text.decode("utf-8")

    def _setting(self) -> str:
        name, kind = self._text(), self._number("<I")
        if (name, kind) == (_ALIGNMENT, _UINT32):
            self._align = self._number("<I") or self._align
        else:
            self._pass(kind)
        return name

    def _pass(self, kind: int) -> None:
        """Go past a value without making anything of it."""
        if kind == _LIST:
            of, count = self._number("<I"), self._number("<Q")
            if of in _SIZES:
                self._at += _SIZES[of] * count
            else:
                for _ in range(count):
                    self._pass(of)
        elif kind == _TEXT:
            (length,) = struct.unpack_from("<Q", self._data, self._at)
            self._at += 8 + length
        else:
            self._at += _SIZES[kind]

    def _tensor(self) -> tuple[str, Stored]:
        name = self._text()
        sizes = tuple(self._number("<Q") for _ in range(self._number("<I")))
        return name, Stored(sizes, self._number("<I"), self._number("<Q"))
