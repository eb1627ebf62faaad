"""Embeddings that behave: texts with the same words lie close together."""

from __future__ import annotations

import base64
import json
import math
import re
import struct

from .asked import Asked
from .draws import digest_of

__all__ = ["embeddings"]

_SIZE = 64
_WORD = re.compile(r"[^\W_]+|[\u4e00-\u9fff]")


def embeddings(asked: Asked, model: str) -> bytes:
    """The body of the reply to `/embeddings`: one vector of length 1 for each text, of 64 or `dimensions` numbers."""
    asked_for = asked.body.get("dimensions")
    size = asked_for if isinstance(asked_for, int) else _SIZE
    packed = asked.body.get("encoding_format") == "base64"
    rows = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in enumerate(_vector(asked.model, text, size) for _, text in asked.turns)
    ]
    usage = {"prompt_tokens": asked.input_tokens, "total_tokens": asked.input_tokens}
    return json.dumps({"object": "list", "data": rows, "model": model, "usage": usage}).encode()


def _vector(model: str, text: str, size: int) -> list[float]:
    """The sum of a direction for each word (Weinberger and others 2009, hashed features), brought to length 1."""
    sums = [0.0] * size
    for word in _WORD.findall(text.lower()) or [""]:
        number = digest_of(f"{model}\x1f{word}".encode("utf-8", "surrogatepass"))
        for turn in range(4):
            place = (number >> (16 * turn)) & 0xFFFF
            sums[(place >> 1) % size] += 1.0 if place & 1 else -1.0
    length = math.sqrt(sum(value * value for value in sums)) or 1.0
    return [round(value / length, 7) for value in sums]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
