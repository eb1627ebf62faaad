"""Comparisons on a real server whose models play the roles: how good a method is stands in its words.

By a method of *grade* g about g tenths of the evolved texts lack something, and the responder asks for it, which is a
finding. The model `weak-evolver` makes it three tenths more. The judge finds the longer text harder.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from autoevol.agents.method import Method
from autoevol.agents.method_file import dump_method
from autoevol.optimizer.pages.watcher import QuietWatcher
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.session import Ending, create_run, run
from tests.model_server import Body, ModelReply

__all__ = ["act", "compare", "graded", "records", "settings_of", "write_seeds"]

_ASIDE = (
    "Read it aloud.",
    "Count twice.",
    "Prefer a condition.",
    "Keep the people.",
    "Name the unit.",
    "Say it short.",
)


def act(body: Body) -> ModelReply:
    """Play the role that the model's name says."""
    told, ask = "\n".join(str(turn["content"]) for turn in body["messages"][:-1]), str(body["messages"][-1]["content"])
    model = str(body["model"])
    if model.endswith("responder"):
        return ModelReply(
            "Could you please provide the missing number?" if "some crates" in ask else f"It is {luck(ask)}."
        )
    if model.endswith("judge"):
        shown = re.findall(r"<<<([AB]) (\w+)\n(.*?)\n\1 \2>>>", ask, re.DOTALL)
        harder = max(shown, key=lambda each: len(each[2]))[0]
        lines = ["quote: crates", *(f"{name}: yes" for name in ("valid", "self_contained", "consistent", "intent"))]
        return ModelReply("\n".join(["<verdict>", *lines, f"harder: {harder}", "</verdict>"]))
    grade = int(found[1]) if (found := re.search(r"of grade (\d+)", told + ask)) else 10
    grade += 3 * model.startswith("weak")
    text = re.findall(r"<<<TEXT (\w+)\n(.*?)\nTEXT \1>>>", ask, re.DOTALL)[-1][1]
    own = luck(told + str(body.get("seed"))) % 90 + 10
    count = "some" if luck(text, grade) % 10 < grade else own
    return ModelReply(f"<evolved>There are also {count} crates of {own + 3} parts. {text} How many are left?</evolved>")


def luck(*parts: object) -> int:
    """Chance that is a function of the parts."""
    return int(hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:6], 16)


def write_seeds(path: Path, count: int = 30, first: int = 0) -> Path:
    """A file of seeds, each with an id of its own."""
    rows = [
        {"id": f"box-{n}", "question": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many balls?"}
        for n in range(first, first + count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def graded(path: Path, grade: int, clauses: int = 2) -> Path:
    """A method file of this grade."""
    words = (f"Work in one more condition of grade {grade}.", *_ASIDE[: clauses - 1])
    path.write_text(dump_method(Method(words)), encoding="utf-8")
    return path


def settings_of(folder: Path, base_url: str, *contestants: str | Path, **said: Any) -> Any:
    """Settings of a comparison on this server; `said` is a tree of further ones."""
    compare = {"contestants": [str(each) for each in contestants], **said.pop("compare", {})}
    roles = {role: {"model": f"m-{role}"} for role in ("evolver", "responder", "judge", "analyst", "refiner")}
    tree: dict[str, object] = {
        "recipe": "compare", "name": "met", "secret": "00112233445566778899aabbccddeeff", "compare": compare,
        "seeds": {"source": str(folder / "seeds.jsonl")},
        "endpoints": {"default": {"base_url": base_url, "concurrency": 8, "patience_s": 0.05}}, "roles": roles, **said,
    }  # fmt: skip
    return resolve(None, tree)


async def compare(folder: Path, base_url: str, *contestants: str | Path, **said: Any) -> tuple[Ending, Any]:
    """Run a comparison to its end; its ending and its record (None where it was stopped)."""
    made = create_run(settings_of(folder, base_url, *contestants, **said), folder / "runs")
    ending = await run(made, QuietWatcher())
    names = [name for name in ("compare.json", "ablation.json") if (made / name).exists()]
    return ending, json.loads((made / names[0]).read_text(encoding="utf-8")) if names else None


def records(folder: Path) -> dict[str, str]:
    """Every file of a run that no clock, restart or journal shows in."""
    apart = ("journal", "events", "status.json", "settings.json")
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_text(encoding="utf-8") for name, path in found.items() if not name.startswith(apart)}
