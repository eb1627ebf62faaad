"""`python -m benchmarks.detectors`, from the root of the checkout: the free detectors on labelled evolutions.

Prints tables in Markdown: precision and recall for each class and language, and for all classes together. Makes no
call. `--judge AUDIT` adds what a judge refused, from the audit.json of `autoevol judge-audit` over the same rows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from autoevol.agents.gateway.errors import AutoEvolError
from autoevol.agents.messages import Finding
from autoevol.optimizer.scoring.labelled import LANGUAGES, LabelledRow, load_labelled

from .figures import CLAIMED, PARTLY, Figures, Finder, Seen, free_findings, measure

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detectors", description=__doc__)
    parser.add_argument("--labelled", type=Path, action="append", help="file of labelled rows (default: those shipped)")
    parser.add_argument("--lines", choices=["all", "even", "odd"], default="all", help="only these lines of each file")
    parser.add_argument("--judge", type=Path, metavar="AUDIT", help="audit.json of a judge over the same rows")
    parser.add_argument("--verbose", action="store_true", help="list false alarms, rows not found, and wrong names")
    told = parser.parse_args(arguments)
    try:
        rows = [row for file in told.labelled or [None] for row in _some(load_labelled(file), told.lines)]
        find = free_findings if told.judge is None else _with_judge(told.judge)
    except AutoEvolError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("\n".join(_report(rows, find, verbose=told.verbose)) + "\n")
    return 0


def _some(rows: Sequence[LabelledRow], lines: str) -> list[LabelledRow]:
    """Every second row of each language: those to improve rules on, or those to measure them on."""
    if lines == "all":
        return list(rows)
    first = 1 if lines == "even" else 0
    return [row for language in LANGUAGES for row in [r for r in rows if r.language == language][first::2]]


def _with_judge(audit: Path) -> Finder:
    """The free detectors, then the judge on what they let through."""
    value: Any = json.loads(audit.read_text(encoding="utf-8"))
    rows = cast("list[dict[str, Any]]", value["verdicts"])
    refused = {str(row["id"]) for row in rows if row.get("refused")}

    def find(row: LabelledRow) -> Sequence[Finding]:
        free = free_findings(row)
        return free or ([Finding("judged-bad", by="judge")] if row.id in refused else [])

    return find


def _report(rows: Sequence[LabelledRow], find: Finder, *, verbose: bool) -> Iterable[str]:
    every = measure(rows, find)
    by_language = {
        language: measure([row for row in rows if row.language == language], find)
        for language in LANGUAGES
        if any(row.language == language for row in rows)
    }
    yield from _together({**by_language, "all": every} if len(by_language) > 1 else by_language)
    for language, figures in by_language.items():
        yield ""
        yield from _classes(language, figures)
    if verbose:
        yield from _listed(every)


def _together(by_language: dict[str, Figures]) -> Iterable[str]:
    yield (
        "| language | rows | claimed classes: recall | with those found in part | precision | all flaws: recall | "
        "good rows stopped |"
    )
    yield "|---|---|---|---|---|---|---|"
    for language, figures in by_language.items():
        claimed, caught = figures.claimed
        seeable, seen = figures.seeable
        flawed, stopped = figures.flawed
        good, alarms = figures.good
        yield (
            f"| {language} | {len(figures.seen)} | {_share(caught, claimed)} | {_share(seen, seeable)} | "
            f"{_share(stopped, stopped + alarms)} | {_share(stopped, flawed)} | {_share(alarms, good)} |"
        )


def _classes(language: str, figures: Figures) -> Iterable[str]:
    yield f"| {language}: class | rows | named | recall | stopped | named wrongly | precision | F1 |"
    yield "|---|---|---|---|---|---|---|---|"
    for flaw, one in figures.classes.items():
        if one.rows or one.wrong:
            name = flaw if flaw in CLAIMED else f"{flaw} ({'in part' if flaw in PARTLY else 'not claimed'})"
            yield (
                f"| {name} | {one.rows} | {one.found} | {_figure(one.recall)} | {one.stopped} | {one.wrong} | "
                f"{_figure(one.precision)} | {_figure(one.f1)} |"
            )


def _listed(figures: Figures) -> Iterable[str]:
    yield ""
    for title, chosen in (
        ("good rows stopped", [one for one in figures.seen if one.row.good and one.findings]),
        ("not found", [one for one in figures.seen if set(one.row.flaws) & {*CLAIMED, *PARTLY} and not one.findings]),
    ):
        yield f"{title}: {len(chosen)}"
        yield from (_line(one) for one in chosen)


def _line(one: Seen) -> str:
    found = "; ".join(f"{finding.kind} ({finding.evidence})" for finding in one.findings)
    return f"- {one.row.id} [{', '.join(one.row.flaws)}] {found}"


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} = {part / whole:.3f}" if whole else "none"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
