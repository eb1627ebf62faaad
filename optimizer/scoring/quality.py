"""The quality review of Self-Instruct: four questions about each row of a random sample, and shares with intervals.

Source: Wang et al. 2023, arXiv 2212.10560, section 3.3 and table 2: 200 rows drawn at random, each judged by a person.
The questions are in our own words; the last one is about the row as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..dataset.draws import draw_key
from ..record.by_hand import ANSWERS, keep, read_by_hand, text_sign
from .rates import Rate

__all__ = ["QUESTIONS", "Review", "Sampled", "draw_sample", "open_review"]

QUESTIONS: Mapping[str, str] = {
    "task": "Does the instruction name a task that can be done?",
    "input": "Does the given material fit the instruction (yes where there is none)?",
    "response": "Is the response right and acceptable for instruction and material?",
    "whole": "Are all parts of the row fit for use as they stand?",
}


@dataclass(frozen=True, slots=True)
class Sampled:
    """A row that was drawn: its id, its texts, and the sign that tells whether it has changed."""

    id: str
    instruction: str
    response: str

    @property
    def sign(self) -> str:
        """Of its texts."""
        return text_sign(self.instruction, self.response)


@dataclass(frozen=True, slots=True)
class Review:
    """A sample and the answers so far, by row.

    Args:
        folder: the run.
        rows: the sample, in the order in which it is asked about.
        answers: yes or no to each question, of the rows that are as they were when they were looked at.
    """

    folder: Path
    rows: tuple[Sampled, ...]
    answers: Mapping[str, Mapping[str, bool]]

    @property
    def waiting(self) -> list[Sampled]:
        """The rows that nobody has looked at."""
        return [row for row in self.rows if row.id not in self.answers]

    @property
    def shares(self) -> dict[str, Rate]:
        """How many of the rows that were looked at got a yes, by question."""
        said = [self.answers[row.id] for row in self.rows if row.id in self.answers]
        return {name: Rate(sum(each[name] for each in said), len(said)) for name in QUESTIONS}

    def lines(self) -> Iterator[str]:
        """The result, for a terminal."""
        done = len(self.rows) - len(self.waiting)
        yield f"{done:,} of {len(self.rows):,} rows were looked at; shares with 95 % intervals (Wilson)."
        for name, rate in self.shares.items():
            low, high = rate.interval
            figures = f"{rate.hits}/{rate.of} = {rate.share:.0%} ({low:.0%} to {high:.0%})" if rate.of else "-"
            yield f"  {figures:<32}{QUESTIONS[name]}"

    def as_row(self) -> dict[str, Any]:
        """For a program."""
        shares = {
            name: {"yes": rate.hits, "of": rate.of, "share": rate.share, "low": rate.interval[0],
                   "high": rate.interval[1]}
            for name, rate in self.shares.items()
        }  # fmt: skip
        return {"sample": len(self.rows), "looked_at": len(self.rows) - len(self.waiting), "shares": shares}

    def answer(self, row: Sampled, said: Mapping[str, bool], at: str) -> Review:
        """Put the answers about a row on record; the review with them.

        Args:
            row: of the sample.
            said: yes or no to every question.
            at: when, in ISO form.

        Raises:
            StorageError: they cannot be written.
        """
        given = {name: bool(said[name]) for name in QUESTIONS}
        keep(self.folder, ANSWERS, {"row": row.id, "sign": row.sign, "at": at, **given})
        return Review(self.folder, self.rows, {**self.answers, row.id: given})


def draw_sample(rows: Iterable[Sampled], sample: int, run_seed: int) -> tuple[Sampled, ...]:
    """Rows drawn at random; a larger sample of the same run begins with the smaller one."""
    keyed = sorted((draw_key(run_seed, "quality-review", row.id), row.id, row) for row in _distinct(rows))
    return tuple(row for _, _, row in keyed[:sample])


def open_review(folder: Path, rows: Sequence[Sampled]) -> Review:
    """A review with what was answered before; of two answers about a row the later one counts."""
    signs = {row.id: row.sign for row in rows}
    answers: dict[str, dict[str, bool]] = {}
    for said in read_by_hand(folder, ANSWERS):
        row = said.get("row")
        if isinstance(row, str) and said.get("sign") == signs.get(row, "") and _complete(said):
            answers[row] = {name: said[name] for name in QUESTIONS}
    return Review(folder, tuple(rows), answers)


def _complete(said: Mapping[str, Any]) -> bool:
    return all(isinstance(said.get(name), bool) for name in QUESTIONS)


def _distinct(rows: Iterable[Sampled]) -> Iterator[Sampled]:
    seen: set[str] = set()
    for row in rows:
        if row.id not in seen:
            seen.add(row.id)
            yield row
