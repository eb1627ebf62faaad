"""What goes on beside the course: the inbox is looked into, and status.json says how it goes."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import anyio

from ...agents.gateway.gateway import Gateway
from ..pages.progress_json import figures_object, left_object
from ..record.run import Run

__all__ = ["LOOK_S", "steered"]

LOOK_S = 0.4
_TELL_S = 2.0


@asynccontextmanager
async def steered(run: Run, gateway: Gateway) -> AsyncGenerator[None]:
    """Heed a person's wishes, and tell in status.json how it goes, as long as the block lasts.

    Raises:
        StorageError: the inbox or an event cannot be read or written.
    """
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_listen, run, gateway)
            yield
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        # A single error is that of the block, or of the inbox: it leaves as it came.
        if len(errors.exceptions) == 1:
            raise errors.exceptions[0] from errors.exceptions[0].__cause__
        raise


async def _listen(run: Run, gateway: Gateway) -> None:
    wheel = run.wheel
    if wheel is None:
        return
    told = time.monotonic()
    while True:
        before = gateway.paused
        heard, now = wheel.look(), time.monotonic()
        if before != gateway.paused:
            run.tell("paused" if gateway.paused else "continued")
        if heard or now - told >= _TELL_S:
            told = now
            tell(run, gateway)
            run.watcher.beat()
        await anyio.sleep(LOOK_S)


def tell(run: Run, gateway: Gateway) -> None:
    """Write into status.json how it goes, for whoever watches from another terminal."""
    now = gateway.progress()
    left = run.forecast() if run.forecast is not None else None
    progress: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), **figures_object(now), "part": asdict(run.part),
    }  # fmt: skip
    if left is not None:
        progress["left"] = left_object(left)
    run.state.pop("paused", None)
    run.update(progress=progress, **({"paused": True} if gateway.paused else {}))
