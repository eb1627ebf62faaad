"""A detector or a check that fails on an item costs a note, not the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.messages import Finding, Instruction, RoleName, Task
from autoevol.optimizer.scoring import detectors
from autoevol.optimizer.scoring.examine.contained import findings_of, report_of, tasks_of
from autoevol.optimizer.scoring.examine.exam import Item, Report
from autoevol.optimizer.scoring.pair import Pair

PAIR = Pair("Say one thing.", evolved="Say one thing.")
ITEM = Item("s/c/i", "s", "i", Instruction("a"), Instruction("b"), PAIR)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A detector that raises."""

    def fail(_pair: Pair) -> Finding | None:
        raise IndexError

    rules = MappingProxyType({**detectors.DETECTORS, "broken": fail})
    monkeypatch.setattr(detectors, "DETECTORS", rules)
    findings_of.cache_clear()
    yield "broken"
    findings_of.cache_clear()


class _Fails:
    name = "fails"
    price: Mapping[RoleName, float] = MappingProxyType({"judge": 1.0})

    def next_tasks(self, item: Item) -> Sequence[Task]:
        raise ZeroDivisionError(item.place)

    def report(self, item: Item) -> Report:
        raise KeyError(item.place)


def test_a_detector_that_raises_is_a_finding(broken: str) -> None:
    """It names the rule; the others have looked all the same."""
    assert (Finding("check-failed", "broken: IndexError"), Finding("identity", "Say one thing.")) == tuple(
        findings_of(PAIR, (broken, "identity"))
    )


def test_the_settings_may_stop_the_run_instead(broken: str) -> None:
    """In one sentence that says how to go on without it."""
    with pytest.raises(UsageError, match="check 'broken' failed"):
        findings_of(PAIR, (broken,), stop=True)


def test_a_check_that_raises_asks_nothing_and_says_so() -> None:
    """Once for an item, whichever of its parts fails."""
    assert () == tasks_of(_Fails(), ITEM)
    assert Report((Finding("check-failed", "fails: ZeroDivisionError"),)) == report_of(_Fails(), ITEM)


def test_an_unknown_detector_is_no_failure_of_one() -> None:
    """It is an error of the person, said as one."""
    with pytest.raises(UsageError, match="no detector 'identical'"):
        findings_of(PAIR, ("identical",))
