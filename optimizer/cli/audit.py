"""`autoevol audit RUN`: a person's answers to the four questions of a quality review, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import runs_option

if TYPE_CHECKING:
    from ..scoring.quality import Review, Sampled

__all__ = ["command"]

_KEYS = {"y": True, "n": False}


@click.command("audit")
@click.argument("run")
@click.option("--sample", default=200, show_default=True, type=click.IntRange(1), help="Rows drawn at random.")
@click.option("--json", "as_json", is_flag=True, help="Ask nothing; print the shares so far as one object.")
@runs_option
def command(run: str, sample: int, as_json: bool, runs: Path) -> None:
    """Ask four questions about rows of RUN that are drawn at random, and tell the shares of yes with 95 % intervals.

    Each question is answered with y or n; s passes a row over, q ends for now. Answers are kept at once in
    quality.jsonl, and the next call goes on with the rows that are left. A larger --sample begins with the rows of the
    smaller one.
    """
    from ..pages.review import review_of  # noqa: PLC0415  --help of this command must stay quick
    from .run_list import find_run  # noqa: PLC0415

    review = review_of(find_run(run, runs), sample)
    if not as_json:
        review = _asked(review)
    click.echo(json.dumps(review.as_row(), indent=2) if as_json else "\n".join(review.lines()))


def _asked(review: Review) -> Review:
    """Ask about the rows that are left, until a person has enough."""
    from datetime import UTC, datetime  # noqa: PLC0415

    waiting = review.waiting
    for number, row in enumerate(waiting, start=len(review.rows) - len(waiting) + 1):
        click.echo("\n".join(_shown(row, number, len(review.rows))))
        said = _answers()
        if said is None:
            break
        if said:
            review = review.answer(row, said, datetime.now(UTC).isoformat(timespec="seconds"))
    return review


def _answers() -> dict[str, bool] | None:
    """An answer to each question; nothing where the row is passed over, None where a person ends."""
    from ..scoring.quality import QUESTIONS  # noqa: PLC0415

    said: dict[str, bool] = {}
    for name, words in QUESTIONS.items():
        try:
            key = click.prompt(words, type=click.Choice(["y", "n", "s", "q"]), show_choices=True)
        except click.Abort:  # Ctrl-C or the end of what is piped in
            return None
        if key == "q":
            return None
        if key == "s":
            return {}
        said[name] = _KEYS[key]
    return said


def _shown(row: Sampled, number: int, of: int) -> Iterator[str]:
    from ..pages.numbers import shown  # noqa: PLC0415

    yield f"\n── {number} of {of}: {shown(row.id)}"
    yield shown(row.instruction)
    yield "── response"
    yield shown(row.response) or "(none)"
    yield ""
