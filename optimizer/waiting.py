"""Waiting for asynchronous work, from any thread.

A function that blocks works in a notebook, too: where an event loop is running in its thread it works in a thread of
its own. Ctrl-C then reaches the thread that waits, which stops the one at work and waits for it to close its books.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio
from anyio.from_thread import start_blocking_portal

__all__ = ["blocking"]

T = TypeVar("T")


def blocking(work: Callable[[], Coroutine[Any, Any, T]], note: str) -> T:
    """Wait for work, in the thread of the caller where no event loop is running there, else in a thread of its own.

    Args:
        work: makes the coroutine; it sees the caller's context variables.
        note: how it goes on after Ctrl-C.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the work has stopped cleanly; the note says how it goes on.
    """
    try:
        if not _in_a_loop():
            return anyio.run(work)
        with _ctrl_c(), start_blocking_portal() as portal:
            result: T = portal.start_task_soon(work).result()
            return result
    except KeyboardInterrupt as stop:
        stop.add_note(note)
        raise stop from None  # what the loop did on the way is of no use to the person


@contextmanager
def _ctrl_c() -> Generator[None]:
    """Let Ctrl-C break into the wait: a running loop would only mark its own task, which waits here."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
