"""The report of a run: one self-contained HTML file, made from the files of the run alone.

The same files give the same bytes: no clock, no durations, nothing of attempts or restarts. Texts of models and seeds
are escaped by the template, and the page's policy lets nothing load and nothing run but our own script.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ...agents.method import Method
from ..record.changes import EVENT as SETTING
from ..record.changes import Change as SettingChange
from ..record.folder import write_atomically
from ..record.keys import hide_keys
from ..record.quirks import changes_of
from ..record.rivals import RIVALS
from . import numbers
from .against import Against, read_against
from .ancestry import Fork, read_tree
from .chart import draw_scores
from .classes import Classes, read_classes
from .counts import Balance, balances
from .external import ExternalView, read_external
from .files import RunFiles
from .judge import JUDGE, JudgeView, read_judge
from .lineage import Change, changes, read_method
from .making import PartView, read_parts
from .plot import Drawing
from .records import ConfirmationRecord, EventRecord, FrozenRecord, SearchRecord, StatusRecord
from .rendering import render
from .rows import Data, Dropped, Picked, read_data, read_dropped, read_picked
from .spending import Spending, read_spending
from .steps import StepView, read_steps
from .story import Findings, Story, tell
from .whole import Whole, read_whole

__all__ = ["REPORT", "gather", "report_text", "settings_lines", "told_status", "write_report"]

REPORT = "report.html"
# What a reader may want to open beside the page, in this order.
_FILES: Mapping[str, str] = {
    "method.md": "the best method, readable and loadable",
    "dataset.jsonl": "the finished rows",
    "dropped.jsonl": "the other rows, each with its reason",
    "unused.jsonl": "lines of the source that could not be used, each with its reason",
    "test/confirmation.json": "the confirmation on test",
    JUDGE: "how steady the judge is",
    "steps": "every step: method, trajectories, candidates, decision",
    "settings.json": "the frozen settings",
    "estimate.json": "what it was estimated to take",
    "journal.sqlite": "every finished call",
    "events.jsonl": "what changed the course",
    "external.json": "scores of trained models that a person brought",
    "messages.jsonl": "who said what to whom",
    "status.json": "how the run stands",
}


@dataclass(frozen=True, slots=True)
class _Page:
    """Everything that the template shows."""

    name: str
    status: StatusRecord
    search: SearchRecord
    story: Story
    steps: tuple[StepView, ...]
    chart: Drawing | None
    method: Method | None
    since_start: tuple[Change, ...]
    confirmation: ConfirmationRecord | None
    judge: JudgeView | None
    picked: Picked | None
    data: Data
    dropped: Dropped
    balances: tuple[Balance, ...]
    spending: Spending | None
    against: tuple[Against, ...]
    parts: tuple[PartView, ...]
    files: Mapping[str, str]
    settings: tuple[str, ...]
    version: str
    recorded: str
    whole: Whole
    classes: Classes
    tree: tuple[Fork, ...]
    external: ExternalView | None
    troubles: tuple[str, ...]

    def has(self, figure: str) -> bool:
        """Whether the rule of this run looked at a figure (`failure_rate`, `success_rate`)."""
        rows = [contestant.standing.figures for step in self.steps for contestant in step.contestants]
        return any(getattr(figures, figure) is not None for figures in rows)

    @property
    def columns(self) -> int:
        """Columns of the table of scores after the name."""
        return 7 + self.has("failure_rate") + 2 * self.has("success_rate")

    @property
    def quirks(self) -> tuple[str, ...]:
        """How the quirks of this run differ from those of its profile; nothing where it did not say its own."""
        status = self.status
        return () if status.quirks is None else changes_of(status.profile, status.quirks)

    @property
    def turns(self) -> int:
        """Steps at most."""
        return min(1, self.search.steps) if self.search.strategy in RIVALS else self.search.steps

    @property
    def level(self) -> str:
        """How sure one comparison has to be in this run, in a sentence."""
        search = self.search
        if "observed-rate" in (self.status.quirks or ()) or not search.alpha:
            return ""
        return (
            f"A change needs an interval above {search.margin:g} on items that did not choose the candidate. The run's "
            f"level of {search.alpha:g} is shared by {numbers.count(self.turns, 'step')}, so that interval is wider "
            "than the usual 95 %. Those of candidates that were not tested are 95 % and decide nothing. p is one-sided."
        )

    @property
    def method_changed(self) -> bool:
        """Whether the method is another than the one that the run began with."""
        return any(change.kind != "kept" for change in self.since_start)

    @property
    def method_words(self) -> str:
        """Which method this is, and whether it was applied."""
        method = self.method
        if method is None:
            return ""
        which = "the best that was found" if self.method_changed else "the one that the run began with"
        text = f"“{method.name}”, {which}" if method.name else which.capitalize()
        applied = self.status.applied_method
        if not applied:
            return f"{text}."
        return f"{text}; it was applied." if applied == method.id else f"{text}; another one was applied: {applied}."


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write the page of a run, finished or not.

    Args:
        folder: the run; any of its files may be missing.
        out: where to; `report.html` in the folder of the run if None.

    Returns:
        The path of the page.

    Raises:
        StorageError: it cannot be written.
    """
    path = folder / REPORT if out is None else out
    write_atomically(path, report_text(folder))
    return path


