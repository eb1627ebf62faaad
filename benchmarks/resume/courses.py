"""The runs that are killed: small, with every part of the course in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autoevol.optimizer.record.tree import merge

__all__ = ["COURSES", "begin", "write_course"]

_CHECKED: Mapping[str, Any] = {
    "student": True,
    "embedder": True,
    "detectors": ["+agreement"],
    "checks": {"answers": 2, "student_answers": 2, "judge_repeats": 0.3},
}

COURSES: Mapping[str, Mapping[str, Any]] = {
    "recommended": _CHECKED,
    "best-of-n": {"search": {"strategy": "best-of-n"}, "apply_limit": 6, "run_seed": 4},
    "evolutionary": {"search": {"strategy": "evolutionary"}, "apply_limit": 6, "run_seed": 1},
    "gepa": {"search": {"strategy": "gepa", "metric_calls": 60, "dev": 16}, "apply_limit": 3, "run_seed": 1},
    "mipro": {"search": {"strategy": "mipro", "minibatch": 2, "dev": 16}, "apply_limit": 3, "run_seed": 1},
    "paper": {"profile": "paper", "search": {"patience": 3}},
    "official-code": {"profile": "official-code", "apply_limit": 6, "run_seed": 2},
    "evolve": _CHECKED,
    "compare": {"compare": {"pairwise": True, "run_seeds": 2}, **_CHECKED},
    "make": {
        "make": [
            {"recipe": "evol-instruct", "rounds": 1, "guard": "tag", "guard_role": "judge"},
            {"recipe": "auto-evol"},
            {"recipe": "reflection", "guard": "drop"},
            {"recipe": "ifd", "select": 0.8},
            {"recipe": "dedup"},
        ],
        "seeds": {"limit": 7},
        "search": {"steps": 1, "dev": 6, "test": 1, "batch": 2},
        "roles": {"guard": {"model": "sim-guard"}},
    },
    "panel": {
        "make": [
            {
                "recipe": "panel",
                "count": 5,
                "votes": 2,
                "members": {
                    "diverse": {},
                    "far": {"recipe": "diverse", "start": 3},
                    "facility": {"of": "both"},
                    "deita": {"way": "direct", "samples": 2},
                    "lima": {"shortest": 1},
                },
            },
        ],
        "seeds": {"limit": 16},
        "roles": {"embedder": {"model": "sim-embed"}},
    },
    # For the test suite: a few of everything.
    "few": {**_CHECKED, "search": {"dev": 6, "test": 1, "batch": 2}, "apply_limit": 6},
    # With a second step a cap that stops the run late would end the search early, and that stays on record.
    "one-step": {**_CHECKED, "search": {"steps": 1, "dev": 6, "test": 1, "batch": 2}, "apply_limit": 6},
}
"""What each says beside `_EACH`; `recommended` with judge, sandbox, agreement, student and embeddings."""

_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "evolve": ("evolve",),
    "make": ("make",),
    "panel": ("make",),
    "compare": ("compare", "general", "just-longer", "evol-instruct", "--items", "3"),
}
_EACH: Mapping[str, Any] = {
    "name": "run",
    "run_seed": 7,
    "secret": "00112233445566778899aabbccddeeff",
    "model": "sim",
    "seeds": {"source": "seeds.jsonl"},
    "search": {
        "steps": 2, "batch": 3, "candidates": 2, "dev": 10, "test": 4, "rungs": [4], "least_dev": 4, "alpha": 0.99,
    },
}  # fmt: skip


def write_course(folder: Path, name: str, base_url: str, **more: object) -> Path:
    """Settings and seeds of a course, in a folder of its own.

    Args:
        folder: is made.
        name: one of `COURSES`.
        base_url: of the provider.
        more: settings beside those of the course, as a tree.
    """
    folder.mkdir(parents=True)
    rows = [_seed(number) for number in range(26)]
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    # Which texts wait together is a matter of the moment, and so would be how many calls and tokens they take.
    endpoint = {"base_url": base_url, "concurrency": 5, "patience_s": 0.2, "embedding_batch": 1}
    said = merge(merge(_EACH, COURSES[name]), {"endpoints": {"default": endpoint}, **more})
    (folder / "run.json").write_text(json.dumps(said), encoding="utf-8")
    return folder / "run.json"


def begin(config: Path, runs: Path) -> list[str | Path]:
    """The arguments that begin a run of a course, as `write_course` has written it."""
    command = [*_COMMANDS.get(config.parent.name, ("optimize",))]
    said = command[0] in {"optimize", "make"}
    seeds: list[str | Path] = [] if said else ["--seeds", config.with_name("seeds.jsonl")]
    return [*command, *seeds, "--config", config, "--runs", runs, "--yes", "--quiet"]


def _seed(number: int) -> dict[str, str]:
    """Sums, and functions to write whose examples the sandbox can run."""
    if number % 2:
        return {
            "question": f"Box {number} holds {number + 3} red and {2 * number + 5} blue balls. How many are there?",
            "answer": f"#### {3 * number + 8}",
        }
    text = f"Write a Python function double_{number}(x) that gives twice its argument."
    return {
        "question": f"{text}\n\n>>> double_{number}({number + 2})\n{2 * number + 4}",
        "answer": f"```python\ndef double_{number}(x):\n    return x + x\n```",
    }
