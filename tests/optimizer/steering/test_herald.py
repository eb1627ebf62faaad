"""News of a run: brought to a command or an address, without holding it up, without failing it, without a key."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.steering.herald import Herald, check_target


class Ears:
    """A server that keeps what is posted to it."""

    def __init__(self) -> None:
        heard: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(503 if self.path == "/deaf" else 204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name of the standard library
                return None

        self.heard = heard
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def ears() -> Iterator[Ears]:
    """It listens as long as the test lasts."""
    ears = Ears()
    thread = threading.Thread(target=ears.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield ears
    ears.server.shutdown()
    ears.server.server_close()
    thread.join()


def test_an_address_hears_all_of_it_in_order_and_no_key(ears: Ears, tmp_path: Path) -> None:
    """The last news is held back until the run is closed."""
    herald = Herald(f"{ears.address}/hook", tmp_path, pytest.fail)
    herald.tell("stopped", last=True, story="refused sk-proj-abcdefgh12345678", why="QuotaSpent", cost_usd=0.5)
    herald.tell("paused")
    herald.close()

    assert ["paused", "stopped"] == [news["event"] for news in ears.heard]
    assert (tmp_path.name, "QuotaSpent", 0.5) == tuple(ears.heard[1][name] for name in ("run", "why", "cost_usd"))
    assert "sk-proj" not in json.dumps(ears.heard)


def test_a_command_hears_it_on_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a shell: words of the news are never words of a command line. A variable may hold it."""
    place = tmp_path / "heard.json"
    code = f"import sys, pathlib; pathlib.Path({str(place)!r}).write_text(sys.stdin.read())"
    monkeypatch.setenv("HOOK", f'{sys.executable} -c "{code}"')
    check_target("env:HOOK")
    herald = Herald("env:HOOK", tmp_path, pytest.fail)
    herald.tell("finished", last=True, story="; rm -rf $HOME `id`")
    herald.close()

    assert ("finished", "; rm -rf $HOME `id`") == tuple(
        json.loads(place.read_text(encoding="utf-8"))[name] for name in ("event", "story")
    )


@pytest.mark.parametrize("kind", ["missing", "fails", "deaf", "nobody"])
def test_what_cannot_be_brought_is_said_and_fails_nothing(ears: Ears, tmp_path: Path, kind: str) -> None:
    """In a line that does not show the address, which may hold a secret."""
    said: list[str] = []
    target, words = {
        "missing": ("no-such-command-here", "its command cannot be run"),
        "fails": (f"{sys.executable} -c 'raise SystemExit(3)'", "its command ended with 3"),
        "deaf": (f"{ears.address}/deaf", "the address answered with status 503"),
        "nobody": ("http://127.0.0.1:1/secret", "the address cannot be reached"),
    }[kind]
    herald = Herald(target, tmp_path, said.append)
    herald.tell("paused")
    herald.close()

    assert 1 == len(said)
    assert words in said[0]
    assert "127.0.0.1" not in said[0]


def test_without_a_target_nothing_is_begun(tmp_path: Path) -> None:
    """The usual run has no such thread."""
    before = threading.active_count()
    herald = Herald("", tmp_path, pytest.fail)
    herald.tell("paused")
    herald.close()

    assert before == threading.active_count()


@pytest.mark.parametrize("target", ["env:NOT_SET_HERE", "https://me:pw@host/x", "http:///x", "say 'hi", "  "])
def test_targets_that_cannot_be_are_refused_before_the_run(target: str) -> None:
    """A password in settings would be on disk."""
    with pytest.raises(UsageError):
        check_target(target)
