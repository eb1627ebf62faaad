"""Who really serves a model, watched over a session: a provider may put another one behind the same name."""

from __future__ import annotations

from collections.abc import Callable

from .outcomes import Answer

__all__ = ["ServedModels"]


class ServedModels:
    """Tells the person once for each model that its name, and once that its fingerprint, is another than before.

    Every call keeps what served it, and comparisons that hold answers of several are marked; this is only the news.
    """

    def __init__(self, notice: Callable[[str], None]) -> None:
        self._notice = notice
        self._served: dict[tuple[str, str], tuple[str, str]] = {}
        self._told: set[tuple[str, str, bool]] = set()

    def note(self, endpoint: str, model: str, answer: Answer) -> None:
        """Look at who served an answer; what does not say it says nothing new."""
        if not answer.model or answer.fallback:
            return
        before = self._served.get((endpoint, model), (answer.model, ""))
        now = (answer.model, answer.fingerprint or before[1])
        self._served[endpoint, model] = now
        renamed = now[0] != before[0]
        if now == before or (not renamed and not before[1]):
            return
        if (endpoint, model, renamed) in self._told:
            return
        self._told.add((endpoint, model, renamed))
        was, is_now = (before[0], now[0]) if renamed else (f"{before[0]} ({before[1]})", f"{now[0]} ({now[1]})")
        self._notice(
            f"'{model}' at '{endpoint}' is now served by {is_now}, not by {was} as before."
            " Comparisons that hold answers of both are marked."
        )
