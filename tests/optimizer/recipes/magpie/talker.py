"""A server of raw completions whose model speaks as a user where a user's turn is open, and what else Magpie asks.

Tokens are counted as a tokenizer would: a special token is one, a word is one. `bos` puts so many in front; `renders`
makes the server a liar that renders a chat template round every prompt.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoevol.optimizer.pages.watcher import QuietWatcher
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.session import Ending, create_run, run
from tests.model_server import Body, ModelReply

__all__ = ["PATHS", "Talker", "made", "rows", "settings_of"]

PATHS = ("/completions", "/embeddings", "/apply-template", "/classify", "/pooling")
_TOKEN = re.compile(r"<[|｜][^|｜]*[|｜]>|</?s>|\w+|[^\w\s]")
_SAID = (
    "Task: How do boats with {n} oars keep their course?",
    "What is {n} plus {n}?\n\nAnswer: {m}",
    "Sure, here is a poem about {n} crows.",
    "Write a function that sorts {n} numbers.\nIt takes a list.\nIt returns a new one.",
    '"Why is the sky blue on {n} days of the year?"',
    "Name {n} towns that lie on a river, and the river.",
)


@dataclass
class Talker:
    """Answers as a function of the body."""

    bos: int = 0
    renders: bool = False
    counts: bool = True
    template: bool = True

    def __call__(self, body: Body) -> ModelReply:
        """Whatever is asked for."""
        if "prompt" in body:
            return self._continued(body)
        if "input" in body:
            vector = [1.0, *(number(body["input"], place) % 97 / 97 for place in range(3))]
            return _json({"data": [{"embedding": vector}], "usage": {"prompt_tokens": 3, "total_tokens": 3}})
        if "add_generation_prompt" in body:
            return self._rendered(body) if self.template else ModelReply("no such path", status=404)
        if "use_activation" in body:
            chance = number(json.dumps(body["messages"]), 1)
            return _json({"data": [{"probs": [chance % 40 / 2 - 12]}], "usage": {"prompt_tokens": 3}})
        return _chat(body)

    def _continued(self, body: Body) -> ModelReply:
        prompt, text = str(body["prompt"]), "It is known that nobody knows."
        if prompt.endswith("three four"):
            text = "Sure! What comes next?" if self.renders else " five six seven "
        elif prompt.endswith(("user\n", "user<|end_header_id|>\n\n")):
            n = number(body.get("seed"), body["temperature"], prompt) % 1000
            text = _SAID[n % len(_SAID)].format(n=n, m=2 * n)
        elif prompt.endswith("# Answer\n"):
            text = f"Nobody knows, said {number(prompt) % 9} of us."
        elif prompt.endswith("assistant\n") and body["temperature"]:
            text = f"An answer of {number(body.get('seed'), prompt) % 50 * 'very '}many words."
        usage = len(_TOKEN.findall(prompt)) + self.bos + 14 * self.renders
        told = {"prompt_tokens": usage, "completion_tokens": len(text.split())}
        choice = {"index": 0, "text": text, "finish_reason": "stop"}
        return _json({"model": "talker", "choices": [choice], **({"usage": told} if self.counts else {})})

    def _rendered(self, body: Body) -> ModelReply:
        turns = "".join(f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n" for turn in body["messages"])
        return _json({"prompt": f"{turns}<|im_start|>assistant\n"})


def _chat(body: Body) -> ModelReply:
    """The tagger and the judge, by what they are asked for."""
    ask = str(body["messages"][-1]["content"])
    chance = number("quality:" in ask, *re.findall(r"<<<\w+ \w+\n(.*?)\n\w+ \w+>>>", ask, re.DOTALL))
    if "mark:" in ask:
        return ModelReply(f"<rating>\nreason: so it is\nmark: {chance % 10 + 1}\n</rating>")
    if "quality:" in ask:
        return ModelReply(f"<tags>\nexplanation: clear\nquality: {('poor', 'good', 'excellent')[chance % 3]}\n</tags>")
    if "difficulty:" in ask:
        return ModelReply(f"<tags>\nintent: i\nknowledge: k\ndifficulty: {('easy', 'medium')[chance % 2]}\n</tags>")
    if "category:" in ask:
        return ModelReply("<tags>\ncategory: Coding and Debugging\nother: Math\n</tags>")
    return ModelReply(f"How do I mend {chance % 90 + 3} shoes in one evening?")


def _json(value: object) -> ModelReply:
    return ModelReply(body=json.dumps(value).encode())


def number(*parts: object) -> int:
    """Chance that is a function of the parts."""
    return int(hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:8], 16)


def settings_of(base_url: str, part: dict[str, Any], model: str = "qwen2-talker", **said: Any) -> Any:
    """Settings of a run of Magpie alone, on this server."""
    tree: dict[str, object] = {
        "recipe": "make", "name": "mag", "secret": "0011223344556677", "make": [{"recipe": "magpie", **part}],
        "endpoints": {"default": {"base_url": base_url, "concurrency": 6, "patience_s": 0.05}}, "model": model, **said,
    }  # fmt: skip
    return resolve(None, tree)


async def made(folder: Path, base_url: str, part: dict[str, Any], **said: Any) -> tuple[Ending, Path]:
    """Run it to its end."""
    place = create_run(settings_of(base_url, part, **said), folder / "runs")
    return await run(place, QuietWatcher()), place


def rows(place: Path, name: str = "dataset") -> list[dict[str, Any]]:
    """The rows of a file of the part."""
    return [json.loads(line) for line in (place / f"1-magpie/{name}.jsonl").read_text(encoding="utf-8").splitlines()]
