"""Selective Reflection-Tuning on a real server: a teacher that answers by its data, and a student with known scores."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autoevol.optimizer.pages.watcher import QuietWatcher
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.session import Ending, create_run, run
from tests.model_server import Body, ModelReply, ModelServer, model_server
from tests.student import reply

__all__ = ["made", "respond", "rows_of", "serving", "settings_of", "write_rows"]

PATHS = ("/chat/completions", "/completions", "/generate")


def respond(body: Body) -> ModelReply:
    """Whatever is asked: a reflection in a chat, or the scores of a text."""
    if "messages" not in body:
        return reply(body)
    return _judge(body) if body["model"] == "judge" else _teacher(body)


def _judge(body: Body) -> ModelReply:
    """Prefers the longer response; where both are about as long, the one that stands first."""
    ask = str(body["messages"][-1]["content"])
    first, second = (len(_shown(ask, f"RESPONSE {name}")) for name in "AB")
    return ModelReply(f"<better>{'B' if second > first + 9 else 'A'}</better>")


def _teacher(body: Body) -> ModelReply:
    ask = str(body["messages"][-1]["content"])
    asked, answered = (_shown(ask, label) for label in ("INSTRUCTION", "RESPONSE"))
    whole = "<instruction>" in ask
    match _luck(ask[:40], asked, answered) % 7:
        case 0:
            return ModelReply("It is fine as it is.")
        case 1:
            return ModelReply("<critique>c</critique><instruction>None</instruction><response>N/A</response>")
        case 2 if not whole:
            return ModelReply(f"<critique>Nothing.</critique><response>{answered}</response>")
        case 3 if not whole:
            return ModelReply("<critique>Too sure.</critique><response>I would not know, ask at the shop.</response>")
        case _:
            return _better(asked, answered, whole=whole)


def _better(asked: str, answered: str, *, whole: bool) -> ModelReply:
    count = _luck(asked, answered) % 80 + 11
    better = f"Counting all balls of {' '.join(asked.split()[:6])} one by one gives {count} balls together."
    if whole:
        words = ("so", "then", "first", "of", "left", "take", "away", "minus", "is", "they", "keep")
        better = " ".join(words[_luck(asked, str(place)) % len(words)] for place in range(9)) + f" {count - 9}."
    parts = [("critique", "Too short."), ("instruction", f"{asked} Then {count} are lost. How many are left over?")]
    shown = [*(parts if whole else parts[:1]), ("response", better)]
    return ModelReply("\n".join(f"<{tag}>{text}</{tag}>" for tag, text in shown), tokens=(50, 30))


def _shown(ask: str, label: str) -> str:
    return str(re.findall(rf"<<<{label} (\w+)\n(.*?)\n{label} \1>>>", ask, re.DOTALL)[-1][1])


def _luck(*words: str) -> int:
    return int(hashlib.sha256(json.dumps(words).encode()).hexdigest()[:6], 16)


@contextmanager
def serving() -> Generator[ModelServer]:
    """The server of both."""
    with model_server(respond, PATHS) as server:
        yield server


def write_rows(path: Path, count: int = 24) -> Path:
    """Rows of which every eighth has no response, and one a very short one."""
    rows = [
        {"instruction": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many balls?",
         "response": "" if n % 8 == 7 else "8" if n == 3 else f"There are {n + 3} + {2 * n + 5} = {3 * n + 8} balls."}
        for n in range(count)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def settings_of(folder: Path, base_url: str, *parts: dict[str, Any], **said: Any) -> Any:
    """Settings of these recipes on this server."""
    tree: dict[str, object] = {
        "recipe": "make", "name": "made", "secret": "00112233445566778899aabbccddeeff", "make": list(parts),
        "seeds": {"source": str(folder / "rows.jsonl")},
        "endpoints": {"default": {"base_url": base_url, "concurrency": 6, "patience_s": 0.05}},
        "roles": {"reflector": {"model": "teacher"}, "student": {"model": "student"}, "judge": {"model": "judge"}},
        **said,
    }  # fmt: skip
    return resolve(None, tree)


async def made(folder: Path, base_url: str, *parts: dict[str, Any], **said: Any) -> Ending:
    """Run recipes to their end."""
    if not (folder / "rows.jsonl").exists():
        write_rows(folder / "rows.jsonl")
    return await run(create_run(settings_of(folder, base_url, *parts, **said), folder / "runs"), QuietWatcher())


def rows_of(folder: Path, name: str = "dataset.jsonl") -> list[dict[str, Any]]:
    """Rows of a file of a run."""
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]
