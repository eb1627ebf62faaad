"""What happens, in order: search a method, prove it, apply it, write it all down.

    from autoevol.optimizer import compare, make, optimize, resume

docs/python.md tells of these functions. What is named here is loaded when it is asked for, so that to import this
package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api.functions import acompare, amake, aoptimize, aresume, compare, make, optimize, resume
    from .api.moment import Moment
    from .api.rehearsal import simulated_provider
    from .api.results import Compared, MadeRun, Optimized, Result
    from .notebook.run import Run

__all__ = [
    "Compared", "MadeRun", "Moment", "Optimized", "Result", "Run", "acompare", "amake", "aoptimize", "aresume",
    "compare", "make", "optimize", "resume", "simulated_provider",
]  # fmt: skip

_PLACES = {
    "Run": ".notebook.run",
    "Moment": ".api.moment",
    "simulated_provider": ".api.rehearsal",
    **dict.fromkeys(("Compared", "MadeRun", "Optimized", "Result"), ".api.results"),
}


if not TYPE_CHECKING:  # where it is known, any name at all would pass a type checker

    def __getattr__(name: str) -> Any:
        """A name of `__all__`, from where it is."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_PLACES.get(name, ".api.functions"), __name__), name)


def __dir__() -> list[str]:
    """For completion, which shows what is not loaded yet, too."""
    return sorted({*globals(), *__all__})
