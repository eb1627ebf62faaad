"""Limits that several processes share: real processes, a real file, times that the tests say."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.keys import Key
from autoevol.agents.gateway.pacing.lease_page import PAGE, Page
from autoevol.agents.gateway.pacing.leases import Meter, SharedAccount, account_id, accounts_folder

_WORKER = """
import json, sys
from pathlib import Path
from autoevol.agents.gateway.pacing.leases import SharedAccount
account = SharedAccount(Path(sys.argv[1]), "account", print)
for line in sys.stdin:
    name, *given = json.loads(line)
    if name == "race":
        steps = [account.lease("requests", 1, 6000, 0.5, 50 + step / 1000) for step in range(1000)]
        print(steps.count(0.0), flush=True)
        continue
    if name == "hammer":
        print("on", flush=True)
        while True:
            account.take_slot(10)
            account.lease_all({"requests": (1, 6000), "tokens": (3, 6000)}, 0.5, 0.0)
            account.free_slot()
    print(json.dumps(getattr(account, name)(*given)), flush=True)
"""


class _Worker:
    """Another process that shares the account, and does what it is told, one thing after the other."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, *what: object) -> None:
        """Say what to do, without waiting for it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        """What came of it."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def do(self, *what: object) -> Any:
        """Both."""
        self.tell(*what)
        return self.hear()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()


@contextmanager
def _workers(folder: Path, count: int) -> Generator[list[_Worker]]:
    workers = [_Worker(folder) for _ in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            for pipe in (worker.process.stdin, worker.process.stdout):
                assert pipe is not None
                pipe.close()


# ---------------------------------------------------------------- several processes


def test_processes_share_a_rate(tmp_path: Path) -> None:
    """Three that always want more get 100/s together, nearly all of it, and about the same each."""
    seconds, passed, due = 4.0, [0, 0, 0], [0.0, 0.0, 0.0]
    with _workers(tmp_path, 3) as workers:
        for step in range(int(seconds * 200)):
            now = step / 200
            for index, worker in enumerate(workers):
                while due[index] <= now:
                    wait = worker.do("lease", "requests", 1, 6000, 0.5, 100 + now)
                    passed[index] += wait == 0
                    due[index] = now + wait
                    if wait:
                        break

    assert 100 * seconds * 0.97 <= sum(passed) <= 100 * (seconds + 0.5) + 1
    assert max(passed) <= 1.2 * min(passed)


def test_processes_that_race_never_pass_the_limit(tmp_path: Path) -> None:
    """Four at once, each in its own order of time, over one second of it."""
    with _workers(tmp_path, 4) as workers:
        for worker in workers:
            worker.tell("race")
        passed = sum(worker.hear() for worker in workers)

    assert 90 <= passed <= 100 * 1.5 + 1


def test_the_slots_of_a_killed_process_come_back(tmp_path: Path) -> None:
    """Whatever it was doing: nobody has to clean up after it."""
    with _workers(tmp_path, 2) as (first, second), SharedAccount(tmp_path, "account") as account:
        assert [True, True, True] == [first.do("take_slot", 4), first.do("take_slot", 4), second.do("take_slot", 4)]
        assert 3 == account.members()
        assert account.take_slot(4)
        assert not account.take_slot(4)

        first.kill()

        assert account.take_slot(4)
        assert 2 == account.members()


def test_processes_killed_at_any_moment_leave_a_good_page(tmp_path: Path) -> None:
    """The page is never half written, and never locked for good."""
    with SharedAccount(tmp_path, "account") as account:
        for _ in range(4):
            with _workers(tmp_path, 1) as (worker,):
                worker.tell("hammer")
                assert worker.process.stdout is not None
                assert "on\n" == worker.process.stdout.readline()
                while account.members() < 2:
                    pass
            account.lease("requests", 1, 6000, 0.5, 0.0)
            assert 1 == account.members()

        assert [True] * 10 == [account.take_slot(10) for _ in range(10)]
        assert not account.take_slot(10)


def test_what_one_learns_all_know(tmp_path: Path) -> None:
    """A pause, a level, a correction."""
    with _workers(tmp_path, 1) as (worker,), SharedAccount(tmp_path, "account") as account:
        account.pause_until(100.0, 5.0)
        account.pause_until(100.0, 1.0)
        account.set_level("m", 0.5)
        assert [105.0, 0.5, None] == [worker.do("paused_until"), worker.do("level", "m"), worker.do("level", "n")]
        assert 0.5 == worker.do("lease", "tokens", 1, 60, 0.5, 104.0)

        assert 0 == worker.do("lease", "tokens", 1, 60, 0.5, 105.0)
        assert 0 < account.lease("tokens", 1, 60, 0.5, 105.2)
        worker.do("correct", "tokens", -1)
        assert 0 == account.lease("tokens", 1, 60, 0.5, 105.6)


def test_meters_of_models_are_apart(tmp_path: Path) -> None:
    """A limit of one model does not hold another; that of the account holds both, and all or nothing is taken."""
    with SharedAccount(tmp_path, "account") as account:
        first: dict[Meter, tuple[float, float]] = {"requests": (1, 120), ("requests", "a"): (1, 60)}
        second: dict[Meter, tuple[float, float]] = {"requests": (1, 120), ("requests", "b"): (1, 60)}
        assert 0 == account.lease_all(first, 0.1, 0.0)
        assert pytest.approx(0.5) == account.lease_all(second, 0.1, 0.0)
        assert 0 == account.lease_all(second, 0.1, 0.5)
        assert pytest.approx(0.5) == account.lease_all(first, 0.1, 0.5)


# ---------------------------------------------------------------- one process, one file


def test_one_process_is_one_member(tmp_path: Path) -> None:
    """However many of its parts use the account; each gives back what it held."""
    first, second = SharedAccount(tmp_path, "account"), SharedAccount(tmp_path, "account")
    assert [True, True, False] == [first.take_slot(2), second.take_slot(2), second.take_slot(2)]
    assert 1 == first.members()
    first.close()
    first.close()
    assert second.take_slot(2)
    second.close()


@pytest.mark.parametrize("damage", [b"", b"AEL1" * 1024, b"x" * 10_000, b"\0" * 10])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, damage: bytes) -> None:
    """Also while it is in use."""
    with SharedAccount(tmp_path, "account") as account, _workers(tmp_path, 1) as (worker,):
        assert worker.do("take_slot", 2)
        (tmp_path / "account.v1").write_bytes(damage)

        assert 0 == worker.do("lease", "requests", 1, 60, 0.5, 0.0)
        assert account.take_slot(2)
        assert not account.take_slot(2)
        assert 2 == account.members()


