"""A real server whose models answer, write tests, explain and mend, by chance that is a function of what is asked."""

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

__all__ = ["begin", "finish", "maths", "programs", "rows_of", "serving"]

ROLES = ("responder", "judge", "reflector", "rewarder")


@contextmanager
def serving() -> Generator[ModelServer]:
    """The server of all roles."""
    with model_server(respond) as server:
        yield server


def respond(body: Body) -> ModelReply:
    """Play whatever role the question shows."""
    ask, draw = str(body["messages"][-1]["content"]), body.get("seed")
    name = re.search(r"function (\w+)\(", ask)
    if "<tests>" in ask:
        return ModelReply(f"<tests>\n{_tests(name[1] if name else '', ask, draw)}\n</tests>")
    if "<explanation>" in ask:
        return ModelReply("<explanation>The last line gives another value.</explanation>")
    if "<better>" in ask:
        first, second = (len(_shown(ask, f"RESPONSE {side}")) for side in "AB")
        return ModelReply(f"<better>{'A' if first >= second else 'B'}</better>")
    if "<rating>" in ask:
        return ModelReply(f"<rating>\nreason: r\nmark: {min(10, len(_shown(ask, 'ANSWER')) // 9 + 1)}\n</rating>")
    if "<<<PROBLEM" in ask:
        return _program(name[1] if name else "", ask, draw)
    return _answer(ask, draw)


def _tests(name: str, ask: str, draw: object) -> str:
    if name.startswith("odd"):
        return "none today"
    if name.startswith("empty") or (name.startswith("late") and luck(ask, draw) % 2):
        return "\n".join(f"assert {name}({n}) == {name}({n})" for n in range(3))
    return "\n".join(f"assert {name}({n}) == {2 * n}" for n in (1, 5, 0))


def _program(name: str, ask: str, draw: object) -> ModelReply:
    if name.startswith("cut"):
        return ModelReply(f"```python\ndef {name}(number):\n    return number * 2\n\n# So {name}(2", finish="length")
    if name.startswith("hard"):
        body = "return number"
    elif luck(ask, draw) % 9 == 0:
        return ModelReply("It cannot be done.")
    else:
        body = ("return number * 2", "return number * 2", "return number + 1", "while True:\n        number += 0")[
            luck(ask, draw, name) % (3 if name != "slow" else 4)
        ]
    told = "It adds instead.\n\n" if "<<<ERROR" in ask else "Here it is:\n\n"
    return ModelReply(f"{told}```python\ndef {name}(number):\n    {body}\n```", tokens=(60, 30))


def _answer(ask: str, draw: object) -> ModelReply:
    numbers = [int(number) for number in re.findall(r"\d+", ask)]
    if len(numbers) < 2:
        return ModelReply("A horse ran " + "and ran " * (luck(ask, draw) % 5) + "home.")
    wrong = luck(ask, draw) % 10 < (3 if luck(ask) % 4 else 7)
    return ModelReply(f"That makes {sum(numbers) + (luck(ask, draw) % 5 + 1 if wrong else 0)}.\n#### "
                      f"{sum(numbers) + (luck(ask, draw) % 5 + 1 if wrong else 0)}")  # fmt: skip


def _shown(ask: str, label: str) -> str:
    return str(re.findall(rf"<<<{label} (\w+)\n(.*?)\n{label} \1>>>", ask, re.DOTALL)[-1][1])


def luck(*parts: object) -> int:
    """Chance that is a function of the parts; secret marks are no part of a question."""
    text = re.sub(r"<<<\w+( \w+)? \w+|\w+ \w+>>>", "", json.dumps(parts))
    return int(hashlib.sha256(text.encode()).hexdigest()[:6], 16)


def programs(*names: str) -> list[dict[str, Any]]:
    """Questions that ask for functions of these names."""
    return [{"instruction": f"Write a function {name}(number) that doubles."} for name in names]


def maths(count: int) -> list[dict[str, Any]]:
    """Sums, with the right result as the row's own response; the last row is no sum."""
    rows = [{"instruction": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. What is the sum of all numbers?",
             "response": f"#### {4 * n + 8}"} for n in range(count - 1)]  # fmt: skip
    return [*rows, {"instruction": "Tell of a horse.", "response": "It ran."}]


def begin(folder: Path, base_url: str, rows: list[dict[str, Any]], *parts: dict[str, Any], **said: Any) -> Path:
    """A new run of these parts on these rows: its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    settings = resolve(None, {
        "recipe": "make", "name": "answers", "secret": "00112233445566778899aabbccddeeff", "make": list(parts),
        "seeds": {"source": str(folder / "rows.jsonl")},
        "endpoints": {"default": {"base_url": base_url, "concurrency": 6, "patience_s": 0.05}},
        "roles": {role: {"model": f"m-{role}"} for role in ROLES}, **said,
    })  # fmt: skip
    return create_run(settings, folder / "runs")


async def finish(folder: Path, *, calls: int | None = None) -> Ending:
    """Run it to its end, or until it has made so many calls."""
    return await run(folder, QuietWatcher(), said={"budget": {"calls": calls}} if calls else None)


def rows_of(folder: Path, name: str = "dataset.jsonl") -> list[dict[str, Any]]:
    """Rows of a file of a run."""
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]
