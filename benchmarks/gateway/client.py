"""The client process: it reads a job, says that it is ready, waits for the start, and tells what came of it."""

from __future__ import annotations

import cProfile
import gc
import resource
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from autoevol.agents.gateway.errors import AutoEvolError
from autoevol.agents.gateway.outcomes import Answer, Outcome
from autoevol.agents.gateway.requests import Request

from .askers import Ask, asker, opened, request
from .jobs import Job, Report
from .parts import by_part

__all__ = ["main"]

_STATM = Path("/proc/self/statm")


def _resident() -> int:
    """Bytes that the process holds in memory now; where the kernel does not say, the most that it ever held."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass
class _Told:
    """What is gathered while the job is at work."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    landed: list[float] = field(default_factory=list[float])
    asked: list[float] = field(default_factory=list[float])
    waits: list[float] = field(default_factory=list[float])
    tokens: list[int] = field(default_factory=list[int])
    rows: list[str] = field(default_factory=list[str])
    notices: list[str] = field(default_factory=list[str])
    stopped: str = ""
    left: float | None = None
    most: int = 0
    waiting: int = 0
    requests: int = 0

    def take(self, outcome: Outcome | None, asked: float | None = None) -> None:
        """Count an outcome."""
        now = time.monotonic()
        self.landed.append(now)
        kind = "answer" if outcome is None or isinstance(outcome, Answer) else outcome.reason
        self.outcomes[kind] += 1
        if asked is not None:
            self.asked.append(asked)
            self.waits.append(now - asked - (outcome.seconds if outcome is not None else 0.0))
        if outcome is not None:
            self.tokens.append(outcome.usage.input_tokens + outcome.usage.output_tokens)


# ---------------------------------------------------------------- ways to ask


async def _stream(job: Job, told: _Told) -> None:
    async def source() -> AsyncGenerator[Request]:
        for number in range(job.first, job.first + job.calls):
            yield request(job, number)

    async with opened(job, told.notices.append) as gateway, gateway.stream(source()) as outcomes:
        async for outcome in outcomes:
            told.take(outcome)
            if job.rows is not None:
                told.rows.append(outcome.text if isinstance(outcome, Answer) else outcome.reason)
            if job.enough is not None and len(told.landed) >= job.enough:
                told.most = _resident()
                told.left = time.monotonic()
                break


async def _workers(job: Job, told: _Told) -> None:
    numbers = iter(range(job.first, job.first + job.calls))

    async def work(ask: Ask) -> None:
        for number in numbers:
            asked = time.monotonic()
            told.take(await ask(number), asked)

    async with asker(job, told.notices.append) as ask, anyio.create_task_group() as group:
        for _ in range(job.at_once):
            group.start_soon(work, ask)


async def _paced(job: Job, told: _Told) -> None:
    async def one(ask: Ask, number: int) -> None:
        asked = time.monotonic()
        told.take(await ask(number), asked)

    async with asker(job, told.notices.append) as ask, anyio.create_task_group() as group:
        start = time.monotonic()
        for turn in range(job.calls):
            await anyio.sleep(max(0.0, start + turn / job.per_second - time.monotonic()))
            group.start_soon(one, ask, job.first + turn)


async def _submit(job: Job, told: _Told) -> None:
    async with opened(job, told.notices.append) as gateway:
        gc.collect()
        empty = _resident()
        requests = [request(job, number) for number in range(job.first, job.first + job.calls)]
        before = _resident()
        tickets = [gateway.submit(each) for each in requests]
        told.waiting, told.requests = _resident() - before, before - empty
        told.left = time.monotonic()
        for ticket in tickets:
            gateway.leave(ticket)


_WAYS = {"stream": _stream, "workers": _workers, "paced": _paced, "submit": _submit}

# ---------------------------------------------------------------- the process


async def _work(job: Job, told: _Told) -> None:
    try:
        with anyio.move_on_after(job.seconds):
            await _WAYS[job.how](job, told)
    except* AutoEvolError as errors:
        told.stopped = str(errors.exceptions[0])


def _measured(job: Job) -> Report:
    told = _Told()
    gc.collect()
    resident, began, cpu = _resident(), time.monotonic(), time.process_time()
    profile = cProfile.Profile(time.process_time) if job.profile else None
    if profile is None:
        anyio.run(_work, job, told)
    else:
        profile.runcall(anyio.run, _work, job, told)
    ended, spent = time.monotonic(), time.process_time() - cpu
    if job.rows is not None and not told.stopped:
        job.rows.write_text("".join(f"{row!r}\n" for row in told.rows), encoding="utf-8")
    return Report(
        began=began,
        ended=ended,
        cpu_s=spent,
        outcomes=dict(told.outcomes),
        landed=told.landed,
        asked=told.asked,
        waits=told.waits,
        tokens=told.tokens,
        stopped=told.stopped,
        notices=told.notices,
        leaving_s=ended - told.left if told.left is not None else 0.0,
        rss_start=resident,
        rss_most=told.most or _resident(),
        rss_waiting=told.waiting,
        rss_requests=told.requests,
        spent=by_part(profile) if profile is not None else {},
    )


def main() -> None:
    """Do one job."""
    job = Job.model_validate_json(sys.stdin.readline())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if sys.stdin.readline():
        sys.stdout.write(_measured(job).model_dump_json() + "\n")


if __name__ == "__main__":
    main()
