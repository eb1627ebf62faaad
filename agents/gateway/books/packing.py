"""Requests and outcomes as the journal keeps them: JSON, compressed. No pickles: a journal is data, never code."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from ..errors import StorageError
from ..outcomes import Answer, NoAnswer, Outcome, TokenScore, Usage
from ..requests import Request

__all__ = ["pack_outcome", "pack_request", "unpack_outcome"]


def pack_request(request: Request) -> bytes:
    """What was asked: everything that the key hashes."""
    return _pack({
        "turns": [[turn.speaker, turn.text] for turn in request.turns],
        "decoding": asdict(request.decoding),
        "sample": request.sample,
    })  # fmt: skip


def pack_outcome(outcome: Outcome) -> bytes:
    """What came of it."""
    return _pack({"answer": isinstance(outcome, Answer), **asdict(outcome)})


def unpack_outcome(packed: bytes, key: str, path: Path) -> Outcome:
    """The outcome as it was.

    Raises:
        StorageError: the record is damaged.
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
        raise StorageError(
            f"The journal {path} holds a damaged record ({key[:12]}).", fix="Restore the file, or start a new run."
        ) from error


def _pack(value: dict[str, Any]) -> bytes:
    # ASCII with escapes: also what is not valid Unicode is kept as it came.
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode("ascii"), 1)
