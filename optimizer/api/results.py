"""What the functions give back: a run, how its session ended, and its results as typed values.

Files are read when something is asked for, so that a result costs nothing by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from ...agents.gateway.errors import SessionStopped, StorageError, UsageError

if TYPE_CHECKING:
    from ...agents.method import Method
    from ..dataset.exports.export import Exported
    from ..dataset.exports.forms import Trainer
    from ..notebook.run import Run
    from ..pages.comparison_records import ComparisonFile, PairRecord, PlaceRecord
    from ..pages.external import ExternalView
    from ..pages.records import ConfirmationRecord

__all__ = ["Compared", "MadeRun", "Optimized", "Result"]


@dataclass(frozen=True, slots=True)
class Result:
    """A run and how its session ended.

    Args:
        folder: with `report.html` or `compare.html` and all else (docs/runs.md).
        state: `finished`, or `stopped` by a cap, a key, a quota or an outage with everything kept.
        summary: for a person.
        stopped: what stopped it, one of the error tree; None where it finished.
    """

    folder: Path
    state: Literal["finished", "stopped"]
    summary: str
    stopped: SessionStopped | None = None

    def raise_if_stopped(self) -> Self:
        """Itself, where the run is finished.

        Raises:
            SessionStopped: what stopped it; `resume` goes on.
        """
        if self.stopped is not None:
            raise self.stopped
        return self

    @property
    def run(self) -> Run:
        """The run to look at: tables, charts, methods (docs/notebooks.md)."""
        from ..notebook.run import Run  # noqa: PLC0415  most callers never look

        return Run(self.folder)

    def __str__(self) -> str:
        return f"{self.folder}: {self.state}\n{self.summary}"

    def _repr_html_(self) -> str:
        return self.run._repr_html_()  # pyright: ignore[reportPrivateUsage]  notebooks call both


@dataclass(frozen=True, slots=True)
class MadeRun(Result):
    """A run that makes rows."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """The data set, a row at a time (docs/rows.md).

        Raises:
            UsageError: the run is not finished, so that this would be a part of it.
        """
        if self.state != "finished":
            raise UsageError(f"The run in {self.folder} was stopped: {self.summary}", fix="Call resume on its folder.")
        return self._read("dataset.jsonl")

    def dropped(self) -> Iterator[dict[str, Any]]:
        """What is not in the data set, each with its reason and the part that dropped it."""
        return self._read("dropped.jsonl")

    def export(
        self, to: str, out: str | Path, *, trainer: Trainer | None = None, student_model: str = "", license: str = "",  # noqa: A002  as the command says it
        title: str = "", force: bool = False,
    ) -> Exported:  # fmt: skip
        """The rows in the form that trainers read, as `autoevol export` writes them (docs/export.md).

        Args:
            to: `alpaca`, `sharegpt`, `messages`, `prompt-completion`, `dpo`, `reward`, `jsonl`, `parquet` or `arrow`.
            out: a folder, or a file that ends in .jsonl or .parquet.
            trainer: whose settings are to be written beside it, for `student_model`.
            license, title: of the data, for its card.
            force: replace files that are there.

        Raises:
            UsageError: something does not fit, a file is in the way, or no row fits the form.
            StorageError: it cannot be written.
        """
        from ..dataset.exports.export import Order, export  # noqa: PLC0415  for those who export
        from ..dataset.exports.forms import FORMS  # noqa: PLC0415
        from ..dataset.exports.reading import open_run  # noqa: PLC0415

        if to not in FORMS:
            raise UsageError(f"There is no form {to!r}.", fix=f"Forms are: {', '.join(FORMS)}.")
        source = open_run(self.folder, what=FORMS[to].source)
        return export(source, Order(to, Path(out), trainer, student_model, license, force, title))

    def _read(self, name: str) -> Iterator[dict[str, Any]]:
        path = self.folder / name
        if not path.exists():
            return
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


@dataclass(frozen=True, slots=True)
class Optimized(MadeRun):
    """A search for a method, and the rows that the method made."""

    @property
    def best(self) -> Method:
        """The method that goes on: the best one, or the starting method where nothing better was shown.

        Raises:
            StorageError: the run was stopped before it had one, or its file is gone.
        """
        found = self.run.best
        if found is None:
            raise StorageError(f"There is no method in {self.folder} yet.", fix="Call resume on its folder.")
        return found

    @property
    def test(self) -> ConfirmationRecord | None:
        """What the held-out test said: `verdict`, `reason`, and the contestants' figures; None before it was made."""
        from ..pages.files import RunFiles  # noqa: PLC0415  brings pydantic
        from ..pages.records import ConfirmationRecord  # noqa: PLC0415

        return RunFiles(self.folder).record("test/confirmation.json", ConfirmationRecord)

    @property
    def confirmed(self) -> bool:
        """Whether a new method was better than the start on seeds that nothing else had seen."""
        test = self.test
        return test is not None and test.verdict == "confirmed"


@dataclass(frozen=True, slots=True)
class Compared(Result):
    """A comparison."""

    @property
    def record(self) -> ComparisonFile:
        """All that was found: means, pairs, ranking, findings, examples (`compare.json`).

        Raises:
            StorageError: the run was stopped before it had one, or its file is gone.
        """
        from ..pages.comparison_table import read_comparison  # noqa: PLC0415  brings pydantic
        from ..pages.files import RunFiles  # noqa: PLC0415

        found = read_comparison(RunFiles(self.folder))
        if found is None:
            raise StorageError(f"There is no comparison in {self.folder} yet.", fix="Call resume on its folder.")
        return found

    @property
    def ranking(self) -> tuple[PlaceRecord, ...]:
        """The contestants, best mean first, with the places that the evidence leaves them. Raises as `record`."""
        return self.record.ranking

    @property
    def pairs(self) -> tuple[PairRecord, ...]:
        """Every two contestants: difference, interval, p, and who is shown to be better. Raises as `record`."""
        return self.record.pairs

    def bring(self, scores: str | Path) -> ExternalView:
        """Put scores of trained models beside ours, as `compare --external` does (docs/compare.md), also on the page.

        Args:
            scores: the file.

        Returns:
            Both by method, rank agreement by benchmark, and pairs.

        Raises:
            UsageError: the file does not fit the comparison.
            StorageError: the run is at work, or cannot be written.
        """
        from ..pages.comparison import write_comparison  # noqa: PLC0415  for those who bring any
        from ..pages.external import bring  # noqa: PLC0415

        view = bring(self.folder, Path(scores))
        write_comparison(self.folder)
        return view

    @property
    def table(self) -> str:
        """The tables that the command prints. Raises as `record`."""
        from ..pages.comparison_table import comparison_file, comparison_table  # noqa: PLC0415

        path = comparison_file(self.folder)
        return "" if path is None else comparison_table(path)
