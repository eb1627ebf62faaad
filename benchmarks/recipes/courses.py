"""The runs that are measured: one of each recipe, on the simulated provider, with rows that differ from each other."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["COURSES", "write_course"]

_THINGS = (
    "lamp", "garden", "engine", "letter", "bridge", "school", "market", "river", "clock", "train", "recipe", "museum",
    "forest", "harbour", "orchestra", "library", "bakery", "island", "telescope", "village",
)  # fmt: skip
_ASKED = (
    "Explain how {a} and {b} depend on each other", "Write a short story about {a} beside {b}",
    "Compare the cost of {a} with that of {b}", "List five questions that {a} raises for {b}",
    "Plan a day on which {a} has to be moved to {b}", "Name what {a} has that {b} lacks",
)  # fmt: skip

COURSES: Mapping[str, Callable[[int], tuple[int, Mapping[str, Any]]]] = {
    "evol-instruct": lambda rows: (rows // 4, {"rounds": 3}),
    "evol-instruct-guard": lambda rows: (rows // 4, {"rounds": 3, "guard": "tag"}),
    "self-instruct": lambda rows: (40, {"count": rows}),
    "magpie": lambda rows: (0, {"count": rows, "template": "qwen2.5"}),
    "reflection": lambda rows: (rows, {}),
}
"""By name: how many seeds for so many rows, and the settings of the recipe."""


def write_course(folder: Path, name: str, rows: int, base_url: str, **endpoint: object) -> Path:
    """Settings and seeds of one run, in a folder of its own; the value is the settings file."""
    folder.mkdir(parents=True)
    seeds, said = COURSES[name](rows)
    recipe = name.removesuffix("-guard")
    tree: dict[str, Any] = {
        "name": "run", "secret": "00112233445566778899aabbccddeeff", "model": "sim",
        "endpoints": {"default": {"base_url": base_url, **endpoint}},
        "roles": {"guard": {"model": "sim-guard"}}, "make": [{"recipe": recipe, **said}],
    }  # fmt: skip
    if seeds:
        with (folder / "seeds.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(_seed(number)) + "\n" for number in range(seeds))
        tree["seeds"] = {"source": str(folder / "seeds.jsonl")}
    (folder / "run.json").write_text(json.dumps(tree), encoding="utf-8")
    return folder / "run.json"


def _seed(number: int) -> dict[str, str]:
    """A task in words that hardly another has."""
    draw = random.Random(number)
    first, second = (f"the {draw.choice(_THINGS)} of {_name(draw)}" for _ in range(2))
    text = f"{draw.choice(_ASKED).format(a=first, b=second)}, in the year {1000 + number % 1000}."
    return {"instruction": text, "response": f"{_name(draw)} says that {first} needs {second} {number} times a year."}


def _name(draw: random.Random) -> str:
    return "".join(draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in range(4)).capitalize()
