"""`autoevol show RUN`: what a run did, in the words of its report, on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import runs_option

if TYPE_CHECKING:
    from ...agents.method import Method
    from ..pages.files import RunFiles
    from ..pages.panel import PanelView
    from ..pages.spending import Spending
    from ..pages.story import Findings
    from .run_list import RunEntry

__all__ = ["command", "standing_lines"]

_FILES = {
    "report.html": "the report",
    "compare.html": "the page of the comparison",
    "compare.json": "its figures",
    "ablation.html": "the page of the ablation",
    "ablation.json": "its figures",
    "dataset.jsonl": "the data set",
    "dropped.jsonl": "rows that were dropped, with reasons",
    "unused.jsonl": "lines of the source that could not be used, with reasons",
    "method.md": "the best method, loadable with --method",
    "steps": "every step with its candidates and decisions",
    "test/confirmation.json": "the confirmation on test",
    "judge.json": "how steady the judge is",
    "settings.json": "the frozen settings",
    "estimate.json": "what it was estimated to take",
    "journal.sqlite": "every finished call",
    "messages.jsonl": "who said what to whom",
}


@click.command("show")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
@runs_option
def command(run: str, as_json: bool, runs: Path) -> None:
    """Tell what RUN (a folder, or the name of one in --runs) did, decided and cost, and where its files are."""
    from .run_list import find_run, read_entry  # noqa: PLC0415  --help of this command must stay quick

    folder = find_run(run, runs)
    seen = _Seen(folder)
    if as_json:
        click.echo(json.dumps({**read_entry(folder).as_row(), **seen.as_row()}, ensure_ascii=False, indent=2))
        return
    click.echo("\n".join([*standing_lines(read_entry(folder)), *seen.lines()]))


def standing_lines(entry: RunEntry) -> list[str]:
    """How a run stands, in a few lines."""
    from .boundary import resume_line  # noqa: PLC0415

    steps = "" if entry.steps is None else f", {entry.steps_done or 0} of at most {entry.steps} steps"
    lines = [f"{Path(entry.folder).name}: {entry.state}{steps} ({entry.recipe}, profile {entry.profile})"]
    if entry.state in {"stopped", "killed", "new"}:
        lines.append(f"Continue with: {resume_line(Path(entry.folder))}")
    return lines


class _Seen:
    """A run's records, read once."""

    def __init__(self, folder: Path) -> None:
        from ..pages.files import RunFiles  # noqa: PLC0415  reads the journal, so it brings the gateway

        self.folder = folder
        self.files: RunFiles = RunFiles(folder)
        self.found: Findings = _findings(self.files)
        self.method: Method | None = _method(self.files)
        self.panels: dict[str, PanelView] = _panels(self.files, self.found)

    def lines(self) -> list[str]:
        """For a person."""
        parts = (self._story(), self._panels(), self._compared(), self._decisions(), self._judge(), self._counts(),
                 self._clauses(), self._places(), self.files.troubles)  # fmt: skip
        return [line for part in parts for line in part]

    def as_row(self) -> dict[str, Any]:
        """For a program."""
        from ..pages.comparison_table import comparison_file  # noqa: PLC0415
        from ..pages.story import tell  # noqa: PLC0415

        found, bill, method = self.found, self.found.spending, self.method
        story = tell(found)
        return {
            "story": [story.headline, *story.sentences],
            "decisions": [
                {"step": step.number, "accepted": step.decision.accepted, "reason": step.decision.reason}
                for step in found.steps
                if step.decision
            ],
            "confirmation": found.confirmation and found.confirmation.verdict,
            "judge": self.files.tree("judge.json") or None,
            "method": method and {"id": method.id, "name": method.name, "clauses": list(method.clauses)},
            "counts": {"rows_out": found.data.rows, "dropped": found.dropped.reasons, "pending": found.status.pending},
            "cost_by_role": bill and {
                cost.name: {"calls": cost.calls, "input_tokens": cost.input_tokens,
                            "output_tokens": cost.output_tokens, "usd": None if cost.unpriced else cost.usd}
                for cost in bill.roles
            },
            "cost_by_model": bill and {
                cost.name: {"calls": cost.calls, "input_tokens": cost.input_tokens,
                            "output_tokens": cost.output_tokens, "cached_tokens": cost.cached_tokens,
                            "reasoning_tokens": cost.reasoning_tokens, "seconds": round(cost.seconds, 3),
                            "usd": None if cost.unpriced else cost.usd}
                for cost in bill.models
            },
            "files": {name: str(self.folder / name) for name in _FILES if self.files.has(name)},
            **({"panels": {place: asdict(view) for place, view in self.panels.items()}} if self.panels else {}),
            **({"comparison": self.files.tree(path.name)} if (path := comparison_file(self.folder)) else {}),
            "troubles": list(self.files.troubles),
        }  # fmt: skip

    def _story(self) -> Iterator[str]:
        from ..pages.story import tell  # noqa: PLC0415

        if not self.found.status.state:
            return
        story = tell(self.found)
        yield ""
        yield f"{_line(story.headline)}."
        yield from (f"  {_line(sentence)}" for sentence in story.sentences)

    def _panels(self) -> Iterator[str]:
        from ..pages.panel import panel_lines  # noqa: PLC0415

        for place, view in self.panels.items():
            yield f"\nSelectors side by side: {place}"
            yield from map(_printable, panel_lines(view))

    def _compared(self) -> Iterator[str]:
        from ..pages.comparison_table import comparison_file, comparison_table  # noqa: PLC0415

        path = comparison_file(self.folder)
        if path is not None:
            yield ""
            yield comparison_table(path)

    def _decisions(self) -> Iterator[str]:
        decided = [step for step in self.found.steps if step.decision]
        if decided:
            yield "\nDecisions"
        for step in decided:
            back = step.decision.back if step.decision else None
            reason = f"{step.decision.reason if step.decision else ''} {back.reason if back else ''}"
            yield f"  step {step.number + 1}: {_line(step.title)}. {_line(reason)}"
        if self.found.confirmation:
            yield f"  test: {_line(self.found.confirmation.verdict)}. {_line(self.found.confirmation.reason)}"

    def _judge(self) -> Iterator[str]:
        from ..pages.judge import read_judge  # noqa: PLC0415

        view = read_judge(self.files)
        if view is None:
            return
        yield "\nThe judge"
        yield f"  {_line(view.summary)}"
        yield from (f"  ! {_line(problem)}" for problem in view.problems)
        for figure in view.figures:
            yield f"  {_line(figure.name):<38}{figure.hits:>12}{figure.share:>9}  {figure.interval}".rstrip()

    def _counts(self) -> Iterator[str]:
        from ..pages.counts import balances  # noqa: PLC0415

        found = self.found
        sums = balances(found.status, found.settings, found.steps, found.data, found.dropped)
        if sums:
            yield "\nCounts"
        for balance in sums:
            parts = ", ".join(f"{number:,} {_line(name)}" for name, number in balance.parts)
            yield f"  {balance.name}: {balance.sum if balance.whole is None else balance.whole:,} = {parts}"
        bill = found.spending
        if bill is not None and bill.total.calls:
            yield "\nCost"
            for cost in [*bill.roles, bill.total]:
                yield (
                    f"  {_line(cost.name):<11}{cost.calls:>8,} calls{cost.input_tokens:>12,} tokens in"
                    f"{cost.output_tokens:>12,} out  {bill.money(cost)}"
                )
            yield from self._estimated(bill)

    def _estimated(self, bill: Spending) -> Iterator[str]:
        """What was expected before, and what it all took with failures and retries, which only this machine knows."""
        from ...agents.gateway.books.bills import minutes_of, spent_in  # noqa: PLC0415
        from ...agents.gateway.errors import StorageError  # noqa: PLC0415
        from ..pages.against import read_against  # noqa: PLC0415
        from ..pages.numbers import duration  # noqa: PLC0415
        from ..pages.spending import money  # noqa: PLC0415

        against = read_against(self.files, bill)
        if against:
            whole = against[-1]
            yield (
                f"  Estimated: {whole.least:,} to {whole.most:,} calls, about {whole.tokens:,} tokens for the "
                f"most; {whole.expected}."
            )
        try:
            spent, minutes = spent_in(self.folder), minutes_of(self.folder)
        except StorageError:
            return
        paid = money(spent.usd, spent.unpriced, free=bill.free)
        together = spent.calls < bill.total.calls  # the embedder is sent many texts at once, each a call
        what = "Over the wire, texts to the embedder together, failures and retries too" if together else (
            "With failures, retries and calls that were cut off"
        )  # fmt: skip
        yield (f"  {what}: {spent.calls:,} attempts, {spent.tokens:,} tokens, {paid}, in {duration(60 * minutes)}.")

    def _clauses(self) -> Iterator[str]:
        if self.method is None:
            return
        from ...agents.contract import written  # noqa: PLC0415

        yield f"\nMethod {self.method.id} ({_line(self.method.name) or 'no name'})"
        yield from (f"  {_line(line)}" for line in written(self.method).split("\n"))

    def _places(self) -> Iterator[str]:
        yield f"\nFiles in {self.folder}"
        yield from (f"  {name:<24}{what}" for name, what in _FILES.items() if self.files.has(name))
        for panel in self.panels.values():
            for column in panel.columns:
                if column.place and self.files.has(f"{column.place}/dataset.jsonl"):
                    yield f"  {column.place}/dataset.jsonl  the rows that {column.name} chose"


