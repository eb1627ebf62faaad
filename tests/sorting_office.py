"""A small world for programs of DSPy: messages that are to be sorted, and a model that does it by its instructions.

    with model_server(sorts) as server:
        ...

The model sorts well when its instructions hold `RULE`; else it is wrong on two of three. As an analyst it says so, as a
refiner it writes the rule where it was found, so a search finds it. Its answers are functions of what is asked.
"""

from __future__ import annotations

import re
from typing import Any

from tests.model_server import Body, ModelReply

__all__ = ["RULE", "chat", "examples", "right", "sorts", "tree"]

RULE = "Whatever is about money is billing."
_SUBJECTS = ("an invoice", "a crash", "a refund", "a login")
_FINDING = "problem: money is not told apart\ncases: all\nquote: none\nrule: Say that money is billing."


def examples(dspy: Any, count: int = 80) -> list[Any]:
    """Messages with their labels."""
    rows = ((f"Message number {n} is about {_SUBJECTS[n % 4]}.", n % 2) for n in range(count))
    return [dspy.Example(text=text, label="technical" if odd else "billing").with_inputs("text") for text, odd in rows]


def right(gold: Any, prediction: Any, _trace: Any = None) -> bool:
    """A metric."""
    return bool(gold.label == prediction.label)


def tree(base_url: str, **said: Any) -> dict[str, Any]:
    """Settings of a small search."""
    search = {"steps": 1, "candidates": 2, "batch": 6, **said.pop("search", {})}
    return {
        "model": "m",
        "budget": {"calls": 5000},
        "endpoints": {"default": {"base_url": base_url, "rpm": 60000, "concurrency": 16}},
        "search": search,
        **said,
    }


def chat(body: Body) -> tuple[str, str]:
    """What the model was told, and what it was asked last."""
    messages = body["messages"]
    return str(messages[0]["content"]), str(messages[-1]["content"])


def sorts(body: Body) -> ModelReply:
    """The model."""
    told, asked = chat(body)
    if "You examine one part" in told:
        return ModelReply(f"<findings>\n{_FINDING}\n</findings>")
    if "You improve the instruction" in told:
        return ModelReply(_proposed(asked))
    number = int(re.findall(r"Message number (\d+)", asked)[-1])
    truth = "technical" if number % 2 else "billing"
    label = truth if RULE in told or number % 3 == 0 else "other"
    return ModelReply(f"[[ ## label ## ]]\n{label}\n\n[[ ## completed ## ]]")


def _proposed(asked: str) -> str:
    if "four lines" in asked:
        return f"<instruction>\nfinding: 1\ntext: {RULE}\nclause: add\nreason: it was not told\n</instruction>"
    return "<why>other words</why>\n<instruction>\nSort the message.\nUse good sense.\n</instruction>"
