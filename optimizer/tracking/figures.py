"""What experiment trackers get of a run: parameters, figures of steps and of the end, and files.

All of it is read from the files of the run by the readers of its report, so what a tracker missed can be told later.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ...agents.gateway.books.bills import finished_calls
from ...agents.gateway.books.ledger import Sum
from ...agents.gateway.errors import StorageError
from ..pages.comparison_table import read_comparison
from ..pages.files import RunFiles
from ..pages.records import ComparisonRecord, ConfirmationRecord, DecisionRecord, StatusRecord
from ..pages.steps import challenger
from ..record.config import freeze
from ..record.keys import hide_keys
from ..record.settings import Settings

__all__ = ["FILES", "StepFigures", "last_figures", "params_of", "steps_of"]

FILES = ("method.md", "report.html", "compare.html", "ablation.html", "compare.json", "dataset.jsonl", "dropped.jsonl")
"""What is kept of a finished run, where it is there."""
_LEFT_OUT = (
    "secret", "on_event", "track", "headers", "proxy", "key_env", "key_file", "organization", "project", "ca_file",
    # Paths tell of a person's machine, and replicas of where their keys are; which endpoint was asked is worth knowing.
    "replicas", "reuse", "prompts", "source", "local", "script",
)  # fmt: skip
_LONGEST = 500
_NO_NAME = re.compile(r"[^\w\-. /]")
_STEP = re.compile(r"(?:^|/)steps/(\d{1,9})(?:/|$)")


@dataclass(frozen=True, slots=True)
class StepFigures:
    """A decided step.

    Args:
        place: the folder of its recipe inside the run, empty for the run's own.
        step: from 1.
        figures: numbers by name.
        method: name and text of the method that the run goes on with, where that is a new one.
    """

    place: str
    step: int
    figures: Mapping[str, float]
    method: tuple[str, str] | None

    @property
    def id(self) -> str:
        """Its name in the run."""
        return f"{self.place}/{self.step}" if self.place else str(self.step)


def params_of(settings: Settings) -> dict[str, str]:
    """The settings, flat, as texts; without secrets, paths of the person's machine and what says nothing."""
    return dict(_flat(freeze(settings), ""))


def _flat(tree: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if name in _LEFT_OUT or value is None or value in ("", [], {}):
            continue
        here = f"{before}{_name(name)}"
        if isinstance(value, dict):
            yield from _flat(cast("dict[str, Any]", value), f"{here}.")
        else:
            yield here, hide_keys(value if isinstance(value, str) else str(value))[:_LONGEST]


def steps_of(folder: Path) -> Iterator[StepFigures]:
    """The decided steps of a run, also those of searches inside a run of recipes, in order."""
    files = RunFiles(folder)
    calls = _calls(folder)
    for place in _places(folder):
        at = f"{place}/" if place else ""
        for number in files.numbers(f"{at}steps"):
            decision = files.record(f"{at}steps/{number:03d}/decision.json", DecisionRecord)
            if decision is not None and decision.standings:
                spent = sum((one for name, one in calls if _by_then(name, at, number)), Sum())
                yield _step(files, at, number, decision, spent)


def _places(folder: Path) -> list[str]:
    try:
        inside = sorted(child.name for child in folder.iterdir() if (child / "steps").is_dir())
    except OSError:
        inside = []
    return ["", *inside]


def _calls(folder: Path) -> list[tuple[str, Sum]]:
    try:
        return [(entry.stage, entry.sum) for entry in finished_calls(folder)]
    except StorageError:
        return []


def _by_then(stage: str, at: str, number: int) -> bool:
    found = _STEP.search(stage)
    return found is not None and stage.startswith(at) and int(found[1]) <= number


def _step(files: RunFiles, at: str, number: int, decision: DecisionRecord, spent: Sum) -> StepFigures:
    incumbent = decision.standings[0].mean if decision.standings else None
    best = challenger(decision)
    found: dict[str, float | None] = {
        "dev/score": best.mean if best and decision.accepted else incumbent,
        "dev/incumbent": incumbent, "dev/challenger": best.mean if best else None,
        **_compared("dev", best.figures if best else ComparisonRecord()),
        "accepted": float(bool(decision.accepted)), "raced": float(max(len(decision.standings) - 1, 0)),
        **_spent(spent),
    }  # fmt: skip
    method = None
    if decision.accepted and decision.label and re.fullmatch(r"c\d{1,6}", decision.label):
        text = files.text(f"{at}steps/{number:03d}/candidates/{decision.label[1:]}/method.md")
        method = None if text is None else (f"methods/{at}step-{number + 1:03d}.md", text)
    elif number == 0:
        text = files.text(f"{at}steps/000/method.md")
        method = None if text is None else (f"methods/{at}start.md", text)
    return StepFigures(at.rstrip("/"), number + 1, _known(found, at), method)


def _compared(set_name: str, figures: ComparisonRecord) -> dict[str, float | None]:
    return {f"{set_name}/{name}": getattr(figures, name) for name in ("difference", "low", "high", "p")}


def _spent(spent: Sum) -> dict[str, float | None]:
    return {"calls": float(spent.calls), "tokens": float(spent.tokens), "usd": spent.cost}


def last_figures(folder: Path) -> dict[str, float]:
    """What the whole run came to, as far as it went."""
    files = RunFiles(folder)
    status = files.record("status.json", StatusRecord) or StatusRecord()
    spent = sum((one for _, one in _calls(folder)), Sum())
    found: dict[str, float | None] = {f"total/{name}": value for name, value in _spent(spent).items()}
    if status.rows_out is not None:
        found |= {"rows/out": float(status.rows_out), "rows/dropped": float(sum(status.dropped.values()))}
    confirmation = files.record("test/confirmation.json", ConfirmationRecord)
    if confirmation is not None:
        found |= {f"test/score/{one.label}": one.mean for one in confirmation.standings}
        found |= _compared("test", confirmation.against.get("start", ComparisonRecord()))
        found["test/confirmed"] = float(confirmation.verdict == "confirmed")
    comparison = read_comparison(files)
    for one in comparison.contestants if comparison else ():
        found[f"compare/{one.label}/mean"] = one.mean
    return _known(found, "")


def _known(figures: Mapping[str, float | None], at: str) -> dict[str, float]:
    return {
        f"{at}{_name(name)}": value for name, value in figures.items() if value is not None and math.isfinite(value)
    }


def _name(text: str) -> str:
    """As every tracker takes it."""
    return _NO_NAME.sub("_", text)[:200]
