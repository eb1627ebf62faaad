"""What requests say, stored once: the same contract stands before every call of a role, the same seed in many."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, cast

from ..requests import Decoding, Request
from .packing import PackingError, pack_text, unpack_text

__all__ = [
    "TEXT_COLUMNS", "Seen", "Texts", "numbers_in", "read_request", "renumbered", "stored_text", "text_crc",
    "text_digest", "text_is_whole",
]  # fmt: skip

TEXT_COLUMNS = ("id", "digest", "text", "crc")

# A shorter text takes less room where it is used than a reference and its row would.
_SHORT = 48
_KNOWN = 32_768
_HEADS = 256
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Seen:
    """Which of very many keys were seen: surely not, or probably. 2 MiB, however many there are.

    A Bloom filter (Bloom 1970) with four probes of 24 bits: wrong for one key in 400 at a million keys, and then only
    the question goes on to the file.
    """

    def __init__(self) -> None:
        self._bits = bytearray(1 << 21)

    def add(self, bits: int) -> None:
        """Remember a key, given as 96 even bits."""
        table = self._bits
        for _ in range(4):
            table[(bits >> 3) & 0x1FFFFF] |= 1 << (bits & 7)
            bits >>= 24

    def __contains__(self, bits: int) -> bool:
        table = self._bits
        for _ in range(4):
            if not table[(bits >> 3) & 0x1FFFFF] >> (bits & 7) & 1:
                return False
            bits >>= 24
        return True


class Texts:
    """The table of texts, for one writer.

    Texts are told apart by digests in memory, not by an index in the file, which would have to be written with every
    new text. Only the last 32,768 are known, so a text that comes again after so many others is stored again.

    Args:
        connection: reads what is committed; used at once, and not kept.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT digest, id FROM prompts ORDER BY id DESC LIMIT ?", (_KNOWN,)).fetchall()
        self._known: OrderedDict[bytes, int] = OrderedDict(reversed(rows))
        self._next = rows[0][1] + 1 if rows else 1
        self._heads: dict[tuple[Decoding, str], str] = {}

    def pack(self, request: Request, new: list[tuple[Any, ...]]) -> bytes:
        """What was asked, with numbers for texts that are stored apart: everything that the key hashes.

        Args:
            request: what was asked.
            new: takes the rows of texts that are not stored yet; they must be written with the call or before it.
        """
        head = self._heads.get((request.decoding, request.form))
        if head is None:
            head = _encode({"decoding": asdict(request.decoding), "form": request.form})
            if len(self._heads) >= _HEADS:
                self._heads.clear()
            self._heads[request.decoding, request.form] = head
        turns = [(turn.speaker, self.refer(turn.text, new)) for turn in request.turns]
        return _encode([self.refer(head, new), request.sample, turns]).encode("ascii")

    def refer(self, text: str, new: list[tuple[Any, ...]]) -> int | str:
        """The number of a text, or a short text itself."""
        if len(text) < _SHORT:
            return text
        digest = text_digest(text)
        number = self._known.get(digest)
        if number is not None:
            self._known.move_to_end(digest)  # what is used again stays known
            return number
        number, self._next = self._next, self._next + 1
        packed = pack_text(text)
        new.append((number, digest, packed, text_crc(number, packed)))
        if len(self._known) >= _KNOWN:
            self._known.popitem(last=False)
        self._known[digest] = number
        return number


def text_digest(text: str) -> bytes:
    """By what a text is found again: 16 bytes of SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def text_crc(number: int, packed: bytes) -> int:
    """CRC-32 of a stored text and its number."""
    return zlib.crc32(packed, number & 0xFFFFFFFF)


def read_request(packed: bytes, text_of: Callable[[int], str | None]) -> dict[str, Any]:
    """What was asked, as plain values: `decoding`, `form`, `sample`, `turns` (pairs of speaker and text).

    Args:
        packed: what `Texts.pack` gave.
        text_of: the stored text of a number; None where it is lost, which makes that text None.

    Raises:
        PackingError: the bytes are damaged.
    """
    try:
        head, sample, turns = json.loads(packed)
        said = text_of(head) if isinstance(head, int) else head  # None where the text was lost before
        fields = {"decoding": None, "form": None} if said is None else cast("dict[str, Any]", json.loads(said))
        told = [[speaker, text_of(text) if isinstance(text, int) else text] for speaker, text in turns]
    except (ValueError, TypeError) as error:
        raise PackingError(str(error)) from error
    return {**fields, "sample": sample, "turns": told}


def numbers_in(packed: bytes) -> list[int]:
    """The numbers of the stored texts that a packed request names."""
    head, _, turns = json.loads(packed)
    return [text for text in (head, *(text for _, text in turns)) if isinstance(text, int)]


def renumbered(packed: bytes, number_of: Callable[[int], int | None]) -> bytes:
    """A packed request with other numbers for its texts; None for a text that is lost."""
    head, sample, turns = json.loads(packed)
    told = [(speaker, number_of(text) if isinstance(text, int) else text) for speaker, text in turns]
    return _encode([number_of(head) if isinstance(head, int) else head, sample, told]).encode("ascii")


def text_is_whole(row: Sequence[Any]) -> bool:
    """Whether a row of `TEXT_COLUMNS` is as it was written."""
    number, _, packed, crc = row
    return isinstance(packed, bytes) and isinstance(number, int) and crc == text_crc(number, packed)


def stored_text(number: int, packed: bytes, crc: int) -> str:
    """A stored text as it was.

    Raises:
        PackingError: the record is damaged.
    """
    if text_crc(number, packed) != crc:
        raise PackingError("the checksum differs")
    return unpack_text(packed)
