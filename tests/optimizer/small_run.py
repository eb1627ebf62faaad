"""A run small enough to be broken often, with every stage in it, and what it leaves."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["evolve_with", "only_run", "optimize_with", "results", "write_config"]

ROLES = ("evolver", "responder", "analyst", "refiner", "judge")


def write_config(folder: Path, base_url: str) -> Path:
    """Settings of a run on this server, with a file of 24 seeds beside them."""
    rows = [{"question": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many?"} for n in range(24)]
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    said = {
        "name": "bad",
        "secret": "0011223344556677",
        "seeds": {"source": "seeds.jsonl"},
        "endpoints": {"default": {"base_url": base_url, "concurrency": 4, "patience_s": 0.05}},
        "roles": {role: {"model": f"m-{role}"} for role in ROLES},
        "search": {"steps": 1, "batch": 3, "candidates": 2, "dev": 6, "test": 3},
    }
    (folder / "run.json").write_text(json.dumps(said), encoding="utf-8")
    return folder / "run.json"


def only_run(folder: Path) -> Path:
    """The folder of the one run there is."""
    (run,) = (folder / "runs").iterdir()
    return run


def results(run: Path) -> dict[str, str]:
    """What a run is about: every record but settings, journal, events and what shows the budget or times."""
    files = {str(path.relative_to(run)): path for path in run.rglob("*") if path.is_file()}
    apart = ("settings.json", "journal", "events", "status.json", "report.html")
    return {name: path.read_text(encoding="utf-8") for name, path in files.items() if not name.startswith(apart)}


def optimize_with(config: Path) -> list[str]:
    """Arguments of the whole job."""
    return ["optimize", "--config", str(config), "--yes", "--quiet"]


def evolve_with(config: Path, seeds: int = 3) -> list[str]:
    """Arguments that apply the starting method to the first seeds, without a judge."""
    return ["evolve", "--config", str(config), "--yes", "--quiet", "--no-judge", "--apply-limit", str(seeds)]