def report_text(folder: Path, scripts: Sequence[str] = ()) -> str:
    """The page of a run.

    Args:
        folder: the run.
        scripts: of a page that is served: what runs in it beside the page's own script.
    """
    return render("report.html", _page(RunFiles(folder)), scripts=("report.js", *scripts), served=bool(scripts))


def gather(files: RunFiles) -> Findings:
    """All that the story of a run is told from."""
    frozen = files.record("settings.json", FrozenRecord) or FrozenRecord()
    status = files.record("status.json", StatusRecord) or StatusRecord()
    return Findings(
        status=told_status(status, files.folder),
        settings=frozen.settings,
        steps=read_steps(files),
        confirmation=files.record("test/confirmation.json", ConfirmationRecord),
        data=read_data(files),
        dropped=read_dropped(files),
        spending=read_spending(files, free=frozen.settings.free),
    )


def _page(files: RunFiles) -> _Page:
    frozen = files.record("settings.json", FrozenRecord) or FrozenRecord()
    found = gather(files)
    settings, status, steps, data, dropped = found.settings, found.status, found.steps, found.data, found.dropped
    text = files.text("method.md")
    method = None if text is None else read_method(text, "method.md")
    start = steps[0].method if steps else None
    whole = read_whole(files, steps)
    return _Page(
        name=status.name or settings.name or "run",
        status=status,
        search=settings.search,
        story=tell(found),
        steps=tuple(steps),
        chart=draw_scores(steps),
        method=method,
        since_start=changes(start, method) if start and method else (),
        confirmation=found.confirmation,
        judge=read_judge(files),
        picked=read_picked(files, steps),
        data=data,
        dropped=dropped,
        balances=balances(status, settings, steps, data, dropped),
        spending=found.spending,
        against=read_against(files, found.spending),
        parts=read_parts(files, status.parts),
        files={name: what for name, what in _FILES.items() if files.has(name)},
        settings=settings_lines(files),
        version=frozen.autoevol,
        recorded=frozen.recorded,
        whole=whole,
        classes=read_classes(whole.groups),
        tree=read_tree(steps),
        external=read_external(files),
        troubles=files.troubles,
    )


def settings_lines(files: RunFiles) -> tuple[str, ...]:
    """The lines of the frozen settings, and what was changed while the run went on.

    The secret that delimiters derive from is nobody's business.
    """
    frozen = files.tree("settings.json")
    settings: object = frozen.get("settings")
    if not isinstance(settings, dict):
        return ()
    shown = {**frozen, "settings": {**cast("dict[str, Any]", settings), "secret": "(not shown)"}}
    events = files.rows("events.jsonl", EventRecord)
    changed = [SettingChange(event.path, event.old, event.new).words for event in events if event.kind == SETTING]
    shown |= {"changed while the run went on": changed} if changed else {}
    return tuple(hide_keys(json.dumps(shown, ensure_ascii=False, indent=2)).split("\n"))


def told_status(status: StatusRecord, folder: Path) -> StatusRecord:
    """The status for the page: what it quotes names no place on this machine and no key."""
    return status.model_copy(update={"story": hide_keys(status.story.replace(f"{folder}/", ""))})
