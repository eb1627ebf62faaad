"""Self-Instruct on a real server whose model thinks up tasks by chance that is a function of what it is asked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from autoevol.optimizer.pages.watcher import QuietWatcher
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.session import Ending, create_run, run
from tests.model_server import Body, ModelReply
from tests.optimizer.recipes.stage import luck

__all__ = ["begin", "finish", "invented", "rows_of", "think", "write_tasks"]

_VERBS = ("Describe", "Count", "Rewrite", "Explain", "Compare", "List", "Translate", "Summarize", "Name", "Judge")
_THINGS = ("river", "letter", "recipe", "engine", "poem", "budget", "garden", "contract", "melody", "bridge", "planet")
_ENDS = ("for a child", "in two lines", "without any numbers", "as a sailor would", "from memory", "with care")


def invented(*seed: object) -> str:
    """A task by chance; few enough of them that the same comes again."""
    verb, thing, end = (words[luck(*seed, n) % len(words)] for n, words in enumerate((_VERBS, _THINGS, _ENDS)))
    return f"{verb} the {thing} {end}, number {luck(*seed, 'n') % 9}."


def think(body: Body) -> ModelReply:
    """Answer as the role and the question want it; sometimes with what must be dropped."""
    if "prompt" in body:
        return _continue(str(body["prompt"]), body.get("seed"))
    told, ask = "\n".join(str(turn["content"]) for turn in body["messages"][:-1]), str(body["messages"][-1]["content"])
    if "TASKS" in ask:
        return ModelReply(f"<tasks>\n{_list(ask, body.get('seed'))}\n</tasks>")
    if "<classification>" in told:
        return ModelReply(f"<classification>{'yes' if luck(ask) % 4 == 0 else 'no'}</classification>")
    if "Class label:" in ask:
        return ModelReply("<instances>\nExample 1\nClass label: good\nA fine day.\n</instances>")
    if "TASK" in ask and "Example 1" in told + ask:
        kind = luck(ask) % 6
        given = f"Input: a text of {luck(ask) % 50} words\n" if kind > 2 else ""
        said = f"Example 1\n{given}Output: So it is." if kind else "nothing of use"
        return ModelReply(f"<instances>\n{said}\n</instances>")
    return ModelReply(f"The answer is {luck(ask) % 100}.")


def _list(ask: str, seed: object) -> str:
    if "###" in ask:
        return "\n".join(
            f"Instruction: {invented(ask, seed, n)}\nInput:\n<noinput>\nOutput:\nIt is {n}.\n###" for n in range(3)
        )
    items = [invented(ask, seed, n) for n in range(4)]
    items += ["Draw a picture of a horse.", "Hi."][: luck(ask, seed) % 3]
    return "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1))


def _continue(prompt: str, seed: object) -> ModelReply:
    """What a raw model goes on with."""
    if re.search(r"\n\d+\. Instruction:$", prompt):
        blocks = [f"{invented(prompt, seed, n)}\nInput:\n<noinput>\nOutput:\nIt is {n}.\n###" for n in range(3)]
        return _text(" " + "\n5. Instruction: ".join(blocks))
    if re.search(r"\n\d+\.$", prompt):
        first = int(re.findall(r"\n(\d+)\.$", prompt)[0])
        items = [invented(prompt, seed, n) for n in range(4)]
        return _text(" " + items[0] + "".join(f"\n{first + n}. {item}" for n, item in enumerate(items[1:], 1)))
    if prompt.endswith("One of a few labels?"):
        return _text(" Yes" if luck(prompt) % 4 == 0 else " No")
    if "Class label:" in prompt.rpartition("Task:")[0][-400:]:
        return _text("\nExample 1\nClass label: good\nA fine day.\nExample 2\nClass label: bad\nA grey day.")
    return _text(f"\nExample 1\nNumbers: 3, 4 and {luck(prompt) % 9}\nOutput: So it is.\nExample 2\nOutput: It is not.")


def _text(text: str) -> ModelReply:
    choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 70}
    whole = {"id": "c", "object": "text_completion", "model": "m", "choices": [choice], "usage": usage}
    return ModelReply(body=json.dumps(whole).encode())


def write_tasks(folder: Path, count: int = 12) -> Path:
    """Seed tasks in Self-Instruct's own form."""
    rows = [
        {"id": f"seed_task_{n}", "instruction": f"Say what a {_THINGS[n % 11]} of kind {n} is good for.",
         "instances": [{"input": f"kind {n}" if n % 2 else "", "output": f"For {n} things."}],
         "is_classification": False}
        for n in range(count)
    ]  # fmt: skip
    path = folder / "tasks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def begin(folder: Path, base_url: str, *, concurrency: int = 8, **part: Any) -> Path:
    """A new run of the recipe on this server: its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    seat = {"model": "m"}
    settings = resolve(None, {
        "recipe": "make", "name": "si", "secret": "00112233445566778899aabbccddeeff",
        "seeds": {"source": str(write_tasks(folder))},
        "endpoints": {"default": {"base_url": base_url, "concurrency": concurrency, "patience_s": 0.05}},
        "roles": {"generator": seat, "responder": seat},
        "make": [{"recipe": "self-instruct", "count": 20, "window": 6, **part}],
    })  # fmt: skip
    return create_run(settings, folder / "runs")


async def finish(folder: Path) -> Ending:
    """Run it to its end."""
    return await run(folder, QuietWatcher())


def rows_of(folder: Path, name: str = "dataset") -> list[dict[str, Any]]:
    """What the run made, or dropped."""
    text = (folder / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
