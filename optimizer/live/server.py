"""The server of the live page: which address shows what, and how it is started."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from ...agents.gateway.errors import AutoEvolError, UsageError
from ..cli.run_list import list_runs
from ..pages.comparison import comparison_text
from ..pages.files import RunFiles
from ..pages.records import StatusRecord
from ..pages.report import report_text, settings_lines
from ..record.by_hand import EDITS, read_by_hand
from .addresses import read_address
from .guard import Guard, Rules
from .opinions import Refused, answer_row, edit_row, edited_lines, label_item
from .stream import events, list_news, run_news
from .views import SCRIPT, quality_page, runs_page, sides_page
from .wheel import branch_run, steer_run

__all__ = ["make_app", "open_door", "serve"]

_SHOWN = {".jsonl", ".json", ".md", ".txt"}  # what of a run can be looked at; the journal stays where it is
_BODY = 1_000_000  # bytes of what is sent
_POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')
_ACTS: Mapping[str, Callable[[Path, Mapping[str, Any]], str | Mapping[str, str]]] = {
    "label": label_item, "edit": edit_row, "answer": answer_row, "steer": steer_run, "branch": branch_run,
}  # fmt: skip


class _Runs:
    """The runs of a folder as pages; a page is made again where the run has moved on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._made: dict[str, tuple[str, str]] = {}

    def names(self) -> list[str]:
        """All runs, the newest first."""
        return sorted((Path(entry.folder).name for entry in list_runs(self.root)), reverse=True)

    def folder(self, request: Request) -> Path:
        """The run that an address names: one of those that are there, so that no name is a path."""
        name = request.path_params["run"]
        for child in self.root.iterdir():
            if child.name == name and (child / "settings.json").is_file():
                return child
        raise HTTPException(404, "There is no such run.")

    def page(self, folder: Path) -> str:
        """The page of a run, as `autoevol report` makes it."""
        status = folder / "status.json"
        shows = run_news(folder)["sign"]  # before the page is made: what comes meanwhile is news to it
        # The sign has the state in it, which changes without a file where a run is killed.
        sign = f"{shows} {status.stat().st_mtime_ns if status.exists() else 0} {_size(folder / EDITS)}"
        held = self._made.get(folder.name)
        if held is None or held[0] != sign:
            found = RunFiles(folder).record("status.json", StatusRecord)
            text = comparison_text if found is not None and found.recipe == "compare" else report_text
            held = self._made[folder.name] = (sign, _signed(text(folder, (SCRIPT,)), shows))
            if len(self._made) > 8:
                del self._made[next(iter(self._made))]
        return held[1]


def make_app(root: Path, rules: Rules) -> ASGIApp:
    """The application over the runs of a folder, behind its guard."""
    runs = _Runs(root)
    routes = [
        Route("/", _page(partial(_list, root))),
        Route("/events", _stream(lambda _: partial(list_news, root))),
        Route("/compare", _page(partial(_sides, runs))),
        Route("/run/{run}/", _page(lambda request: runs.page(runs.folder(request)))),
        Route("/run/{run}/events", _stream(lambda request: partial(run_news, runs.folder(request)))),
        Route("/run/{run}/quality", _page(partial(_quality, runs))),
        Route("/run/{run}/dataset.edited.jsonl", partial(_edited, runs)),
        Route("/run/{run}/{act:str}", partial(_act, runs), methods=["POST"]),
        Route("/run/{run}/{path:path}", partial(_file, runs)),
    ]  # fmt: skip
    app = Starlette(routes=routes, exception_handlers={
        AutoEvolError: _told, Refused: _told, HTTPException: _missing, OSError: _unreadable,
    })  # fmt: skip
    return Guard(app, rules)


def open_door(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        UsageError: the address cannot be had.
    """
    try:
        return socket.create_server((host.strip("[]"), port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UsageError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}.",
            fix="Name another --port, or 0 for a free one.",
        ) from error


def serve(app: ASGIApp, door: socket.socket) -> None:
    """Serve until Ctrl-C."""
    config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=1, lifespan="off")
    uvicorn.Server(config).run(sockets=[door])


def _page(make: Callable[[Request], str]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        text = await anyio.to_thread.run_sync(make, request)
        found = _POLICY.search(text)
        # The policy of the page also as a header, with what only a header can say.
        policy = (found[1] if found else "default-src 'none'").replace("&#39;", "'")
        return HTMLResponse(text, headers={"content-security-policy": f"{policy}; frame-ancestors 'none'"})

    return answer


def _stream(look: Callable[[Request], Callable[[], dict[str, Any]]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return StreamingResponse(events(look(request)), media_type="text/event-stream")

    return answer


def _list(root: Path, _request: Request) -> str:
    shows = list_news(root)["sign"]
    return _signed(runs_page(root), shows)


def _signed(text: str, sign: str) -> str:
    """The page with the sign of what it shows, so that nothing that comes before its first news is missed."""
    return text.replace('data-events="events"', f'data-events="events" data-sign="{sign}"', 1)


def _sides(runs: _Runs, request: Request) -> str:
    return sides_page(runs.root, runs.names(), read_address(request.url.query))


def _quality(runs: _Runs, request: Request) -> str:
    return quality_page(runs.folder(request), _number(request, "sample", 200))


async def _act(runs: _Runs, request: Request) -> Response:
    act = _ACTS.get(request.path_params["act"])
    if act is None:
        raise HTTPException(404)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY:
            raise HTTPException(413)
    try:
        sent: object = json.loads(body)
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise HTTPException(400)
    folder = runs.folder(request)
    said = await anyio.to_thread.run_sync(act, folder, cast("dict[str, Any]", sent))
    return JSONResponse({"words": said} if isinstance(said, str) else dict(said))


async def _file(runs: _Runs, request: Request) -> Response:
    folder = runs.folder(request)
    whole = (folder / request.path_params["path"]).resolve()
    # By whatever way it is named: without the secret that is nobody's business.
    if whole == folder.resolve() / "settings.json":
        return PlainTextResponse("\n".join(settings_lines(RunFiles(folder))))
    if not whole.is_relative_to(folder.resolve()) or not whole.exists():
        raise HTTPException(404)
    if whole.is_dir():
        names = sorted(str(each.relative_to(whole)) for each in whole.rglob("*") if each.suffix in _SHOWN)
        return PlainTextResponse("\n".join(names))
    if whole.suffix not in _SHOWN:
        raise HTTPException(404)
    return FileResponse(whole, media_type="text/plain; charset=utf-8")


async def _edited(runs: _Runs, request: Request) -> Response:
    folder = runs.folder(request)
    edits = {each["row"]: each for each in read_by_hand(folder, EDITS) if isinstance(each.get("row"), str)}
    lines = await anyio.to_thread.run_sync(edited_lines, folder, edits)
    return PlainTextResponse("".join(f"{line}\n" for line in lines))


async def _told(_: Request, error: Exception) -> Response:
    return JSONResponse({"problem": str(error)}, status_code=400)


async def _missing(request: Request, error: Exception) -> Response:
    """What is not there, in words that a page can show too."""
    code, why = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
    if request.method == "POST":
        return JSONResponse({"problem": why}, status_code=code)
    return PlainTextResponse(why, status_code=code)


async def _unreadable(request: Request, error: Exception) -> Response:
    """A file that was taken away or cannot be read; its path is nobody's business."""
    why = error.strerror if isinstance(error, OSError) else None
    return await _missing(request, HTTPException(404, f"It cannot be read: {why or 'it is not there'}."))


def _number(request: Request, name: str, other: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else other


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
