"""`autoevol score ifd FILE`: what a student's log-probabilities say of given rows, and a choice by it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import GroupedCommand, session_options

if TYPE_CHECKING:
    from ..record.tree import Tree

__all__ = ["command"]


@click.group()
def command() -> None:
    """Score given rows by a student's log-probabilities."""


@command.command("ifd", cls=GroupedCommand)
@click.argument("seeds", metavar="FILE")
@click.option("--select", type=click.FloatRange(0, 1, min_open=True), metavar="SHARE",
              help="Keep this share of the rows: those with the highest IFD below 1 (Superfiltering).")  # fmt: skip
@click.option("--measure", type=click.Choice(["ppl", "loss"]), help="Ratio that is compared [default: ppl].")
@click.option("--frame", metavar="NAME", help="What stands round an instruction: plain, sections, user-assistant, "
              "chatml, llama-3, or a text with {instruction} in it [default: plain].")  # fmt: skip
@click.option("--floor", type=click.IntRange(min=1), metavar="N", help="Tokens that a score is over, at least [5].")
@click.option("--start", metavar="TEXT", help="The student's mark of beginning, where its server puts none.")
@click.option("--reverse", is_flag=True, help="Also score each instruction after its response (r-IFD).")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also put the rows here. The file must not exist yet.")  # fmt: skip
@session_options
def ifd(
    seeds: str, select: float | None, measure: str | None, frame: str | None, floor: int | None, start: str | None,
    *, reverse: bool, **options: Any,
) -> None:  # fmt: skip
    """Score each row of FILE by IFD: how much the instruction helps the student to say the response.

    The student is the model of --local, of --base-url and --model, or of --student; it must give log-probabilities of
    given text. Rows with their scores are the data set of a run, which can be stopped and resumed as any other.
    """
    from .launch import launch  # noqa: PLC0415  --help of this command must stay quick

    said = {"select": select, "measure": measure, "frame": frame, "floor": floor, "start": start, "reverse": reverse}
    part: Tree = {"recipe": "ifd", **{name: value for name, value in said.items() if value is not None}}
    launch(options, {"recipe": "make", "make": [part], "seeds": {"source": seeds}})
