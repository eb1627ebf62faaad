"""How long the page of a large run takes to be built and to be opened, and how large it is.

    python -m benchmarks.pages                 a run of 20 steps and 5,000 rows, made up
    python -m benchmarks.pages --keep DIR      leave the run and its page there

Opening is measured in Chromium where Playwright is installed (`make test-browser` installs it), from the start of the
navigation until the table of items stands.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from autoevol.agents.method import Method, Origin
from autoevol.agents.method_file import dump_method
from autoevol.optimizer.pages.report import write_report

__all__ = ["main", "make_run", "open_seconds"]

_CLASSES = ("answer-leak", "not-harder", "lost-question", "truncated", "solution-hint")
_LETTERS = "etaoinshrdlucmfwypvbgk"


def make_run(folder: Path, *, steps: int = 20, rows: int = 5000, dev: int = 200, candidates: int = 4) -> Path:
    """A run on disk whose texts are as hard to pack as real ones, about 1 KB an item; half of the steps accept one."""
    rng = random.Random(7)
    words = ["".join(rng.choices(_LETTERS, k=rng.randint(2, 9))) for _ in range(6000)]
    weights = list(accumulate(1 / (place + 3) for place in range(len(words))))

    def text(most: int) -> str:
        return " ".join(rng.choices(words, cum_weights=weights, k=rng.randint(most // 2, most)))

    seeds = {f"seed-{number:06d}": text(40) for number in range(dev + 16)}
    names = list(seeds)

    def item(seed: str, method: Method) -> dict[str, Any]:
        score = rng.choice((0.0, 0.0, 0.5, 1.0, 1.0, 1.0))
        findings = [{"kind": rng.choice(_CLASSES), "evidence": text(12), "by": "rule"}] if score < 1 else []
        return {
            "seed_id": seed, "method_id": method.id, "stages": [seeds[seed], text(70)], "response": text(110),
            "findings": findings, "score": score, "parts": {"gates": score}, "cost": 0.0003,
            "calls": [f"{rng.getrandbits(256):064x}" for _ in range(2)],
            "verdict": {"valid": True, "self_contained": True, "consistent": None, "intent_kept": True,
                        "harder": "evolved", "evidence": text(8)},
        }  # fmt: skip

    method = Method(tuple(text(14) for _ in range(6)), name="maths")
    world = _World(names[:dev], names[dev:], item, text, candidates)
    for step in range(steps):
        method = _step(folder / f"steps/{step:03d}", step, method, world)
    _write(folder / "method.md", dump_method(method))
    for label in ("best", "start", "identity", "just-longer"):
        _rows(folder / f"test/{label}.jsonl", (item(seed, method) for seed in names[:100]))
    _rows(folder / "dataset.jsonl", (_row(number, text, rng) for number in range(rows)))
    _rows(folder / "dropped.jsonl", (
        {"seed_id": f"out-{number}", "stage": "apply", "reason": rng.choice(_CLASSES), "detail": text(20)}
        for number in range(rows // 10)
    ))  # fmt: skip
    _json(folder / "status.json", {"state": "finished", "name": "large", "recipe": "auto-evol", "rows_out": rows})
    search = {"steps": steps, "candidates": candidates, "alpha": 0.05}
    _json(folder / "settings.json", {"autoevol": "0", "settings": {"name": "large", "run_seed": 1, "search": search}})
    return folder


def open_seconds(page: Path) -> float | None:
    """Seconds until the table of items stands in a fresh Chromium; None where there is no browser to measure with."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if find_spec("playwright") is None or chromium is None:
        return None
    play = import_module("playwright.sync_api")
    with play.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto(page.as_uri(), wait_until="load")
        tab.wait_for_selector("#matrix a.cell")
        taken: float = tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        browser.close()
    return taken / 1000


def main() -> None:
    """Make the run, build its page, open it, and say how long each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, default=None)
    keep: Path | None = parser.parse_args().keep
    with TemporaryDirectory() as place:
        run = make_run(keep or Path(place) / "large")
        raw = sum(path.stat().st_size for path in run.rglob("*.jsonl"))
        begun, worked = time.perf_counter(), time.process_time()
        page = write_report(run)
        taken, cpu = time.perf_counter() - begun, time.process_time() - worked
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        opened = open_seconds(page)
        print(f"files {raw / 1e6:.1f} MB, page {page.stat().st_size / 1e6:.1f} MB (at most 15)")  # noqa: T201
        print(f"built in {taken:.1f} s, {cpu:.1f} s of CPU (at most 5); peak {peak:.0f} MB")  # noqa: T201
        print("not opened: no browser" if opened is None else f"opened in {opened:.2f} s (under 1)")  # noqa: T201


@dataclass(frozen=True, slots=True)
class _World:
    """What every step is made of."""

    dev: list[str]
    batch: list[str]
    item: Callable[[str, Method], dict[str, Any]]
    text: Callable[[int], str]
    candidates: int


def _step(place: Path, step: int, method: Method, world: _World) -> Method:
    dev, batch, item, text = world.dev, world.batch, world.item, world.text
    _write(place / "method.md", dump_method(method))
    _rows(place / "batch.jsonl", (item(seed, method) for seed in batch))
    _rows(place / "incumbent.jsonl", (item(seed, method) for seed in dev))
    standings: list[dict[str, Any]] = [{"label": "incumbent", "method_id": method.id, "items": len(dev), "mean": 0.6}]
    chosen = method
    for number in range(1, world.candidates + 1):
        origins = (*[Origin(method=method.id)] * 5, Origin(step + 1, "small", text(5), tuple(batch[:3]), "", text(9)))
        made = Method((*method.clauses[:5], text(14)), parent=method.id, origins=origins)
        chosen = made if number == 1 and step % 2 else chosen
        standing = {
            "label": f"c{number}", "method_id": made.id, "items": len(dev), "mean": 0.55 + 0.03 * number,
            "figures": {"difference": 0.03 * number - 0.05, "low": -0.06, "high": 0.14, "p": 0.2, "wins": 30,
                        "losses": 25},
        }  # fmt: skip
        standings.append(standing)
        at = place / f"candidates/{number}"
        _write(at / "method.md", dump_method(made))
        _rows(at / "dev.jsonl", (item(seed, made) for seed in dev))
        _json(at / "candidate.json", {
            "number": number, "operator": "small", "parents": [method.id], "method_id": made.id, "why": text(20),
            "findings": [{"cluster": text(4), "cases": batch[:3], "evidence": text(12), "rule": text(10)}],
            "edits": [{"kind": "replace", "clause": 6, "text": text(9), "reason": text(9), "findings": [1]}],
            "standing": standing,
        })  # fmt: skip
    won = {"accepted": chosen.id, "label": "c1"} if chosen is not method else {}
    _json(place / "decision.json", {"step": step, "reason": text(20), "standings": standings, **won})
    return chosen


def _row(number: int, text: Any, rng: random.Random) -> dict[str, Any]:
    return {
        "id": f"row-{number:06d}", "instruction": text(70), "response": text(160),
        "provenance": {"seed_id": f"seed-{number:06d}", "seed_instruction": text(40), "score": rng.random()},
    }  # fmt: skip


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _json(path: Path, value: Mapping[str, Any]) -> None:
    _write(path, json.dumps(value))


def _rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    _write(path, "".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
