"""What follows from an attempt that gave nothing, and from an account that does not answer (design, law 4)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .accounts import Account
from .attempts import Attempt
from .books.journal import Finished, Journal
from .books.ledger import Ledger
from .errors import EndpointDown, SessionStopped, StorageError
from .flights import Flight
from .lanes import Lane
from .outcomes import NoAnswer
from .requests import Request, request_key
from .retries import Tries, stopped_by
from .wire.failures import STOPPING, Failure

if TYPE_CHECKING:
    from .traffic import Desk, Traffic

__all__ = ["Recovery"]


class Recovery:
    """Decides what follows from failures. It works on the traffic that made it."""

    def __init__(self, traffic: Traffic, journal: Journal, ledger: Ledger, desk: Desk) -> None:
        self._traffic = traffic
        self._journal = journal
        self._ledger = ledger
        self._desk = desk
        self._parked: dict[Account, list[tuple[Flight, Failure]]] = {}

    async def consider(self, flight: Flight, attempt: Attempt, failure: Failure) -> None:
        """Decide what follows from a failure: nothing more, another try, or the end of the session."""
        account, lane = attempt.account, attempt.lane
        tries = flight.fared()
        if failure.kind in STOPPING or failure.kind == "adapted":
            # The account is closed and another takes it, or the request is right now: at once, and no try is used up.
            self._traffic.again(lane, flight, 0.0)
        elif failure.kind == "rate_limit":
            wait = tries.delay(failure)
            try:
                account.health.limited(wait)
            except EndpointDown as error:
                self._shut(lane, account, error)
            self._slow_down(attempt, failure, account.health.bearable(wait))
            # What this account was told does not bind another.
            elsewhere = account.closed is not None or lane.has_room_beside(account, flight)
            self._traffic.again(lane, flight, 0.0 if elsewhere else min(wait, account.endpoint.patience_s))
        else:
            await self._after_fault(flight, attempt, failure, tries)

    def _slow_down(self, attempt: Attempt, failure: Failure, wait: float) -> None:
        if attempt.permit is None:
            return
        if failure.about == "concurrency":
            attempt.permit.gate.too_many_at_once()
        else:
            attempt.account.turned_away(attempt.permit, wait)

    async def _after_fault(self, flight: Flight, attempt: Attempt, failure: Failure, tries: Tries) -> None:
        account, lane = attempt.account, attempt.lane
        if failure.kind == "overloaded" and attempt.permit is not None:
            attempt.permit.gate.overloaded()
        try:
            account.health.fault(tries, failure)
        except EndpointDown as error:
            self._shut(lane, account, error)
            tries.forget()
        if account.health.down and lane.answers_elsewhere:
            tries.forget()
            self._traffic.again(lane, flight, 0.0)
            return
        if account.health.probing or account.health.suspect(tries):
            parked = self._parked.setdefault(account, [])
            parked.append((flight, failure))
            if not account.health.probing:
                await self._find_out(lane, account, flight.request)
            return
        await self._retry(lane, flight, failure, tries)

    async def _retry(self, lane: Lane, flight: Flight, failure: Failure, tries: Tries) -> None:
        if tries.over is None:
            self._traffic.again(lane, flight, min(tries.delay(failure), lane.endpoint.patience_s))
            return
        outcome = NoAnswer(flight.key, tries.over, f"{tries.faults} tries, last: {failure.detail}")
        await self._journal.finish(Finished(flight.key, flight.request, outcome))
        self._desk.meter.finished(outcome, flight.request.role, flight.request.stage)
        self._traffic.land(flight, outcome)

    # ------------------------------------------------------------ an account that does not answer

    def _is_down(self, lane: Lane) -> None:
        """Let others take the calls of an account that turned out not to answer, and say who does."""
        if lane.fallback is not None and lane.fallback.usable and not lane.usable:
            self._desk.notice(f"Meanwhile the endpoint '{lane.fallback.name}' answers the calls of '{lane.name}'.")
        self._look_elsewhere()

    async def _find_out(self, lane: Lane, account: Account, like: Request) -> None:
        """Probe an account until it answers; then let those go on whose faults led to it."""
        try:
            was_down = await account.health.pass_outage(
                partial(self._probe, lane, account, like), partial(self._is_down, lane)
            )
        except SessionStopped as error:
            self._shut(lane, account, error)
            was_down = True
        for flight, failure in self._parked.pop(account, []):
            if flight.gone:
                continue
            tries = flight.fared()
            if was_down:
                tries.forget()
            await self._retry(lane, flight, failure, tries)
        # Not only this lane waits for it: those that it stands in for do too.
        self._look_elsewhere()

    def _look_elsewhere(self) -> None:
        """What waits for the end of an outage goes to whoever else answers now, as what waits in the lines does."""
        for lane in self._traffic.lanes.values():
            for account in lane.accounts:
                if account.health.down and account in self._parked and lane.answers_elsewhere:
                    for flight, _ in self._parked.pop(account):
                        flight.fared().forget()
                        self._traffic.again(lane, flight, 0.0)
        self._traffic.turn()

    async def _probe(self, lane: Lane, account: Account, like: Request) -> Failure | None:
        """One small call past the queue: its failure, or None where the endpoint answers, be it with a refusal."""
        await self._traffic.road.wait()
        if self._traffic.stopped is not None:
            raise self._traffic.stopped
        request = lane.probe(like)
        need = lane.need(request)
        reservation = await self._ledger.reserve(need)
        attempt = Attempt(request, request_key(request), lane, account, need, reservation, None, recorded=False)
        await self._traffic.sender.send(attempt)
        if isinstance(attempt.error, Failure):
            if attempt.error.kind in STOPPING:
                raise self._closed_by(attempt, attempt.error)
            if attempt.error.kind not in {"rate_limit", "adapted"}:
                return attempt.error
        elif isinstance(attempt.error, SessionStopped | StorageError):
            raise attempt.error
        # Any other error is about what was asked, and each who asks will meet it.
        account.health.answered()
        return None

    def close_account(self, attempt: Attempt, failure: Failure) -> None:
        """Ask an account no more whose key or money is no good."""
        self._shut(attempt.lane, attempt.account, self._closed_by(attempt, failure))

    def _shut(self, lane: Lane, account: Account, error: SessionStopped) -> None:
        """Ask an account no more; where nobody else can take its calls the session stops."""
        if account.closed is not None or self._traffic.stopped is not None:
            return
        account.closed = error
        others = any(each.closed is None for each in lane.accounts)
        stand_in = lane.fallback is not None and any(each.closed is None for each in lane.fallback.accounts)
        if others or stand_in:
            who = "the other accounts" if others else f"the endpoint '{lane.fallback.name if lane.fallback else ''}'"
            self._desk.notice(f"{error.problem} It is not asked any more; {who} go on.")
            lane.turn()
        else:
            self._traffic.halt(error)

    def _closed_by(self, attempt: Attempt, failure: Failure) -> SessionStopped:
        request = attempt.lane.asked(attempt.request)
        return stopped_by(failure, attempt.account.name, request.model, attempt.account.caller.address)
