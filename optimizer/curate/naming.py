"""What a selector is called, and what its draws are named by."""

from __future__ import annotations

from ..record.curating.selector import SelectorSettings

__all__ = ["name_of", "purpose"]


def name_of(part: SelectorSettings) -> str:
    """The name of a selector."""
    return str(getattr(part, "recipe"))  # noqa: B009  each selector has its own


def purpose(part: SelectorSettings, place: str, what: str) -> str:
    """The name of a draw: the number of the part in the run, the selector, what is drawn.

    It does not hang on the folder, so that a member of a panel draws what it would draw in its place alone.
    """
    return f"{place.partition('-')[0]}-{name_of(part)}/{what}"
