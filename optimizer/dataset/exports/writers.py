"""Who wrote the texts of a data set: models, a program that works them out, or whoever wrote the rows that were given.

That a model took part in a row says little: it may have marked it, tagged it or measured its losses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, cast

from .example import Example

__all__ = ["Writer", "limits_of", "writer_of", "writers_of", "wrote"]

Writer = Literal["models", "answers", "program", "given", "scored"]
"""`answers`: models answered instructions that were there. `scored`: models did no more than measure the row."""

_ANSWERING = frozenset({"best-answer", "tested-code", "self-repair"})
_WRITING = frozenset({"auto-evol", "evol-instruct", "magpie", "reflection", "self-instruct"})
_WORDED: Mapping[Writer, str] = {
    "models": "Instructions and answers are written by language models.",
    "answers": "The answers are written by language models; the instructions are those of the rows that were given.",
    "program": "Problems and answers are worked out by a program, without a language model.",
    "given": "The texts are those of the rows that were given: AutoEvol let no language model write any of them.",
}
_MIXED: Mapping[Writer, str] = {
    "models": "instructions and answers written by language models",
    "answers": "answers written by language models, and the instructions of the rows that were given",
    "program": "problems and answers worked out by a program",
    "given": "the texts of the rows that were given",
}


def writer_of(example: Example) -> Writer:
    """Who wrote a row, by what it says of how it came about."""
    came = example.row.get("provenance")
    if not isinstance(came, dict):
        return "answers" if example.rated_by else "given"
    said = cast("dict[str, Any]", came)
    recipe = said.get("recipe")
    if recipe == "arithmetic":
        return "program"
    if said.get("models") == []:
        return "given"
    if recipe in _ANSWERING:
        return "answers"
    if said.get("method_id") or said.get("rounds") or recipe not in (None, "", "ifd"):
        return "models"
    return "scored" if recipe else "models" if said.get("models") and "curated" not in said else "given"


def writers_of(rows: Mapping[Writer, int], recipes: Collection[str]) -> dict[Writer, int]:
    """Rows by their writers, without `scored` ones and those that are none.

    Args:
        rows: counts by what each row says.
        recipes: of the parts of the run; where one of them writes, what a later one scored or answered is written too.
    """
    written = not _WRITING.isdisjoint(recipes)
    counts: dict[Writer, int] = dict.fromkeys(_WORDED, 0)
    for said, count in rows.items():
        doubtful = said in ("scored", "answers")
        counts["models" if doubtful and written else "given" if said == "scored" else said] += count
    return {writer: count for writer, count in counts.items() if count}


def wrote(writers: Mapping[Writer, int]) -> str:
    """A sentence."""
    if len(writers) == 1:
        return _WORDED[next(iter(writers))]
    return f"They have: {'; '.join(f'{count:,} {_MIXED[writer]}' for writer, count in writers.items())}."


def limits_of(writers: Mapping[Writer, int]) -> Iterator[str]:
    """What follows from it for whoever uses the data, a sentence each."""
    models = writers.get("models", 0) + writers.get("answers", 0)
    if models:
        whole = [*writers] == ["models"]
        yield "The texts are synthetic." if whole else "What language models wrote is synthetic."
        yield "Answers were not checked by people and can be wrong."
        yield "The terms of the models that wrote the texts may restrict what may be trained on them."
    if "program" in writers:
        yield "What a program worked out is right by construction, and worded alike."
    if "given" in writers or "answers" in writers:
        yield "Texts of the rows that were given are as they were: what is wrong there is wrong here."
