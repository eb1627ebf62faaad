"""The folder of a run on disk, written by hand: small, with every part that a report shows.

Every text of a seed or model in it is `text`, so that hostile ones can be tried everywhere at once.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import anyio

from autoevol.agents.gateway.books.journal import Finished, Journal
from autoevol.agents.gateway.outcomes import Answer, NoAnswer, Outcome, Usage
from autoevol.agents.gateway.requests import Decoding, Request, Turn, request_key
from autoevol.agents.method import Method
from autoevol.agents.method_file import dump_method

__all__ = ["START", "WINNER", "change", "without", "write_calls", "write_run"]

START = Method(("Read the problem twice.", "Add one more calculation."), name="maths")
WINNER = Method(("Read the problem twice.", "Add one more hidden calculation.", "Keep the units."), parent=START.id)
REFUSED = Method((*START.clauses, "Put it between <evolved> tags."), parent=START.id)


def write_run(folder: Path, text: str = "a text") -> Path:
    """One step in which candidate 1 won, 2 was refused and 3 could not be read; a test; 3 rows out, 2 dropped."""
    folder.mkdir(parents=True, exist_ok=True)
    _json(folder / "settings.json", _settings())
    _json(folder / "status.json", _status(text))
    (folder / "events.jsonl").write_text("", encoding="utf-8")
    _step(folder / "steps" / "000", text)
    (folder / "method.md").write_text(dump_method(WINNER), encoding="utf-8")
    _test(folder / "test", text)
    _rows(folder / "dataset.jsonl", (_data(number, text) for number in range(3)))
    _rows(folder / "dropped.jsonl", (_dropped(number, reason, text) for number, reason in enumerate(("x", "y"), 3)))
    return folder


def change(path: Path, **fields: Any) -> None:
    """Change fields of a JSON file."""
    _json(path, {**json.loads(path.read_text(encoding="utf-8")), **fields})


def without(path: Path) -> None:
    """Take a file or folder of a run away."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


async def write_calls(folder: Path, calls: Iterable[tuple[str, str, float | None]]) -> None:
    """A journal with a call for each (role, stage, cost): 10 tokens in and 5 out; the last one without an answer."""
    listed = list(calls)
    with Journal(folder) as journal:
        async with anyio.create_task_group() as group:
            for number, (role, stage, cost) in enumerate(listed):
                turns = (Turn("user", f"{number}"),)
                request = Request("default", "m", turns, Decoding(9), 0, role, f"{stage}/{number}", stage)
                key = request_key(request)
                outcome: Outcome = Answer(key, "x", usage=Usage(10, 5), cost=cost)
                if number == len(listed) - 1:
                    outcome = NoAnswer(key, "empty", usage=Usage(10, 5), cost=cost)
                group.start_soon(journal.finish, Finished(key, request, outcome))


def _settings() -> dict[str, Any]:
    return {
        "autoevol": "0.1.0",
        "fingerprints": {"seeds": "0"},
        "settings": {
            "name": "sample",
            "secret": "5ec2e7" * 5,
            "endpoints": {"default": {"local": "smollm2-135m", "base_url": None}},
            "search": {"steps": 1, "candidates": 3, "alpha": 0.05, "margin": 0.0},
            "apply_limit": None,
        },
    }


def _status(text: str) -> dict[str, Any]:
    return {
        "state": "finished",
        "name": text,
        "recipe": "auto-evol",
        "profile": "recommended",
        "started": "2026-01-01T00:00:00+00:00",
        "search_stopped": "all 1 steps were made",
        "confirmation": "confirmed",
        "applied_method": WINNER.id,
        "seeds": {
            "read": 9, "good": 5, "duplicates": 1, "empty": 1, "malformed": 2, "seeds": 5, "problems": [[4, text]],
        },
        "split": {"train": 2, "dev": 2, "test": 1},
        "rows_in": 5, "rows_out": 3, "dropped": {"x": 1, "y": 1}, "pending": 0,
        "story": text, "calls": 12, "tokens": 400, "cost_usd": 0.0,
    }  # fmt: skip


