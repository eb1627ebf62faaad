"""Limits of one model at one account: announced in the middle of a call, learned, shared between processes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

import pytest

from autoevol.agents.gateway.accounts import Account
from autoevol.agents.gateway.doors import accounts_of
from autoevol.agents.gateway.endpoints import Endpoint, ModelLimits
from autoevol.agents.gateway.pacing.finder import RateFinder
from autoevol.agents.gateway.pacing.gate import Gate, Load, Permit, Slots
from autoevol.agents.gateway.pacing.leases import Meter, SharedAccount
from tests.clocks import SimulatedClock


def test_what_was_taken_before_a_limit_was_announced_is_not_settled_against_it() -> None:
    """A level in calls a second is no share of a limit: one late usage would shut the new limit for minutes."""
    gate = Gate([], Slots(None), ModelLimits(), 0.0, careful=True)
    gate.finder.level = 0.01
    permit = gate.take(Load(10, 10), 0.0)
    gate.announce({"tpm": 6000.0}, 1.0)
    gate.settle(permit, 500, 500)

    assert gate.ready(Load(10, 10), 1.0)[0] < 12


def test_a_level_has_a_floor() -> None:
    """However often calls are turned away, the next is sent within the quarter of an hour, and can find out more."""
    finder = RateFinder(None, 0.0)
    now = 0.0
    for _ in range(200):
        now += 1.0
        finder.sent(1.0, now)
        call = finder.sent(1.0, now)
        finder.turned_away(call, 1.0, now + 0.1)

    assert finder.level >= 1e-3


def test_calls_that_write_nothing_leave_the_capacity_a_number() -> None:
    """Embeddings take no output tokens."""
    gate = Gate([], Slots(None), ModelLimits(output_tpm=600), 0.0, careful=True)
    gate.take(Load(10, 0), 0.0)

    assert gate.capacity >= 1


class _Beside(SharedAccount):
    """An account that another process uses too."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "account")
        self.leases: list[Mapping[Meter, tuple[float, float]]] = []
        self.corrected: list[Meter] = []

    def members(self) -> int:
        return 2

    def lease_all(self, amounts: Mapping[Meter, tuple[float, float]], burst_s: float, now: float) -> float:
        self.leases.append(amounts)
        return super().lease_all(amounts, burst_s, now)

    def correct(self, meter: Meter, delta: float) -> None:
        self.corrected.append(meter)
        super().correct(meter, delta)

    def __enter__(self) -> Self:
        return self


def _noticed_by_others(account: Account, clock_s: float) -> None:
    """Who comes to others waits until they have looked."""
    assert isinstance(account.take("m", Load(1, 1), clock_s - 1), float)


def test_of_two_limits_of_a_model_the_smaller_is_shared(tmp_path: Path) -> None:
    """What the person says and what the provider says is one meter beside other processes, corrected once."""
    clock = SimulatedClock()
    endpoint = Endpoint(base_url="http://127.0.0.1:9/v1", models={"m": ModelLimits(tpm=600)})
    (account,) = accounts_of("default", endpoint, clock, lambda _: None)
    with _Beside(tmp_path) as shared:
        account.share(shared)
        account.gate("m").announce({"tpm": 6000.0}, 0.0)
        _noticed_by_others(account, 100.0)
        permit = account.take("m", Load(0.5, 0.5), 100.0)
        assert isinstance(permit, Permit)
        account.settle(permit, Load(5, 5))

        assert [pytest.approx(600 * 0.995)] == [rate for _, rate in shared.leases[0].values()]
        assert [("tokens", "m")] == shared.corrected


def test_a_share_of_a_limit_is_not_taken_for_calls_a_second(tmp_path: Path) -> None:
    """One process knows the limit and the other does not: what they learned has different units."""
    clock = SimulatedClock()
    knows, does_not = (
        accounts_of("default", Endpoint.model_validate({"base_url": "http://127.0.0.1:9/v1"} | limits), clock, print)[0]
        for limits in ({"rpm": 6000}, {})
    )
    with _Beside(tmp_path) as shared:
        knows.share(shared)
        does_not.share(shared)
        for account in (knows, does_not):
            _noticed_by_others(account, 100.0)
        knows.take("m", Load(1, 1), 100.0)
        before = does_not.gate("m").finder.level
        does_not.take("m", Load(1, 1), 101.0)

        assert before == does_not.gate("m").finder.level


def test_a_call_that_did_not_go_gives_back_what_it_leased(tmp_path: Path) -> None:
    """The budget said no: other processes do not pay for it with a request."""
    clock = SimulatedClock()
    (account,) = accounts_of("default", Endpoint(base_url="http://127.0.0.1:9/v1", rpm=60), clock, print)
    with _Beside(tmp_path) as shared:
        account.share(shared)
        _noticed_by_others(account, 100.0)
        for _ in range(10):
            permit = account.take("m", Load(1, 1), 100.0)
            assert isinstance(permit, Permit)
            account.settle(permit, None)

        assert 10 == len(shared.leases)


def test_what_is_permitted_is_known_once_it_is_announced() -> None:
    """Also where somebody asked how much may be under way before the first reply came."""
    (account,) = accounts_of("default", Endpoint(base_url="http://127.0.0.1:9/v1"), SimulatedClock(), print)
    assert account.capacity > 0
    assert account.permitted is None

    account.gate("m").announce({"rpm": 600.0}, 0.0)

    assert pytest.approx(600, rel=0.01) == account.permitted
