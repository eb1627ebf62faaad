"""What happens, in order: search a method, prove it, apply it, write it all down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .notebook.run import Run

__all__ = ["Run"]


def __getattr__(name: str) -> Any:
    """`Run`, which is loaded when it is asked for: most of those who import this package do not look at runs."""
    if name == "Run":
        from .notebook.run import Run  # noqa: PLC0415  see above

        return Run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