def _step(folder: Path, text: str) -> None:
    incumbent = _standing("incumbent", START, 0.25, {text: 1})
    figures = {"difference": 0.5, "low": 0.1, "high": 0.9, "p": 0.004, "wins": 5, "losses": 1, "better": True}
    winner = {**_standing("c1", WINNER, 0.75, {}), "figures": figures}
    folder.mkdir(parents=True)
    (folder / "method.md").write_text(dump_method(START), encoding="utf-8")
    _rows(folder / "batch.jsonl", [_trajectory("seed-000001", text, 0.0)])
    _rows(folder / "incumbent.jsonl", [_trajectory("seed-000002", text, 0.0), _trajectory("seed-000003", text, 0.5)])
    for number, method, problems in ((1, WINNER, []), (2, REFUSED, [text]), (3, None, [text])):
        place = folder / "candidates" / str(number)
        place.mkdir(parents=True)
        _json(place / "candidate.json", _candidate(number, method, problems, text, winner if number == 1 else None))
        if method is None:
            (place / "unreadable.txt").write_text(text, encoding="utf-8", errors="replace")
        else:
            (place / "method.md").write_text(dump_method(method), encoding="utf-8")
    won = [_trajectory("seed-000002", text, 0.5), _trajectory("seed-000003", text, 1.0)]
    _rows(folder / "candidates" / "1" / "dev.jsonl", won)
    _json(
        folder / "decision.json",
        {"step": 0, "accepted": WINNER.id, "label": "c1", "reason": text, "undecidable": False,
         "standings": [incumbent, winner]},
    )  # fmt: skip


def _candidate(
    number: int, method: Method | None, problems: list[str], text: str, standing: Mapping[str, Any] | None
) -> dict[str, Any]:
    findings = [{"cluster": text, "cases": [text], "evidence": text, "rule": text}]
    row: dict[str, Any] = {
        "number": number, "method_id": method.id if method else None, "why": text, "problems": problems,
        "findings": findings, "calls": [],
    }  # fmt: skip
    return row if standing is None else {**row, "standing": standing}


def _standing(label: str, method: Method, mean: float, findings: dict[str, int]) -> dict[str, Any]:
    return {
        "label": label, "method_id": method.id, "items": 2, "mean": mean, "dropped_at": None, "findings": findings,
    }  # fmt: skip


def _trajectory(seed: str, text: str, score: float) -> dict[str, Any]:
    """A score under 1 has a finding."""
    findings = [{"kind": text, "evidence": text, "by": "rule"}] if score < 1 else []
    verdict = {"valid": True, "self_contained": None, "intent_kept": False, "harder": "evolved", "evidence": text}
    return {
        "seed_id": seed, "method_id": START.id, "stages": [text, text], "fault": "", "response": text,
        "response_fault": "", "findings": findings, "verdict": verdict, "score": score, "calls": [], "cost": 0.0,
    }  # fmt: skip


def _test(folder: Path, text: str) -> None:
    folder.mkdir()
    against = {"difference": 0.5, "low": 0.2, "high": 0.8, "p": 0.01, "better": True, "wins": 7, "losses": 2}
    standings = [
        _standing("start", START, 0.25, {text: 1}), _standing("best", WINNER, 0.75, {}),
        _standing("identity", START, 0.0, {}), _standing("just-longer", START, 0.5, {}),
    ]  # fmt: skip
    _json(
        folder / "confirmation.json",
        {"verdict": "confirmed", "reason": text, "method_id": WINNER.id, "standings": standings,
         "against": {"start": against, "identity": against, "just-longer": against}},
    )  # fmt: skip


def _data(number: int, text: str) -> dict[str, Any]:
    return {
        "id": f"seed-{number + 1:06d}", "instruction": text, "response": text, "system": text, "context": [],
        "reasoning": text,
        "provenance": {
            "seed_id": f"seed-{number + 1:06d}", "line": number + 1, "seed_instruction": text, "method_id": WINNER.id,
            "rounds": 1, "calls": [], "findings": [{"kind": text, "evidence": text, "by": "judge"}], "cost": 0.0,
        },
    }  # fmt: skip


def _dropped(number: int, reason: str, text: str) -> dict[str, Any]:
    return {
        "seed_id": f"seed-{number + 1:06d}", "stage": "apply", "reason": reason, "detail": text,
        "findings": [{"kind": f"other {reason}", "evidence": text, "by": "rule"}], "calls": [], "cost": 0.0,
    }  # fmt: skip


def _json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def _rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
