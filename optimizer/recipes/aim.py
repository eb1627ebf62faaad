"""What a seed needs for this student: to be evolved up, kept as it is, or evolved down.

Hardening everything is what the published methods do. A seed that the student never solves teaches it nothing however
hard it gets, and easier siblings of it do (WizardMath evolves downward, too); one inside the band is fine already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ...agents.method import Method
from ..dataset.seed import Seed
from ..record.run import Run
from ..scoring.examine.solved import Band, Solved
from ..search.course import Plan
from ..search.evaluate import Contestant, Errand, Given, travel
from ..search.trajectory import Trajectory

__all__ = ["IDENTITY", "Aim", "AimedErrand", "aim_for", "pass_rates"]

Aim = Literal["up", "keep", "down"]

# A simpler text has fewer numbers, names and conditions than its seed, and is no harder: that is what was asked for.
_MEANT = frozenset(
    {"not-harder", "restated", "near-copy", "lost-numbers", "lost-units", "lost-names", "lost-code", "lost-table",
     "lost-urls"}
)  # fmt: skip
# The seed itself, as a method that no model is asked for.
IDENTITY = Method(("Leave the instruction exactly as it is.",), name="identity", control="identity")


def aim_for(rate: float | None, band: Band) -> Aim:
    """Which way a seed goes, by the student's pass rate on it; up where the rate is not known."""
    if rate is None or rate > band.high:
        return "up"
    return "keep" if rate >= band.low else "down"


@dataclass(frozen=True, slots=True)
class AimedErrand(Errand):
    """A seed on its way up, down, or into the data set as it is."""

    aim: Aim = "up"

    @property
    def given(self) -> Given | None:
        """A seed that is kept stands already, with its answer where it has one."""
        return Given(self.seed.instruction.text, self.seed.response) if self.aim == "keep" else None

    def plan(self, plan: Plan) -> Plan:
        """Kept seeds are not looked for changes; of simpler ones less is asked."""
        if self.aim == "keep":
            return replace(plan, rounds=1, detectors=("empty-response", "refused", "truncated"), exams=())
        if self.aim == "down":
            names = tuple(name for name in plan.detectors if name not in _MEANT)
            return replace(plan, rounds=1, detectors=names)
        return plan


async def pass_rates(run: Run, seeds: Iterable[Seed]) -> dict[str, float]:
    """The student's pass rate on each seed that has an answer or tests, by id. What the search asked is not asked anew.

    Raises:
        SessionStopped: budget, key, quota or outage.
    """
    checks = run.settings.checks
    solved = Solved(checks.student_answers, Band(*checks.band), ("before",))
    plan = Plan(1, True, (), frozenset(), (solved,), checks.on_error == "stop")
    contestant = Contestant("seed", IDENTITY)
    tick = run.phase(None, "student", run.split.total)
    rates: dict[str, float] = {}

    def deliver(errand: Errand, trajectory: Trajectory) -> None:
        if "pass_before" in trajectory.measures:
            rates[errand.seed.id] = trajectory.measures["pass_before"]
        tick()

    await travel(run, plan, _as_they_are(contestant, seeds), deliver)
    return rates


def _as_they_are(contestant: Contestant, seeds: Iterable[Seed]) -> Iterator[Errand]:
    """Each seed with its own answer, or an empty one: only the student is asked here."""
    return (_Measured(contestant, seed, "apply/student") for seed in seeds)


@dataclass(frozen=True, slots=True)
class _Measured(Errand):
    @property
    def given(self) -> Given | None:
        return Given(self.seed.instruction.text, self.seed.response or "")

    def plan(self, plan: Plan) -> Plan:
        return plan
