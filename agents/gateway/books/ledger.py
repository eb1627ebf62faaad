"""What calls cost, and the hard caps: what a call could cost at worst is set aside before it goes (design, law 7)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..endpoints import Budget, Price
from ..errors import BudgetReached
from ..outcomes import Usage

__all__ = ["Entry", "Ledger", "Need", "Reservation", "Sum", "Totals", "price_of"]


@dataclass(frozen=True, slots=True)
class Sum:
    """Attempts and what they used. `usd` is the known part; `unpriced` attempts have a price that nobody knows."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0

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
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: what attempts of a role in a stage came to."""

    role: str
    stage: str
    sum: Sum


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything spent over all restarts, and the same by role and by stage."""

    all: Sum
    by_role: Mapping[str, Sum]
    by_stage: Mapping[str, Sum]
    minutes: float


@dataclass(frozen=True, slots=True)
class Need:
    """What one attempt could use at worst. `usd` is None where the price is unknown."""

    role: str
    stage: str
    input_tokens: int
    output_tokens: int
    usd: float | None

    @property
    def sum(self) -> Sum:
        """The same as a line of the ledger."""
        return Sum(1, self.input_tokens, self.output_tokens, 0, 0, self.usd or 0.0, int(self.usd is None))


@dataclass(slots=True, eq=False)
class Reservation:
    """Room set aside under the caps for one attempt."""

    need: Need
    held: bool = True


@dataclass(slots=True, eq=False)
class _Waiter:
    need: Need
    future: asyncio.Future[Reservation] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def price_of(price: Price | None, usage: Usage, *, free: bool = False) -> float | None:
    """Money for this usage in USD: None without a price, 0 for a free endpoint. Cached input has its own price."""
    if free:
        return 0.0
    if price is None:
        return None
    cached = min(usage.cached_tokens, usage.input_tokens)
    cached_price = price.input if price.cached_input is None else price.cached_input
    plain = (usage.input_tokens - cached) * price.input
    return (plain + cached * cached_price + usage.output_tokens * price.output) / 1e6


class Ledger:
    """Sums by role and stage, and admission under the caps in the order of asking.

    Args:
        budget: the caps; they hold over all restarts.
        entries: what earlier sessions of the run spent, open attempts at their reservation.
        minutes: gives the minutes that the run has taken so far, over all restarts.
    """

    def __init__(self, budget: Budget, entries: Iterable[Entry], minutes: Callable[[], float]) -> None:
        self.budget = budget
        self._minutes = minutes
        self._spent = Sum()
        self._lines: dict[tuple[str, str], Sum] = {}
        self._held: dict[Reservation, None] = {}
        self._held_sum = Sum()
        self._queue: deque[_Waiter] = deque()
        for entry in entries:
            self._book(entry.role, entry.stage, entry.sum)

    def totals(self) -> Totals:
        """What is spent by now; what is only set aside is not in it."""
        roles: dict[str, Sum] = {}
        stages: dict[str, Sum] = {}
        for (role, stage), line in self._lines.items():
            roles[role] = roles.get(role, Sum()) + line
            stages[stage] = stages.get(stage, Sum()) + line
        return Totals(self._spent, roles, stages, self._minutes())

    @property
    def spent(self) -> Sum:
        """What is spent by now. One value, so that a thread that only looks needs no lock."""
        return self._spent

    @property
    def waiting(self) -> bool:
        """Whether a call waits for room under a cap."""
        return bool(self._queue)

    async def reserve(self, need: Need) -> Reservation:
        """Set room aside, or wait until what is under way settles for less than its worst case.

        Raises:
            BudgetReached: it does not fit, and nothing is under way that could still give room back.
        """
        waiter = _Waiter(need)
        self._queue.append(waiter)
        self._turn()
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
        if self.budget.minutes is not None and self._minutes() >= self.budget.minutes:
            raise _reached("minutes", f"{self._minutes():.1f}", f"{self.budget.minutes:g}", "")

    def _close(self, reservation: Reservation, used: Sum | None) -> None:
        if not reservation.held:
            return
        reservation.held = False
        del self._held[reservation]
        # Counted anew from time to time would be exact too; an empty table is where it costs nothing.
        self._held_sum = self._held_sum + _negative(reservation.need.sum) if self._held else Sum()
        if used is not None:
            self._book(reservation.need.role, reservation.need.stage, used)
        self._turn()

    def _book(self, role: str, stage: str, used: Sum) -> None:
        self._spent += used
        self._lines[role, stage] = self._lines.get((role, stage), Sum()) + used

    def _turn(self) -> None:
        while self._queue:
            waiter = self._queue[0]
            if waiter.future.done():
                self._queue.popleft()
                continue
            refused = self._refusal(waiter.need)
            if refused is not None and self._held:
                return
            self._queue.popleft()
            if refused is not None:
                waiter.future.set_exception(refused)
                continue
            reservation = Reservation(waiter.need)
            self._held[reservation] = None
            self._held_sum += waiter.need.sum
            waiter.future.set_result(reservation)

    def _refusal(self, need: Need) -> BudgetReached | None:
        """Why this does not fit now, or None."""
        cap = self.budget
        if cap.minutes is not None and self._minutes() >= cap.minutes:
            return _reached("minutes", f"{self._minutes():.1f}", f"{cap.minutes:g}", "")
        counted, spent = self._spent + self._held_sum, self._spent
        if cap.calls is not None and counted.calls + 1 > cap.calls:
            return _reached("calls", str(spent.calls), str(cap.calls), "1")
        more = need.input_tokens + need.output_tokens
        if cap.tokens is not None and counted.tokens + more > cap.tokens:
            return _reached("tokens", str(spent.tokens), str(cap.tokens), str(more))
        if cap.usd is not None and counted.usd + (need.usd or 0.0) > cap.usd:
            return _reached("USD", f"{spent.usd:.6f}", f"{cap.usd:g}", f"{need.usd or 0.0:.6f}")
        return None


def _negative(line: Sum) -> Sum:
    return Sum(
        -line.calls, -line.input_tokens, -line.output_tokens, -line.cached_tokens, -line.reasoning_tokens,
        -line.usd, -line.unpriced,
    )  # fmt: skip


def _reached(unit: str, spent: str, cap: str, more: str) -> BudgetReached:
    need = f", and the next call could take {more} more" if more else ""
    fix = "Raise the cap with --budget when you resume the run."
    return BudgetReached(f"The budget of {cap} {unit} is reached: {spent} are spent{need}.", fix=fix)
