"""How the journal packs texts and outcomes. No pickles: a journal is data, never code.

A text is UTF-8 (half of a surrogate pair is kept as it came), squeezed by DEFLATE. Two choices matter for the short
texts that models write. The window and the tables are small, because setting up the usual ones costs five times what
squeezing does (measured on answers of 430 bytes: 55 µs against 11). And a fixed list of frequent words stands before
each text, so that the first lines find something to repeat.
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any, cast

from ..outcomes import Answer, Likely, NoAnswer, Outcome, TokenScore, Usage

__all__ = ["PackingError", "pack_outcome", "pack_text", "unpack_old_outcome", "unpack_outcome", "unpack_text"]

# Never changed: journals on disk were packed with it. Another list would get a mark of its own beside `_LISTED`.
_WORDS = (
    b'{"verdict": "harder": "valid": true, "self_contained": false, "intent_kept": null, "evidence": '
    b'["reason": "findings": "cluster": "rule": "plan": "new_text": "text": "answer": "response": '
    b'"instruction": "score": "role": "name": "id": def return for i in range(len( print(f" import '
    b"self. None True False if not else: while = 0 += 1 == <= >= \\n### ## **Step 1:** **Note:** 1. 2. "
    b"3. 4. 5. - ** ```python\n``` \\( \\) \\[ \\] \\frac{ \\times x = $ % km/h dollars minutes hours days "
    b"weeks miles meters apples people students children each of them how many how much does it take "
    b"What is the total number of Calculate Determine Find Explain Describe Suppose that Given Assume "
    b"Rewrite the following Do not Only First, Second, Third, Then, Next, Finally, However, Therefore, "
    b"For example, In addition, As a result, because of according to based on such as rather than more "
    b"than less than at least at most after that before they reach between the first the second the "
    b"same the new the original problem question answer text method clause condition example would "
    b"could should must can may will has have had been being were was are is not only but also which "
    b"where when while who what why how this that these those there their they them your you we it its "
    b"his her from into over under about with without within through during and the of to in a for on "
    b"as by an or be at The answer is "
)
_PLAIN, _LISTED = 0, 1
_SHORT = 64
_LONG = 8192
# What no text unpacks to: a damaged or hostile length must not fill the memory.
_MOST = 1 << 30


class PackingError(ValueError):
    """These bytes were not packed here, or are damaged."""


def pack_text(text: str) -> bytes:
    """A text in as few bytes as is quick: a mark, then UTF-8, squeezed where that helps."""
    return _squeeze(text.encode("utf-8", "surrogatepass"))


def unpack_text(packed: bytes) -> str:
    """The text as it was.

    Raises:
        PackingError: the bytes are damaged.
    """
    return _text(_stretch(packed))


def pack_outcome(outcome: Outcome) -> bytes:
    """What the columns of the journal do not hold: the text, and rarely more.

    The first byte says which: 0 the text alone, 1 further fields (JSON with its length before it, then the numbers of
    an embedding as 64-bit floats), 2 the same with numbers of 32 bits, not squeezed, which would gain nothing.
    """
    if isinstance(outcome, NoAnswer):
        return b"\0" + pack_text(outcome.detail)
    if not (outcome.reasoning or outcome.adapted or outcome.scores or outcome.vector or outcome.likely):
        return b"\0" + pack_text(outcome.text)
    fields: dict[str, Any] = {"text": outcome.text}
    if outcome.reasoning:
        fields["reasoning"] = outcome.reasoning
    if outcome.adapted:
        fields["adapted"] = outcome.adapted
    if outcome.scores:
        fields["scores"] = [[score.token, score.logprob] for score in outcome.scores]
    if outcome.likely:
        fields["likely"] = [[place.token, place.others] for place in outcome.likely]
    head = json.dumps(fields, separators=(",", ":")).encode("ascii")
    head = struct.pack("<I", len(head)) + head
    short = _short_floats(outcome.vector)
    return b"\2" + head + short if short else b"\1" + _squeeze(head + _floats(outcome.vector))


def unpack_outcome(packed: bytes, blank: Outcome) -> Outcome:
    """The outcome as it was.

    Args:
        packed: what `pack_outcome` gave.
        blank: the outcome with all that the columns hold.

    Raises:
        PackingError: the bytes are damaged.
    """
    try:
        if packed[0] == 0:
            text = unpack_text(packed[1:])
            if isinstance(blank, NoAnswer):
                return _with(blank, detail=text)
            return _with(blank, text=text)
        if packed[0] not in (1, 2) or isinstance(blank, NoAnswer):
            raise PackingError("unknown form")
        whole = _stretch(packed[1:]) if packed[0] == 1 else packed[1:]
        (length,) = struct.unpack_from("<I", whole)
        fields = cast("dict[str, Any]", json.loads(whole[4 : 4 + length]))
        scores = tuple(TokenScore(token, logprob) for token, logprob in fields.pop("scores", ()))
        if "likely" in fields:
            fields["likely"] = tuple(
                Likely(token, tuple((other, logprob) for other, logprob in others))
                for token, others in fields["likely"]
            )
        fields["adapted"] = tuple(fields.pop("adapted", ()))
        return _with(blank, scores=scores, vector=_numbers(whole[4 + length :], packed[0]), **fields)
    except PackingError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, struct.error) as error:
        raise PackingError(str(error)) from error


def unpack_old_outcome(packed: bytes) -> Outcome:
    """An outcome of a journal of version 1: one compressed JSON object with every field.

    Raises:
        PackingError: the bytes are damaged.
    """
    try:
        fields = cast("dict[str, Any]", json.loads(zlib.decompress(packed)))
        usage = Usage(**fields.pop("usage"))
        if not fields.pop("answer"):
            return NoAnswer(**fields, usage=usage)
        scores = tuple(TokenScore(**score) for score in fields.pop("scores", ()))
        adapted, vector = tuple(fields.pop("adapted", ())), tuple(fields.pop("vector", ()))
        return Answer(**fields, usage=usage, scores=scores, adapted=adapted, vector=vector)
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PackingError(str(error)) from error


def _with(blank: Outcome, **fields: Any) -> Outcome:
    # Faster than `dataclasses.replace`, and a resumed run does this once for every call it has ever made.
    given = {name: getattr(blank, name) for name in type(blank).__slots__}
    unknown = fields.keys() - given.keys()
    if unknown:
        raise PackingError(f"unknown fields {sorted(unknown)}")
    return type(blank)(**(given | fields))


def _squeeze(data: bytes) -> bytes:
    if len(data) < _SHORT:
        return bytes((_PLAIN,)) + data
    if len(data) <= _LONG:
        squeezer = zlib.compressobj(6, zlib.DEFLATED, -13, 6, zlib.Z_DEFAULT_STRATEGY, _WORDS)
    else:
        squeezer = zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY, _WORDS)
    packed = squeezer.compress(data) + squeezer.flush()
    return bytes((_LISTED,)) + packed if len(packed) < len(data) else bytes((_PLAIN,)) + data


def _stretch(packed: bytes) -> bytes:
    if packed[:1] == bytes((_PLAIN,)):
        return packed[1:]
    if packed[:1] != bytes((_LISTED,)):
        raise PackingError("unknown packing")
    stretcher = zlib.decompressobj(-15, zdict=_WORDS)
    try:
        data = stretcher.decompress(packed[1:], _MOST)
    except zlib.error as error:
        raise PackingError(str(error)) from error
    if not stretcher.eof or stretcher.unused_data:
        raise PackingError("cut short, or followed by something else")
    return data


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise PackingError(str(error)) from error


def _floats(vector: tuple[float, ...]) -> bytes:
    return struct.pack(f"<{len(vector)}d", *vector)


def _short_floats(vector: tuple[float, ...]) -> bytes:
    """As 32-bit floats where nothing is lost by that; else nothing."""
    try:
        short = struct.pack(f"<{len(vector)}f", *vector)
    except OverflowError:
        return b""
    return short if struct.unpack(f"<{len(vector)}f", short) == vector else b""


def _numbers(data: bytes, form: int) -> tuple[float, ...]:
    return struct.unpack(f"<{len(data) // 4}f" if form == 2 else f"<{len(data) // 8}d", data)
