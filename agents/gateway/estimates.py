"""How many tokens a call may take: never more than `worst_input` for the caps, about `expected` for the pacing."""

from __future__ import annotations

from .outcomes import Usage
from .requests import Request

__all__ = ["Expectation", "counted", "worst_input"]

# Chat templates wrap each turn in a few marks of their own, and some put a system turn in front.
_PER_CALL = 96
_PER_TURN = 16
_SMOOTHING = 0.1


def _bytes(request: Request) -> int:
    texts = sum([_size(turn.text) for turn in request.turns])
    schema = request.decoding.json_schema
    return texts + (len(schema.encode()) if schema is not None else 0)


def _size(text: str) -> int:
    """Bytes of UTF-8; plain text knows that it is, and need not be encoded."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def worst_input(request: Request) -> int:
    """Input tokens at worst: the tokenizers in use never make more tokens than there are bytes of UTF-8."""
    return _bytes(request) + _PER_CALL + _PER_TURN * len(request.turns)


def counted(text: str) -> int:
    """Tokens of a text whose tokenizer is not known, about: one in four bytes of UTF-8, at least one a text."""
    return max(1, _size(text) // 4) if text else 0


class Expectation:
    """What calls to one endpoint will take, learned by role from what they took.

    Starts at a third of a token per byte of input and at a quarter of the bound of the output.
    """

    def __init__(self) -> None:
        self._per_byte: dict[str, float] = {}
        self._filled: dict[str, float] = {}

    def expected(self, request: Request) -> tuple[float, float]:
        """Tokens of input and of output."""
        role = request.role
        output = request.decoding.max_tokens * min(1.0, self._filled.get(role, 0.25))
        return _bytes(request) * self._per_byte.get(role, 1 / 3) + 1, output

    def learn(self, request: Request, usage: Usage) -> None:
        """Take a reported usage into account; an estimated one teaches nothing."""
        if usage.estimated:
            return
        for table, now in (
            (self._per_byte, usage.input_tokens / max(1, _bytes(request))),
            (self._filled, usage.output_tokens / max(1, request.decoding.max_tokens)),
        ):
            table[request.role] = table.get(request.role, now) * (1 - _SMOOTHING) + now * _SMOOTHING
