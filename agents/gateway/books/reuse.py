"""Answers that other runs have paid for. What is taken is copied, so that a run is whole by itself afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from ..errors import StorageError
from ..outcomes import Answer, Outcome
from ..requests import Request
from .journal import Finished, Journal, Recorded

__all__ = ["Reuse", "adopted", "open_reuse"]

# What says something about the request. The other reasons say something about that day's endpoint.
_LASTING = frozenset({"content_filter", "context_too_long", "empty"})


class Reuse:
    """The journals of other runs, open for reading. A context manager; made by `open_reuse`.

    Args:
        journals: name of the run and its journal, in the order in which they are asked.
        troubles: lines about runs that cannot be used.
    """

    def __init__(self, journals: Iterable[tuple[str, Journal]], troubles: Iterable[str]) -> None:
        self._journals = tuple(journals)
        self.troubles = tuple(troubles)

    def lookup(self, key: str) -> Recorded | None:
        """The answer of the first run that has one, with that run's name as `source`; None where none has.

        Records that are damaged and outcomes that came of an endpoint's bad day are passed over.
        """
        for name, journal in self._journals:
            with suppress(StorageError):
                recorded = journal.lookup(key)
                if recorded is not None and _lasts(recorded.outcome):
                    return replace(recorded, source=name)
        return None

    def close(self) -> None:
        """Let go of the files."""
        for _, journal in self._journals:
            journal.close()

    def __enter__(self) -> Reuse:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_reuse(runs: Iterable[Path]) -> Reuse:
    """Open the journals of other runs for reading, also while they are at work; a missing one is only a trouble.

    Args:
        runs: their folders. What was taken from them is in the run's own journal, so a run goes on without them.
    """
    journals: list[tuple[str, Journal]] = []
    troubles: list[str] = []
    with ExitStack() as undo:
        for folder in runs:
            try:
                journal = Journal(folder, read_only=True)
            except StorageError as error:
                troubles.append(f"No answers are reused from {folder}. {error.problem}")
                continue
            undo.callback(journal.close)
            journals.append((folder.name, journal))
        undo.pop_all()
    return Reuse(journals, troubles)


def adopted(request: Request, recorded: Recorded) -> Finished:
    """A reused answer as this run records it: booked on its own place, for no money and no time."""
    outcome = replace(recorded.outcome, cost=0.0, seconds=0.0)
    return Finished(outcome.key, request, outcome, reused_from=recorded.source)


def _lasts(outcome: Outcome) -> bool:
    return isinstance(outcome, Answer) or outcome.reason in _LASTING
