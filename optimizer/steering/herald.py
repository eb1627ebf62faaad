"""Who wants to hear of a run that pauses, goes on, stops or ends: a command with the news on stdin, or a web address.

The news never holds up a run and never fails it: one thread of its own brings it, and what goes wrong there is said in
a line. The standard library posts it and not the gateway's transport, deliberately: it is no call to a model (law 1),
and it must still go out when the gateway and its event loop are closed.
"""

from __future__ import annotations

import json
import os
import queue
import shlex
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...agents.gateway.errors import UsageError
from ..record.keys import hide_keys

__all__ = ["Herald", "check_target"]

_POST_S = 10.0
_COMMAND_S = 60.0
_LAST_S = 10.0
_FROM = "env:"


def check_target(target: str) -> None:
    """Whether news can be brought there, as far as that is known without trying.

    Args:
        target: a command, an http or https address, `env:NAME` for a variable that holds one of them, or empty.

    Raises:
        UsageError: the variable is not set, the address holds a password, or the command cannot be read.
    """
    found = _resolved(target)
    if not found and target:
        raise UsageError(
            f"on_event names the variable {target.removeprefix(_FROM)}, which is not set.",
            fix="Set it, or leave it out.",
        )
    if _is_address(found):
        parts = urlsplit(found)
        if parts.username is not None or parts.password is not None or not parts.hostname:
            raise UsageError(
                "The address of on_event must be http(s)://HOST/… without user and password.",
                fix="Put an address that holds a secret into a variable and write on_event = 'env:NAME'.",
            )
        return
    try:
        words = shlex.split(found)
    except ValueError as error:
        raise UsageError(f"on_event is no command: {error}.", fix="Close the quotes.") from None
    if target and not words:
        raise UsageError("on_event is blank.", fix="Give a command or an address, or leave it out.")


class Herald:
    """Brings news of one run, one after the other.

    Args:
        target: see `check_target`; empty brings none.
        folder: of the run.
        say: takes a line for the person where news could not be brought.
    """

    def __init__(self, target: str, folder: Path, say: Callable[[str], None]) -> None:
        self._target = _resolved(target)
        self._folder = folder
        self._say = say
        self._news: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._last: dict[str, Any] | None = None
        self._thread: threading.Thread | None = None

    def tell(self, event: str, *, last: bool = False, **more: Any) -> None:
        """Bring a piece of news; returns at once.

        Args:
            event: `paused`, `continued`, `stopped` or `finished`.
            last: it is brought by `close`, when the report is written and the run's lock is free.
            more: what else there is to know; texts that look like keys are hidden.
        """
        if not self._target:
            return
        shown = {name: hide_keys(value) if isinstance(value, str) else value for name, value in more.items()}
        news = {"event": event, "run": self._folder.name, "folder": str(self._folder.resolve()),
                "at": datetime.now(UTC).isoformat(timespec="seconds"), **shown}  # fmt: skip
        if last:
            self._last = news
        else:
            self._bring(news)

    def close(self) -> None:
        """Bring the last news, and wait a little until all of it is brought."""
        if self._last is not None:
            self._bring(self._last)
        if self._thread is not None:
            self._news.put(None)
            self._thread.join(_LAST_S)
            self._thread = None

    def _bring(self, news: dict[str, Any]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="herald", daemon=True)
            self._thread.start()
        self._news.put(news)

    def _work(self) -> None:
        while (news := self._news.get()) is not None:
            body = (json.dumps(news, ensure_ascii=False) + "\n").encode()
            trouble = _post(self._target, body) if _is_address(self._target) else _run(self._target, body)
            if trouble:
                self._say(f"on_event did not hear that the run {news['event']}: {hide_keys(trouble)}")


def _resolved(target: str) -> str:
    return os.environ.get(target.removeprefix(_FROM), "") if target.startswith(_FROM) else target


def _is_address(target: str) -> bool:
    return target.startswith(("http://", "https://"))


def _post(address: str, body: bytes) -> str:
    """What went wrong, without the address, which may hold a secret; empty where nothing did."""
    asked = urllib.request.Request(address, body, {"content-type": "application/json"}, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=_POST_S):  # noqa: S310  http and https only, see _is_address
            return ""
    except urllib.error.HTTPError as error:
        return f"the address answered with status {error.code}."
    except (OSError, ValueError) as error:
        return f"the address cannot be reached ({type(error).__name__})."


def _run(command: str, body: bytes) -> str:
    try:
        words = shlex.split(command)
        ended = subprocess.run(  # noqa: S603  the person's own command, without a shell
            words, input=body, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_COMMAND_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"its command took more than {_COMMAND_S:.0f} s."
    except (OSError, ValueError) as error:
        return f"its command cannot be run ({getattr(error, 'strerror', None) or error})."
    return f"its command ended with {ended.returncode}." if ended.returncode else ""
