"""`autoevol check`: the failure detectors over a file of evolved rows."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

import click

from ...agents.gateway.errors import UsageError
from ..dataset.text_files import text_rows
from ..record.settings import Profile
from ..scoring.checking import Summary, check_rows
from ..scoring.detectors import detectors_of
from ..scoring.words import LANGUAGES

__all__ = ["command"]

_SHOWN_BAD_ROWS = 10


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--profile", default="recommended", show_default=True, type=click.Choice(get_args(Profile)), help="Which rules."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--examples", default=3, show_default=True, type=click.IntRange(min=0), help="Shown for each class.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="Of all rows; told from the script of each unless given."
)
def command(file: Path, profile: Profile, as_json: bool, examples: int, language: str | None) -> None:
    """Check the rows of FILE, each `{instruction, response?, evolved, evolved_response?}`.

    FILE holds JSON lines (or one JSON list), plain or gzipped: the seed's pair, then the evolved pair. An `evolved` of
    null counts as unreadable. Findings are not an error: the exit code is 0.
    """
    summary = Summary()
    for row in check_rows(text_rows(file, "json"), detectors_of(profile), language):
        summary.add(row)
    if not summary.findings:
        raise _nothing_left(file, summary)
    if as_json:
        _print_json(summary)
    else:
        _print_table(file, profile, summary, examples)


def _nothing_left(file: Path, summary: Summary) -> UsageError:
    why = f" (line {summary.unreadable[0].line}: {summary.unreadable[0].problem})" if summary.unreadable else ""
    return UsageError(
        _printable(f"{file} has no row that can be checked{why}."),
        fix="Each line must be an object with the text fields 'instruction' and 'evolved'.",
    )


def _print_json(summary: Summary) -> None:
    """One object. Everything outside of ASCII is escaped, so that it goes through any pipe."""
    findings = [[{"kind": each.kind, "evidence": each.evidence} for each in row] for row in summary.findings]
    click.echo(
        json.dumps(
            {
                "rows": len(summary.findings),
                "flagged": summary.flagged,
                "by_class": dict(summary.by_class.most_common()),
                "rows_with_response": summary.responses,
                "unreadable_rows": len(summary.unreadable),
                "unreadable": [{"line": row.line, "problem": row.problem} for row in summary.unreadable],
                "lines": summary.lines,
                "findings": findings,
            }
        )
    )


def _print_table(file: Path, profile: Profile, summary: Summary, examples: int) -> None:
    rows = len(summary.findings)
    share = summary.flagged / rows
    click.echo(_printable(f"{file}: {summary.flagged} of {rows} rows have findings ({share:.1%}, profile {profile})."))
    width = max((len(kind) for kind in summary.by_class), default=0)
    for kind, count in summary.by_class.most_common():
        click.echo(f"\n{kind:{width}}  {count} ({count / rows:.1%})")
        for line, evidence in _examples(summary, kind, examples):
            click.echo(_printable(f"  line {line}: {evidence}"))
    if summary.responses < rows:
        click.echo(f"\n{rows - summary.responses} rows have no evolved_response: rules on responses see nothing there.")
    if summary.unreadable:
        click.echo(f"\n{len(summary.unreadable)} rows could not be read:")
        for row in summary.unreadable[:_SHOWN_BAD_ROWS]:
            click.echo(_printable(f"  line {row.line}: {row.problem}"))
        if len(summary.unreadable) > _SHOWN_BAD_ROWS:
            click.echo("  ... all of them are in the output of --json")


def _examples(summary: Summary, kind: str, most: int) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for line, findings in zip(summary.lines, summary.findings, strict=True):
        if len(found) == most:
            break
        found += [(line, finding.evidence) for finding in findings if finding.kind == kind][: most - len(found)]
    return found


def _printable(text: str) -> str:
    """Text of others on a terminal: no control characters, nothing that the terminal's encoding lacks."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return plain.encode(encoding, "backslashreplace").decode(encoding)
