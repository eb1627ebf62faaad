"""What calls cost, and the hard caps: what a call could cost at worst is set aside before it goes (design, law 7).

Inside are plain counters, because every call passes here twice; what is given out is frozen. Money is counted in whole
trillionths of a USD, so that sums do not depend on their order and a cap of 0.3 holds three calls of 0.1.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..endpoints import Budget
from ..errors import BudgetReached
from .prices import price_of

__all__ = ["Entry", "Ledger", "Need", "Reservation", "Sum", "Tally", "Totals", "cut_off_notice", "price_of", "step_of"]

_PICO = 1e12


@dataclass(frozen=True, slots=True)
class Sum:
    """Attempts and what they used. `usd` is the known part; `unpriced` attempts have a price that nobody knows.

    `seconds` are those that the attempts took, added up; many run at once, so it is more than the time that passed.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """Input and output tokens."""
        return self.input_tokens + self.output_tokens

    @property
    def cost(self) -> float | None:
        """Money in USD; None where a part of it is unknown."""
        return None if self.unpriced else self.usd

    def __add__(self, other: Sum) -> Sum:
        return Sum(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.usd + other.usd,
            self.unpriced + other.unpriced,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: what attempts of a role in a stage with a model came to."""

    role: str
    stage: str
    sum: Sum
    model: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything spent over all restarts, and the same by role, stage, model and step (see `step_of`)."""

    all: Sum
    by_role: Mapping[str, Sum]
    by_stage: Mapping[str, Sum]
    minutes: float
    by_model: Mapping[str, Sum] = field(default_factory=dict[str, Sum])

    @property
    def by_step(self) -> Mapping[str, Sum]:
        """The stages of each step together: `steps/000` is its batch, its analyses and its race."""
        steps: dict[str, Sum] = {}
        for stage, line in self.by_stage.items():
            step = step_of(stage)
            steps[step] = steps[step] + line if step in steps else line
        return steps


@dataclass(frozen=True, slots=True)
class Need:
    """What one attempt could use at worst. `usd` is None where the price is unknown."""

    role: str
    stage: str
    input_tokens: int
    output_tokens: int
    usd: float | None
    model: str = ""

    @property
    def sum(self) -> Sum:
        """The same as a line of the ledger."""
        return Sum(1, self.input_tokens, self.output_tokens, 0, 0, self.usd or 0.0, int(self.usd is None))


class Reservation:
    """Room set aside under the caps for one attempt."""

    __slots__ = ("held", "need", "pico", "tokens")

    def __init__(self, need: Need, tokens: int, pico: int) -> None:
        self.need = need
        self.tokens = tokens
        self.pico = pico
        self.held = True


class Tally:
    """A sum that grows."""

    __slots__ = ("cached", "calls", "input", "output", "pico", "reasoning", "seconds", "unpriced")

    def __init__(self) -> None:
        self.calls = self.input = self.output = self.cached = self.reasoning = self.pico = self.unpriced = 0
        self.seconds = 0.0

    def add(self, used: Sum) -> None:
        """Count this too."""
        self.calls += used.calls
        self.input += used.input_tokens
        self.output += used.output_tokens
        self.cached += used.cached_tokens
        self.reasoning += used.reasoning_tokens
        self.pico += round(used.usd * _PICO)
        self.unpriced += used.unpriced
        self.seconds += used.seconds

    def snapshot(self) -> Sum:
        """What it has come to."""
        return Sum(
            self.calls, self.input, self.output, self.cached, self.reasoning, self.pico / _PICO, self.unpriced,
            self.seconds,
        )  # fmt: skip


class _Waiter:
    """Somebody in `reserve` for whom there is no room now."""

    __slots__ = ("future", "need")

    def __init__(self, need: Need) -> None:
        self.need = need
        self.future: asyncio.Future[Reservation] = asyncio.get_running_loop().create_future()


def _nothing() -> None:
    """Nobody wants to know."""


class Ledger:
    """Sums by role, stage and model, and admission under the caps in the order of asking.

    There are two ways in. `reserve` waits. `try_reserve` does not: it gives None where there is no room now, and
    `on_room` is called as soon as another try may succeed; one call of it stands for all who were refused since the
    last.

    Args:
        budget: the caps; they hold over all restarts.
        entries: what earlier sessions of the run spent, open attempts at their reservation.
        minutes: gives the minutes that the run has taken so far, over all restarts.
    """

    def __init__(self, budget: Budget, entries: Iterable[Entry], minutes: Callable[[], float]) -> None:
        self.on_room: Callable[[], None] = _nothing
        self._minutes = minutes
        self._set_caps(budget)
        self._spent = Tally()
        self._lines: dict[tuple[str, str, str], Tally] = {}
        self._held = self._held_tokens = self._held_pico = 0
        self._queue: deque[_Waiter] = deque()
        self._short = False
        for entry in entries:
            self._book(entry.role, entry.stage, entry.model, entry.sum)

    def _set_caps(self, budget: Budget) -> None:
        self.budget = budget
        self._capped = any(cap is not None for cap in (budget.calls, budget.tokens, budget.usd, budget.minutes))
        self._usd_cap = None if budget.usd is None else round(budget.usd * _PICO)

    def hold_to(self, budget: Budget) -> None:
        """Other caps from now on; whoever waits for room is asked again."""
        self._set_caps(budget)
        self._turn()
        if self._short:
            self._short = False
            self.on_room()

    def totals(self) -> Totals:
        """What is spent by now; what is only set aside is not in it."""
        sums: tuple[dict[str, Sum], dict[str, Sum], dict[str, Sum]] = ({}, {}, {})
        # A copy of the items, because another thread may look while this one books.
        for names, account in list(self._lines.items()):
            line = account.snapshot()
            for table, name in zip(sums, names, strict=True):
                table[name] = table[name] + line if name in table else line
        roles, stages, models = sums
        return Totals(self._spent.snapshot(), roles, stages, self._minutes(), models)

    @property
    def spent(self) -> Sum:
        """What is spent by now. Another thread may look; its figures may then be one call apart from each other."""
        return self._spent.snapshot()

    @property
    def waiting(self) -> bool:
        """Whether a call waits for room under a cap."""
        return self._short or bool(self._queue)

    def try_reserve(self, need: Need) -> Reservation | None:
        """Set room aside; None where it does not fit now, but may when what is under way has settled.

        Raises:
            BudgetReached: it does not fit, and nothing is under way that could still give room back; or the minutes
                are over.
        """
        reservation = None if self._queue else self._take(need)
        self._short = self._short or reservation is None
        return reservation

    async def reserve(self, need: Need) -> Reservation:
        """Set room aside, or wait until what is under way settles for less than its worst case.

        Raises:
            BudgetReached: as `try_reserve`.
        """
        reservation = None if self._queue else self._take(need)
        if reservation is not None:
            return reservation
        waiter = _Waiter(need)
        self._queue.append(waiter)
        try:
            return await waiter.future
        except asyncio.CancelledError:
            if waiter.future.done() and not waiter.future.cancelled() and waiter.future.exception() is None:
                self.release(waiter.future.result())
            self._turn()
            raise

    def release(self, reservation: Reservation) -> None:
        """Give all of it back: nothing was sent. A second time does nothing."""
        self._close(reservation, None)

    def settle(self, reservation: Reservation, used: Sum) -> None:
        """Book what the attempt used instead of what was set aside. A second time does nothing."""
        self._close(reservation, used)

    def time_left(self) -> None:
        """Say whether there is time for another attempt.

        Raises:
            BudgetReached: the run has taken the minutes that it was given.
        """
        cap = self.budget.minutes
        if cap is not None and (taken := self._minutes()) >= cap:
            raise _reached("minutes", f"{taken:.1f}", f"{cap:g}", "")

    def _close(self, reservation: Reservation, used: Sum | None) -> None:
        if not reservation.held:
            return
        reservation.held = False
        self._held -= 1
        self._held_tokens -= reservation.tokens
        self._held_pico -= reservation.pico
        if used is not None:
            need = reservation.need
            self._book(need.role, need.stage, need.model, used)
        if self._queue:
            self._turn()
        if self._short:
            # First taken back, because whoever is told asks again at once.
            self._short = False
            self.on_room()

    def _book(self, role: str, stage: str, model: str, used: Sum) -> None:
        self._spent.add(used)
        names = (role, stage, model)
        account = self._lines.get(names)
        if account is None:
            account = self._lines[names] = Tally()
        account.add(used)

    def _turn(self) -> None:
        """Let those in who wait, in their order, as far as there is room."""
        while self._queue:
            waiter = self._queue[0]
            if not waiter.future.done():
                try:
                    reservation = self._take(waiter.need)
                except BudgetReached as refused:
                    waiter.future.set_exception(refused)
                else:
                    if reservation is None:
                        return
                    waiter.future.set_result(reservation)
            self._queue.popleft()

    def _take(self, need: Need) -> Reservation | None:
        """Room for this now; None where only what is under way can give it.

        Raises:
            BudgetReached: nothing can.
        """
        tokens = need.input_tokens + need.output_tokens
        pico = 0 if need.usd is None else round(need.usd * _PICO)
        if self._capped:
            self.time_left()
            unit = self._lacking(tokens, pico)
            if unit and self._held:
                return None
            if unit:
                raise self._refusal(unit, need)
        self._held += 1
        self._held_tokens += tokens
        self._held_pico += pico
        return Reservation(need, tokens, pico)

    def _lacking(self, tokens: int, pico: int) -> str:
        """The cap that leaves no room for this now, or nothing."""
        cap, spent = self.budget, self._spent
        if cap.calls is not None and spent.calls + self._held + 1 > cap.calls:
            return "calls"
        if cap.tokens is not None and spent.input + spent.output + self._held_tokens + tokens > cap.tokens:
            return "tokens"
        if self._usd_cap is not None and spent.pico + self._held_pico + pico > self._usd_cap:
            return "USD"
        return ""

    def _refusal(self, unit: str, need: Need) -> BudgetReached:
        cap, spent = self.budget, self._spent.snapshot()
        if unit == "calls":
            return _reached(unit, str(spent.calls), str(cap.calls), "1")
        if unit == "tokens":
            return _reached(unit, str(spent.tokens), str(cap.tokens), str(need.input_tokens + need.output_tokens))
        return _reached(unit, f"{spent.usd:.6f}", f"{cap.usd:g}", f"{need.usd or 0.0:.6f}")


def step_of(stage: str) -> str:
    """The step, or the part outside the loop, that a stage belongs to: `steps/001/dev` is in `steps/001`."""
    head, _, rest = stage.partition("/")
    return f"{head}/{rest.partition('/')[0]}" if head == "steps" and rest else head


def cut_off_notice(left: Sum) -> str:
    """What to tell the person about attempts that a death cut off; empty where there are none.

    Args:
        left: these attempts together, each at what was set aside for it.
    """
    if not left.calls:
        return ""
    were, they = ("call was", "it") if left.calls == 1 else ("calls were", "they")
    money = f" and ${left.usd:,.4f}" if left.usd else ""
    return (
        f"{left.calls:,} {were} out when an earlier session ended. Nobody knows what {they} cost, so {they} "
        f"stay{'s' * (left.calls == 1)} counted at worst: {left.tokens:,} tokens{money}."
    )


def _reached(unit: str, spent: str, cap: str, more: str) -> BudgetReached:
    need = f", and the next call could take {more} more" if more else ""
    fix = "Raise the cap with --budget when you resume the run."
    return BudgetReached(f"The budget of {cap} {unit} is reached: {spent} are spent{need}.", fix=fix)