def _findings(files: RunFiles) -> Findings:
    from ..pages.records import ConfirmationRecord, FrozenRecord, StatusRecord  # noqa: PLC0415
    from ..pages.rows import read_data, read_dropped  # noqa: PLC0415
    from ..pages.spending import read_spending  # noqa: PLC0415
    from ..pages.steps import read_steps  # noqa: PLC0415
    from ..pages.story import Findings  # noqa: PLC0415

    settings = (files.record("settings.json", FrozenRecord) or FrozenRecord()).settings
    return Findings(
        status=files.record("status.json", StatusRecord) or StatusRecord(),
        settings=settings,
        steps=read_steps(files),
        confirmation=files.record("test/confirmation.json", ConfirmationRecord),
        data=read_data(files),
        dropped=read_dropped(files),
        spending=read_spending(files, free=settings.free),
    )


def _panels(files: RunFiles, found: Findings) -> dict[str, PanelView]:
    """Panels of selectors by the place of the part."""
    from ..pages.panel import panel_view  # noqa: PLC0415
    from ..pages.part_records import PanelCurationRecord  # noqa: PLC0415

    views: dict[str, PanelView] = {}
    for part in found.status.parts:
        record = files.record(f"{part.place}/curation.json", PanelCurationRecord) if part.recipe == "panel" else None
        view = panel_view(record) if record else None
        if view is not None:
            views[part.place] = view
    return views


def _method(files: RunFiles) -> Method | None:
    from ..pages.lineage import read_method  # noqa: PLC0415

    text = files.text("method.md")
    return None if text is None else read_method(text, "method.md")


def _line(text: str) -> str:
    """One line that a terminal shows and does not obey: texts of models are data."""
    return " ".join(_printable(text).split())


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