def test_a_deleted_file_does_not_part_the_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who used the old one goes over to the new one."""
    monkeypatch.setattr("autoevol.agents.gateway.pacing.lease_member._STAT_S", -1.0)
    with SharedAccount(tmp_path, "account") as account:
        account.take_slot(2)
        (tmp_path / "account.v1").unlink()
        with _workers(tmp_path, 1) as (worker,):
            assert worker.do("take_slot", 2)

            assert not account.take_slot(2)
            assert 2 == account.members()


def test_after_a_restart_of_the_machine_no_moment_counts(tmp_path: Path) -> None:
    """The clock began anew: what is said about a time to come would hold for days."""
    with SharedAccount(tmp_path, "account") as account:
        account.pause_until(900_000.0, 60.0)
        account.lease("requests", 1, 1, 0.5, 900_000.0)

        assert 0 < account.lease("requests", 1, 1, 0.5, 900_001.0)
        assert 0 == account.lease("requests", 1, 1, 0.5, 20.0)


@pytest.mark.parametrize("place", ["file/below", "file"])
def test_where_nothing_can_be_written_it_works_alone(tmp_path: Path, place: str) -> None:
    """One line says so, and the limits hold for this process."""
    (tmp_path / "file").write_text("no folder")
    lines: list[str] = []
    with SharedAccount(tmp_path / place, "account", lines.append) as account:
        assert 0 == account.lease("requests", 1, 60, 0.5, 0.0)
        assert pytest.approx(0.5) == account.lease("requests", 1, 60, 0.5, 0.5)
        assert [True, False] == [account.take_slot(1), account.take_slot(1)]
        account.free_slot()
        account.free_slot()
        assert account.take_slot(1)
        assert 1 == account.members()

    assert 1 == len(lines)


@pytest.mark.parametrize(("amount", "rate"), [(-1.0, 60.0), (float("nan"), 60.0), (1.0, 0.0), (1.0, float("nan"))])
def test_a_number_that_is_none_is_refused(tmp_path: Path, amount: float, rate: float) -> None:
    """It would stay in the page for all."""
    with SharedAccount(tmp_path, "account") as account, pytest.raises(ValueError, match="nothing that can be leased"):
        account.lease("requests", amount, rate, 0.5, 0.0)


def test_the_name_of_an_account_holds_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key or address is another name; the folder is the user's own."""
    monkeypatch.setenv("AUTOEVOL_STATE", str(tmp_path))
    names = {account_id(address, key) for address in ("https://a/v1", "https://b/v1") for key in (Key("k" * 90), None)}

    assert {16} == {len(name) for name in names}
    assert 4 == len(names)
    assert tmp_path / "accounts" == accounts_folder()


