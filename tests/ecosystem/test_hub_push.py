"""`--push-to` with the Hub's own client, against a stand-in for the Hub on this machine."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from autoevol.optimizer.cli import autoevol
from autoevol.optimizer.cli.boundary import guard
from tests.optimizer.dataset.exports.exported_run import write_run

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]
TOKEN = "hf_" + "x" * 34


class Hub(ThreadingHTTPServer):
    """What the client asks for when it makes a data set and commits files, and what it was sent."""

    refuses = 0
    private = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[tuple[str, str, str]] = []
        self.made: dict[str, Any] = {}
        self.files: dict[str, str] = {}


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._answer("POST", body)

    def do_GET(self) -> None:
        self._answer("GET", "")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""

    def _answer(self, verb: str, body: str) -> None:
        hub, path = cast("Hub", self.server), self.path.partition("?")[0]
        hub.asked.append((verb, path, self.headers.get("Authorization", "")))
        if hub.refuses:
            self._say({"error": "no"}, hub.refuses)
        elif path.endswith("/repos/create"):
            hub.made = json.loads(body)
            self._say({"url": f"http://127.0.0.1:{hub.server_port}/datasets/me/maths", "name": "me/maths"})
        elif "/preupload/" in path:
            files = [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False}
                     for each in json.loads(body)["files"]]  # fmt: skip
            self._say({"files": files})
        elif "/commit/" in path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    hub.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"]).decode()
            self._say({"commitUrl": "http://127.0.0.1/datasets/me/maths/commit/1", "commitOid": "1", "hookOutput": ""})
        else:
            self._say({"id": "me/maths", "sha": "0" * 40, "siblings": [], "private": hub.private})

    def _say(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A stand-in that listens, a token, a run."""
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    # Read once, when the client is loaded: maybe by another test, that stayed offline.
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs" / "2026-01-01-maths")
    yield server
    server.shutdown()
    server.server_close()


def _export(*more: str) -> int:
    return guard(autoevol, ["export", "maths", "--to", "messages", "--out", "data", *more])


def test_files_arrive_in_a_private_data_set(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Data, card and settings in one commit, with the token in the header and nowhere else."""
    assert 0 == _export("--trainer", "trl", "--push-to", "me/maths")

    said = capsys.readouterr()
    assert "On the Hub: http://127.0.0.1/datasets/me/maths/commit/1" in said.out
    assert {
        "name": "maths",
        "organization": "me",
        "type": "dataset",
        "visibility": "private",
    }.items() <= hub.made.items()
    assert {path.name: path.read_text("utf-8") for path in (tmp_path / "data").iterdir()} == hub.files
    # What libraries of earlier tests ask the Hub on their own account (telemetry) is none of ours.
    ours = {sent for _, path, sent in hub.asked if path.startswith(("/api/datasets", "/api/repos"))}
    assert {f"Bearer {TOKEN}"} == ours
    assert TOKEN not in said.out + said.err + "".join(hub.files.values())


def test_nothing_is_sent_unasked(hub: Hub) -> None:
    """A token alone sends nothing."""
    assert 0 == _export()
    assert [] == hub.asked


def test_a_public_data_set_is_asked_for(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """One that is there and public gets nothing unless that was said: making it private changes nothing of it."""
    hub.private = False

    assert 2 == _export("--push-to", "me/maths")
    assert "me/maths is on the Hub already, and public. Nothing was sent." in capsys.readouterr().err
    assert {} == hub.files
    assert 0 == _export("--force", "--push-to", "me/maths", "--public")
    assert {"train.jsonl", "README.md"} == set(hub.files)


def test_a_refused_token_is_one_sentence(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The export stays on disk; the token is not in the message."""
    hub.refuses = 401

    assert 2 == _export("--push-to", "me/maths")
    assert "The Hub refuses to take me/maths (401)." in (said := capsys.readouterr()).err
    assert TOKEN not in said.out + said.err
    assert (tmp_path / "data" / "train.jsonl").is_file()


def test_what_cannot_be_pushed_is_said_before_anything_is_written(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No token, no name."""
    assert 2 == _export("--push-to", "maths")
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    assert 2 == _export("--push-to", "me/maths")

    assert "There is no token" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
    assert [] == hub.asked
