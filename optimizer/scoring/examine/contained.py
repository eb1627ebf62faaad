"""The boundary round detectors and checks: one that fails on an item costs a note, not the run.

A rule meets texts that nobody foresaw. What it raises becomes the finding `check-failed`, which is no gate, is counted
like any other and names the rule; or it ends the run in one sentence, where the settings say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TypeVar

from ....agents.gateway.errors import AutoEvolError, UsageError
from ....agents.messages import Finding, Task
from ..detectors import detect
from ..pair import Pair
from .exam import Examiner, Item, Report

__all__ = ["CHECK_FAILED", "findings_of", "report_of", "tasks_of"]

CHECK_FAILED = "check-failed"

ValueT = TypeVar("ValueT")


# The same pair is looked at after every reply of a dear check, and once more at the end.
@lru_cache(maxsize=512)
def findings_of(pair: Pair, names: Sequence[str], *, stop: bool = False) -> tuple[Finding, ...]:
    """What the free detectors find, in the order of their names.

    Args:
        pair: the evolution.
        names: of the detectors; a tuple.
        stop: a detector that fails ends the run.

    Raises:
        UsageError: there is no detector of this name, or one failed and `stop` is set.
    """
    found: list[Finding] = []
    for name in names:
        one, failed = _guarded(name, partial(detect, pair, (name,)), stop=stop)
        found += one or ()
        found += failed
    return tuple(found)


def tasks_of(exam: Examiner, item: Item, *, stop: bool = False) -> Sequence[Task]:
    """What a check asks next; nothing where it fails, which its report then says."""
    return _guarded(exam.name, lambda: exam.next_tasks(item), stop=stop)[0] or ()


def report_of(exam: Examiner, item: Item, *, stop: bool = False) -> Report:
    """What a check says of an item."""
    _, before = _guarded(exam.name, lambda: exam.next_tasks(item), stop=stop)
    report, failed = _guarded(exam.name, lambda: exam.report(item), stop=stop)
    if report is None or before:
        return Report((*before, *failed)[:1], report.measures if report else {})
    return report


def _guarded(
    name: str, ask: Callable[[], ValueT], *, stop: bool
) -> tuple[ValueT | None, tuple[Finding, ...]]:  # fmt: skip
    try:
        return ask(), ()
    except AutoEvolError:
        raise
    except Exception as error:
        if stop:
            raise UsageError(
                f"The check {name!r} failed on an item ({type(error).__name__}).",
                fix=f'Leave it out with --detectors=-{name}, or go on without it by checks.on_error = "go-on".',
            ) from error
        return None, (Finding(CHECK_FAILED, f"{name}: {type(error).__name__}"),)
