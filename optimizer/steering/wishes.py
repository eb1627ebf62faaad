"""What a person may wish of a run: one frozen value, checked wherever it comes from."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = ["AT_ONCE", "Kind", "Wish", "new_wish", "read_wish"]

Cap = Literal["usd", "calls", "tokens", "minutes"]
Kind = Literal["pause", "continue", "stop", "budget", "note", "pin", "ban", "edit"]

AT_ONCE: frozenset[str] = frozenset({"pause", "continue", "stop", "budget"})
"""Taken up between items. They change when calls go, never which; the others wait for a named point of the course."""

_NEEDS = {"budget": "caps", "note": "text", "pin": "method", "edit": "method", "ban": "candidate"}
_MOST_CHARACTERS = 4_000
_MOST_METHOD = 65_536


class Wish(BaseModel):
    """One wish.

    Args:
        id: letters, digits, dashes; later ones sort later. The same id is the same wish, however often it comes.
        wish: what is wished.
        at: when it was said, ISO 8601; for people.
        step: not before this step (from 1), where one is said.
        leave: after `pause`, the process ends instead of waiting.
        now: of `stop`, without waiting for the end of the step.
        caps: of `budget`, by name; None takes a cap away.
        text: of `note`, what the analyst must take into account.
        method: of `pin` and `edit`, the text of a method file.
        candidate: of `ban`, the id of a method; else a name for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[0-9A-Za-z-]{1,64}$")
    wish: Kind
    at: str = Field(default="", max_length=40)
    step: int | None = Field(default=None, ge=1)
    leave: bool = False
    now: bool = False
    caps: dict[Cap, float | None] = Field(default_factory=dict[Cap, float | None])
    text: str = Field(default="", max_length=_MOST_CHARACTERS)
    method: str = Field(default="", max_length=_MOST_METHOD)
    candidate: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _is_whole(self) -> Wish:
        needed = _NEEDS.get(self.wish)
        value: object = getattr(self, needed) if needed else True
        if not (value.strip() if isinstance(value, str) else value):
            raise ValueError(f"`{self.wish}` needs `{needed}`")
        return self

    @property
    def at_once(self) -> bool:
        """Whether it is taken up between items."""
        return self.wish in AT_ONCE

    def as_fields(self) -> dict[str, Any]:
        """As it stands in the inbox and in its event, without what it does not say; `at` of an event is its own."""
        return self.model_dump(mode="json", exclude_defaults=True)


def new_wish(kind: Kind, **fields: Any) -> Wish:
    """A wish said now.

    Raises:
        ValueError: it does not say what it must.
    """
    now = datetime.now(UTC)
    return Wish(id=f"{time.time_ns():020d}-{secrets.token_hex(4)}", wish=kind, at=now.isoformat(timespec="seconds"),
                **fields)  # fmt: skip


def read_wish(data: bytes) -> Wish | None:
    """A wish as it lies in the inbox; None where it is torn or no wish."""
    try:
        return Wish.model_validate_json(data)
    except (ValidationError, ValueError, RecursionError):
        return None