# ---------------------------------------------------------------- the page alone


class _Members:
    """Processes that take turns at one page, without a file."""

    def __init__(self, count: int) -> None:
        self.data = b""
        self.pages = [Page(0) for _ in range(count)]

    def lease(self, index: int, amounts: dict[str, tuple[float, float]], burst_s: float, now: float) -> float:
        page = self.pages[index]
        page.load(self.data)
        if not page.joined:
            page.join(index, index + 1, 0)
        page.tick(now)
        wait = page.lease([(name, "", *each) for name, each in amounts.items()], burst_s, now)
        self.data = page.store()
        assert PAGE == len(self.data)
        return wait


_STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.floats(0, 0.4), st.floats(0, 1.5), st.floats(0, 120)), min_size=1, max_size=60
)


@given(_STEPS, st.floats(0, 2))
def test_no_interleaving_passes_a_limit(steps: list[tuple[int, float, float, float]], burst_s: float) -> None:
    """In every window, of both limits: at most rate x (window + burst), and one amount larger than the burst."""
    rates = {"requests": 120.0, "tokens": 6000.0}
    members, now = _Members(3), 50.0
    passed: list[tuple[float, dict[str, float]]] = []
    for index, pause, calls, tokens in steps:
        now += pause
        amounts = {"requests": calls, "tokens": tokens}
        if members.lease(index, {name: (amounts[name], rate) for name, rate in rates.items()}, burst_s, now) == 0:
            passed.append((now, amounts))

    for name, rate in rates.items():
        largest = max((amounts[name] for _, amounts in passed), default=0.0)
        over = largest if largest * 60 / rate > burst_s else 0.0
        for first in range(len(passed)):
            for last in range(first, len(passed)):
                total = sum(amounts[name] for _, amounts in passed[first : last + 1])
                window = passed[last][0] - passed[first][0]
                assert total <= rate / 60 * (window + burst_s) + over + rate / 60 * 1e-6


def test_who_asks_for_much_is_not_passed_for_ever() -> None:
    """One asks for two seconds' worth, three ask for little, all the time: it is served, and nothing is wasted."""
    members, used, served = _Members(4), 0.0, 0
    due = [0.0] * 4
    for step in range(5000):
        now = 10 + step / 500
        for index in random.Random(step).sample(range(4), 4):
            while due[index] <= now:
                amount = 200.0 if index == 0 else 5.0
                wait = members.lease(index, {"tokens": (amount, 6000)}, 0.5, now)
                due[index] = now + wait
                if wait:
                    break
                used += amount
                served += index == 0

    assert served >= 3
    assert 0.95 * 100 * 10 <= used <= 100 * 10.5 + 200


def test_who_does_not_come_back_loses_its_turn_and_no_more() -> None:
    """It was stopped, or wants it no more."""
    members = _Members(2)
    assert 0 == members.lease(0, {"tokens": (60, 60)}, 1, 0.0)
    assert 0.5 == members.lease(0, {"tokens": (60, 60)}, 1, 0.0)
    assert 0.5 == members.lease(1, {"tokens": (1, 60)}, 1, 60.0 - 0.5)
    assert 0 == members.lease(1, {"tokens": (1, 60)}, 1, 60.7)


def test_more_meters_than_there_are_places_take_the_oldest() -> None:
    """A hundred models come and go; nothing fails."""
    members = _Members(1)
    for number in range(100):
        assert 0 == members.lease(0, {f"model {number}": (1, 60)}, 0.5, float(number))
