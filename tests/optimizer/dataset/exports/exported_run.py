"""A run on disk as its files are, with every kind of row in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autoevol.optimizer.record.by_hand import text_sign

__all__ = ["ROWS", "read_lines", "write_comparison", "write_lines", "write_run"]

TURNS = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}]
ROWS: list[dict[str, Any]] = [
    {
        "id": "seed-000001", "instruction": "Add 2 and 3.", "response": "5", "system": "", "context": [],
        "provenance": {"seed_id": "seed-000001", "seed_instruction": "Add.", "models": ["m"], "score": 1.0,
                       "cost": 0.5},
    },
    {
        "id": "magpie-000001", "instruction": "And in French?", "response": "Salut.", "system": "Be brief.",
        "context": TURNS,
        "provenance": {"seed_id": "magpie-000001", "models": ["m", "n"], "score": None, "cost": None,
                       "recipe": "magpie", "guard": {"by": "guard", "unsafe": True, "categories": ["S1"]}},
    },
    {
        "id": "1-self-instruct-000001", "instruction": "Sort the words.\n\nb, a", "response": "a, b", "system": "",
        "context": [],
        "provenance": {"seed_id": "x", "models": ["m"], "recipe": "self-instruct", "task": "Sort the words.",
                       "input": "b, a"},
    },
    {"id": "seed-000002", "instruction": "Say nothing.", "response": "", "system": "", "context": [], "provenance": {}},
]  # fmt: skip


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """A JSONL file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Its rows."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_run(folder: Path, rows: Iterable[Mapping[str, Any]] = ROWS) -> Path:
    """A finished run of Magpie with pairs and rated answers, of which its guard dropped the second row."""
    write_lines(folder / "dataset.jsonl", rows)
    place = folder / "1-magpie"
    write_lines(place / "dataset.jsonl", [{"id": "m-1"}, {"id": "m-2"}])
    write_lines(place / "guarded" / "dataset.jsonl", [{"id": "m-1"}])
    pair = {
        "prompt": [*TURNS, {"role": "user", "content": "Why?"}],
        "chosen": [{"role": "assistant", "content": "Because."}],
        "rejected": [{"role": "assistant", "content": "No."}], "chosen_reward": 2.0, "rejected_reward": -1.0,
    }  # fmt: skip
    write_lines(place / "preferences.jsonl", [{"id": "m-1", **pair}, {"id": "m-2", **pair}])
    turns: list[dict[str, Any]] = [{"instruction": "Hello?", "raw": "", "rules": [], "answer": "Hi."},
                                   {"instruction": "Why?", "raw": "", "rules": [], "answer": "Since."}]  # fmt: skip
    measured = {"reward": 0.5, "answer-1": "Because.", "answer-1-reward": 2.0, "answer-2": "No.",
                "answer-2-reward": -1.0, "answer-3": "Unrated.", "base": "Er.", "base-reward": 0.25,
                "reward_by": "judge"}  # fmt: skip
    made = [{"id": "m-1", "turns": turns, "measured": measured}, {"id": "m-2", "turns": turns, "measured": measured}]
    write_lines(place / "made.jsonl", made)
    status = {
        "state": "finished", "recipe": "make", "profile": "recommended", "rows_in": 9, "rows_out": 4, "calls": 1234,
        "tokens": 5678, "cost_usd": 1.25, "dropped": {"harmful": 1}, "story": "It `went` well.", "started": "then",
        "parts": [{"place": "1-magpie", "in": 0, "created": 5, "out": 4, "dropped": {"harmful": 1},
                   "rows": "1-magpie/guarded/dataset.jsonl",
                   "guard": {"looked": 5, "harmful": 1, "silent": 0, "share": 0.2}}],
    }  # fmt: skip
    (folder / "status.json").write_text(json.dumps(status), encoding="utf-8")
    (folder / "settings.json").write_text(
        json.dumps({"autoevol": "0.1.0", "settings": {"seeds": {"source": "/secret/place/seeds.jsonl"}}}), "utf-8"
    )
    (folder / "method.md").write_text("---\nname: x\n---\n\n1. Use ``` fences.\n", encoding="utf-8")
    edits = [
        {"row": "seed-000001", "at": "now", "sign": text_sign("Add 2 and 3.", "5"), "instruction": "Add 2 and 4.",
         "response": "6"},
        {"row": "magpie-000001", "at": "now", "sign": "of another text", "instruction": "Gone?", "response": "Gone."},
    ]  # fmt: skip
    write_lines(folder / "edits.jsonl", edits)
    return folder


def _item(seed: int, evolved: str | None, response: str | None, **more: Any) -> dict[str, Any]:
    stages = [f"Seed {seed}.", *([evolved] if evolved else [])]
    return {"set": "s", "evolver": "e", "draw": 0, "seed_id": f"seed-{seed}", "method_id": "m", "stages": stages,
            "fault": "" if evolved else "unreadable", "response": response, "findings": [], **more}  # fmt: skip


def write_comparison(folder: Path) -> Path:
    """A comparison of methods a and b, each of which failed on items that the other did."""
    write_lines(folder / "settings.json", [{"autoevol": "0.1.0", "settings": {}}])
    write_lines(folder / "compare" / "a.jsonl", [
        _item(3, "A3?", "Yes."), _item(1, "A1?", "Yes."), _item(2, None, None), _item(4, "A4?", None),
        _item(5, "A5?", "Yes."),
    ])  # fmt: skip
    write_lines(folder / "compare" / "b.jsonl", [
        _item(1, "B1?", "No."), _item(2, "B2?", "No."), _item(3, "B3?", "No.", findings=[{"kind": "x"}]),
        _item(4, "B4?", "No."), _item(5, "B5?", "No.", response_fault="truncated"),
    ])  # fmt: skip
    return folder
