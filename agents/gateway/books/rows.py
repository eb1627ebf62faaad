"""A finished call as a row of the journal: its columns, and the checksum that says whether it is whole."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from ..outcomes import Answer, NoAnswer, NoAnswerReason, Outcome, Usage
from ..requests import Request
from .packing import PackingError, pack_outcome, unpack_outcome

__all__ = [
    "ATTEMPT_COLUMNS", "CALL_COLUMNS", "Finished", "attempt_crc", "attempt_is_whole", "attempt_row", "bits_of",
    "call_crc", "call_is_whole", "call_row", "key_in", "key_out", "kind_of", "outcome_in", "plain", "plains",
]  # fmt: skip

CALL_COLUMNS = (
    "key", "stage", "place", "role", "endpoint", "model", "kind", "input_tokens", "output_tokens", "cached_tokens",
    "reasoning_tokens", "estimated", "cost", "seconds", "mark", "served_model", "fingerprint", "replica", "fallback",
    "reused_from", "crc", "request", "outcome",
)  # fmt: skip
"""In the order of the table, after `id`: what is long comes last, so that a reader of the rest need not pass it."""
ATTEMPT_COLUMNS = (
    "id", "key", "endpoint", "role", "stage", "model", "replica", "ended", "input_tokens", "output_tokens",
    "cached_tokens", "reasoning_tokens", "cost", "seconds", "crc",
)  # fmt: skip

# Stage, place and role may change (a call is booked on the first of its places) and so are not under the checksum.
_BOOKED, _CRC, _REQUEST, _OUTCOME = 4, 20, 21, 22
_ENDED = ATTEMPT_COLUMNS.index("ended")
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


def kind_of(outcome: Outcome) -> str:
    """`answer`, `truncated`, or the reason why there is no answer."""
    if isinstance(outcome, Answer):
        return "answer" if outcome.finish == "stop" else "truncated"
    return outcome.reason


def call_row(finished: Finished, request: bytes) -> tuple[Any, ...]:
    """The columns of a call. `request` is what `Texts.pack` made of its request."""
    asked, outcome, usage = finished.request, finished.outcome, finished.outcome.usage
    kind = kind_of(outcome)
    if isinstance(outcome, Answer):
        served = (outcome.model, outcome.fingerprint, outcome.replica, outcome.fallback)
    else:
        served = ("", "", "", "")
    names = plains(finished.mark, *served, finished.reused_from)
    asker = plains(asked.endpoint, asked.model, asked.stage, asked.place, asked.role)
    row = (
        key_in(finished.key), *asker[2:], *asker[:2], kind,
        _whole(usage.input_tokens), _whole(usage.output_tokens), _whole(usage.cached_tokens),
        _whole(usage.reasoning_tokens), int(usage.estimated), _real(outcome.cost), _real(outcome.seconds) or 0.0,
        *names, 0, request, pack_outcome(outcome),
    )  # fmt: skip
    return (*row[:_CRC], call_crc(row), *row[_REQUEST:])


def call_crc(row: Sequence[Any]) -> int:
    """CRC-32 over a row of `CALL_COLUMNS`, but for `crc` and what may change."""
    # `ascii` writes numbers, bytes and texts the same in every version of Python; `repr` follows Unicode's tables.
    head = ascii((row[0], *row[_BOOKED:_CRC])).encode("ascii")
    return zlib.crc32(row[_OUTCOME], zlib.crc32(row[_REQUEST], zlib.crc32(head)))


def attempt_crc(number: int, ending: Sequence[Any]) -> int:
    """CRC-32 over the number of an attempt and the columns from `ended` to `seconds`: what it counts for."""
    return zlib.crc32(ascii((number, *ending)).encode("ascii"))


def attempt_row(number: int, asked: Sequence[Any], ending: Sequence[Any]) -> tuple[Any, ...]:
    """The columns of an attempt.

    Args:
        number: its id.
        asked: key, endpoint, role, stage, model and replica, as they are stored.
        ending: the columns from `ended` to `seconds`.
    """
    return (number, *asked, *ending, attempt_crc(number, ending))


def attempt_is_whole(row: Sequence[Any]) -> bool:
    """Whether a row of `ATTEMPT_COLUMNS` is as it was written."""
    return isinstance(row[0], int) and row[-1] == attempt_crc(row[0], row[_ENDED:-1])


def call_is_whole(row: Sequence[Any]) -> bool:
    """Whether a row of `CALL_COLUMNS` is as it was written."""
    try:
        return bool(call_crc(row) == row[_CRC])
    except TypeError:  # something else than bytes where bytes belong
        return False


def outcome_in(row: Sequence[Any]) -> Outcome:
    """The outcome in a row of `CALL_COLUMNS`.

    Raises:
        PackingError: the record is damaged.
    """
    if not call_is_whole(row):
        raise PackingError("the checksum differs")
    kind, cost, seconds = cast("str", row[6]), cast("float | None", row[12]), cast("float", row[13])
    usage = Usage(row[7], row[8], row[9], row[10], bool(row[11]))
    key = key_out(row[0])
    if kind not in ("answer", "truncated"):
        blank: Outcome = NoAnswer(key, cast("NoAnswerReason", kind), "", usage, cost, seconds)
    else:
        finish: Literal["stop", "length"] = "stop" if kind == "answer" else "length"
        served, fingerprint, replica, fallback = row[15:19]
        blank = Answer(key, "", finish, "", usage, cost, served, fingerprint, replica, seconds, fallback=fallback)
    return unpack_outcome(row[_OUTCOME], blank)


def _whole(number: int) -> int:
    return min(max(int(number), -_MOST), _MOST)


def _real(number: float | None) -> float | None:
    """As SQLite gives it back: it keeps no NaN, and zero without a sign."""
    return None if number is None or number != number else float(number) + 0.0  # noqa: PLR0124
