"""A finished call as a row of the journal: its columns, and the checksum that says whether it is whole."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from ..outcomes import Answer, NoAnswer, NoAnswerReason, Outcome, Usage
from ..requests import Request
from .packing import PackingError, pack_outcome, unpack_outcome

__all__ = [
    "ATTEMPT_COLUMNS", "CALL_COLUMNS", "Finished", "attempt_crc", "bits_of", "call_crc", "call_row", "key_in",
    "key_out", "outcome_in", "plain", "plains",
]  # fmt: skip

CALL_COLUMNS = (
    "key", "endpoint", "model", "kind", "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens",
    "estimated", "cost", "seconds", "mark", "served_model", "fingerprint", "replica", "fallback", "reused_from",
    "request", "outcome", "crc", "stage", "place", "role",
)  # fmt: skip
"""The last three say where a call is booked. They may change and so are not under the checksum."""
ATTEMPT_COLUMNS = (
    "id", "ended", "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "cost", "seconds", "crc",
    "key", "endpoint", "model", "replica", "role", "stage",
)  # fmt: skip

_SAID = CALL_COLUMNS.index("request")
_MOST = 2**62  # SQLite holds 64 bits; a provider may say anything


@dataclass(frozen=True, slots=True)
class Finished:
    """A call that is about to be recorded.

    Args:
        mark: what an endpoint wants to know again after a restart.
        reused_from: name of the run whose journal gave the answer; empty where it was called for.
    """

    key: str
    request: Request
    outcome: Outcome
    mark: str = ""
    reused_from: str = ""


def key_in(key: str) -> bytes | str:
    """A key as it is stored: 32 bytes for 64 hexadecimal digits, and any other text as it is."""
    try:
        packed = bytes.fromhex(key)
    except ValueError:
        return plain(key)
    return packed if packed.hex() == key else key


def key_out(stored: bytes | str) -> str:
    """The key again."""
    return stored.hex() if isinstance(stored, bytes) else stored


def bits_of(stored: bytes | str) -> int:
    """96 even bits that stand for a key in memory."""
    if isinstance(stored, str):
        stored = hashlib.sha256(stored.encode()).digest()
    return int.from_bytes(stored[:12], "little")


def plain(name: str) -> str:
    """A name as SQLite can hold it: half of a surrogate pair has no UTF-8."""
    return name if name.isascii() else name.encode("utf-8", "replace").decode()


def plains(*names: str) -> tuple[str, ...]:
    """The same for several names; they nearly always are as they should."""
    return names if "".join(names).isascii() else tuple(map(plain, names))


def call_row(finished: Finished, request: bytes) -> tuple[Any, ...]:
    """The columns of a call. `request` is what `Texts.pack` made of its request."""
    asked, outcome, usage = finished.request, finished.outcome, finished.outcome.usage
    if isinstance(outcome, Answer):
        kind = "answer" if outcome.finish == "stop" else "truncated"
        served = (outcome.model, outcome.fingerprint, outcome.replica, outcome.fallback)
    else:
        kind, served = outcome.reason, ("", "", "", "")
    names = plains(finished.mark, *served, finished.reused_from)
    asker = plains(asked.endpoint, asked.model, asked.stage, asked.place, asked.role)
    said = (
        key_in(finished.key), *asker[:2], kind,
        _whole(usage.input_tokens), _whole(usage.output_tokens), _whole(usage.cached_tokens),
        _whole(usage.reasoning_tokens), int(usage.estimated), _real(outcome.cost), _real(outcome.seconds) or 0.0,
        *names, request, pack_outcome(outcome),
    )  # fmt: skip
    return (*said, call_crc(said), *asker[2:])


def call_crc(said: Sequence[Any]) -> int:
    """CRC-32 over the columns before `crc`, as they are read back."""
    # `ascii` writes numbers, bytes and texts the same in every version of Python; `repr` follows Unicode's tables.
    head = ascii(tuple(said[:_SAID])).encode("ascii")
    return zlib.crc32(said[_SAID + 1], zlib.crc32(said[_SAID], zlib.crc32(head)))


def attempt_crc(numbers: Sequence[Any]) -> int:
    """CRC-32 over the columns of an attempt before `crc`: its number, its end and what it counts for."""
    return zlib.crc32(ascii(tuple(numbers)).encode("ascii"))


def outcome_in(row: Sequence[Any]) -> Outcome:
    """The outcome in a row of `CALL_COLUMNS`.

    Raises:
        PackingError: the record is damaged.
    """
    try:
        if call_crc(row) != row[_SAID + 2]:
            raise PackingError("the checksum differs")
    except TypeError as error:
        raise PackingError(str(error)) from error
    kind, cost, seconds = cast("str", row[3]), cast("float | None", row[9]), cast("float", row[10])
    usage = Usage(row[4], row[5], row[6], row[7], bool(row[8]))
    key = key_out(row[0])
    if kind not in ("answer", "truncated"):
        return unpack_outcome(row[_SAID + 1], NoAnswer(key, cast("NoAnswerReason", kind), "", usage, cost, seconds))
    blank = Answer(
        key, "", "stop" if kind == "answer" else "length", "", usage, cost, row[12], row[13], row[14], seconds,
        fallback=row[15],
    )  # fmt: skip
    return unpack_outcome(row[_SAID + 1], blank)


def _whole(number: int) -> int:
    return min(max(int(number), -_MOST), _MOST)


def _real(number: float | None) -> float | None:
    """As SQLite gives it back: it keeps no NaN, and zero without a sign."""
    return None if number is None or number != number else float(number) + 0.0  # noqa: PLR0124
