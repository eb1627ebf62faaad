"""A run as code and notebooks read it, finished or not.

from autoevol.optimizer import Run

run = Run.open("runs/2026-11-21-maths")     # or its name
run                                         # in a notebook: its story and its scores
run.steps()                                 # a data frame of pandas or polars, whichever is installed
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ...agents.gateway.errors import UsageError
from ...agents.method import Method
from ..cli.run_list import RunEntry, find_run, read_entry
from ..pages.chart import draw_scores
from ..pages.comparison import draw_comparison
from ..pages.comparison_table import read_comparison
from ..pages.files import RunFiles
from ..pages.lineage import read_method
from ..pages.plot import draw_bars
from ..pages.records import FrozenRecord, StatusRecord
from ..pages.report import REPORT, gather
from ..pages.spending import Spending, read_spending
from ..pages.steps import read_steps
from ..pages.story import Story, tell
from . import tables
from .frames import Library, Table, frame_of, library_for
from .plots import Plot, cell

__all__ = ["Run"]

_NO_SCORES = "Nothing was scored in this run so far."
_NO_CALLS = "No call was made in this run so far."


class Run:
    """A run on disk. Made by `Run.open`. Everything is read anew when it is asked for, so a run at work can be watched.

    Tables are data frames (`DataFrame` of pandas or polars) with the same columns whatever the run has; the columns
    are listed in docs/notebooks.md.
    """

    def __init__(self, folder: Path, frames: Library | None = None) -> None:
        self.folder = folder
        self._frames = frames
        self._files: dict[str, RunFiles] = {}

    @classmethod
    def open(cls, run: str | Path, *, runs: str | Path = "runs", frames: Library | None = None) -> Run:
        """Open a run.

        Args:
            run: its folder, its name in the folder of runs, or the end of a name that only one has.
            runs: the folder of runs.
            frames: the library of the tables; None for the one that is loaded or installed.

        Raises:
            UsageError: there is no such run, or `frames` is not installed.
        """
        return cls(find_run(str(run), Path(runs)), None if frames is None else library_for(frames))

    # ------------------------------------------------------------ what it is

    @property
    def entry(self) -> RunEntry:
        """How it stands: name, state, recipe, steps, rows, calls, cost, as `autoevol runs` shows them."""
        return read_entry(self.folder)

    @property
    def name(self) -> str:
        """Its name."""
        return self.entry.name

    @property
    def state(self) -> str:
        """`finished`, `running`, `paused`, `stopped`, `killed`, `new` or `unreadable`."""
        return self.entry.state

    @property
    def story(self) -> Story:
        """The headline and the sentences of its report. `str()` of it is the text."""
        return tell(gather(self._of("")))

    @property
    def methods(self) -> Mapping[str, Method]:
        """Every method that the run has, by id, in the order in which they came; refused ones too."""
        found: dict[str, Method] = {}
        for place in self._places():
            for step in read_steps(place.files):
                for method in (step.method, *(view.method for view in step.candidates)):
                    if method is not None:
                        found.setdefault(method.id, method)
        for number, method in self._contestants():
            found.setdefault(number, method)
        best = self.best
        return found if best is None else {**found, best.id: found.get(best.id, best)}

    @property
    def best(self) -> Method | None:
        """The method that goes on, as `method.md` has it; None where the run has none."""
        for place in self._places():
            text = place.files.text("method.md")
            method = None if text is None else read_method(text, "method.md")
            if method is not None:
                return method
        return None

    @property
    def troubles(self) -> tuple[str, ...]:
        """A sentence for each file that could not be read in full, of what was read so far."""
        return tuple(
            f"{place}/{line}" if place else line for place, files in self._files.items() for line in files.troubles
        )

    # ------------------------------------------------------------ tables

    def rows(self) -> Any:
        """The data set."""
        return self._frame(tables.rows_table(self._of("")))

    def dropped(self) -> Any:
        """The rows that are not in the data set, each with its reason."""
        return self._frame(tables.dropped_table(self._of("")))

    def steps(self) -> Any:
        """The turns of the loop: incumbent, challenger, their difference with its interval, the decision."""
        return self._frame(tables.steps_table(self._places()))

    def candidates(self) -> Any:
        """Every proposal of every step and what became of it."""
        return self._frame(tables.candidates_table(self._places()))

    def items(self) -> Any:
        """The score of each item for each contestant, of every step, of the test and of a comparison."""
        return self._frame(tables.items_table(self._places()))

    def findings(self) -> Any:
        """Every finding on items and rows."""
        return self._frame(tables.findings_table(self._places()))

    def calls(self) -> Any:
        """Every finished call, from the journal."""
        return self._frame(tables.calls_table(self._of("")))

    def cost(self, by: Literal["role", "stage", "model", "step"] = "role") -> Any:
        """What the run cost.

        Args:
            by: what a line is for; `step` has a line for each role in each step, the test and the application.

        Raises:
            UsageError: `by` is none of these.
        """
        spending = self._spending()
        if by == "step":
            lines = [((step, cost.name), cost) for step, costs in spending.by_step for cost in costs if cost.calls] \
                if spending else []  # fmt: skip
            return self._frame(tables.cost_table(("step", "role"), lines))
        if by not in {"role", "stage", "model"}:
            raise UsageError(f"Cost cannot be told by '{by}'.", fix="Say by='role', 'stage', 'model' or 'step'.")
        bill = {} if spending is None else {"role": spending.roles, "stage": spending.stages, "model": spending.models}
        return self._frame(tables.cost_table((by,), (((cost.name,), cost) for cost in bill.get(by, ()))))

    # ------------------------------------------------------------ charts

    def plot_scores(self) -> Plot:
        """Scores over steps with their intervals; of a comparison the differences to its baseline."""
        comparison = read_comparison(self._of(""))
        if comparison is not None:
            return Plot("Differences with 95 % intervals.", draw_comparison(comparison), _NO_SCORES)
        title = "Mean score on dev: the line is the incumbent of each step, each mark a candidate with its interval."
        drawings = (draw_scores(read_steps(place.files)) for place in self._places())
        return Plot(title, next((each for each in drawings if each is not None), None), _NO_SCORES)

    def plot_cost(self, by: Literal["role", "stage", "model"] = "role") -> Plot:
        """USD by role, stage or model; tokens where nothing cost anything.

        Raises:
            UsageError: `by` is none of these.
        """
        if by not in {"role", "stage", "model"}:
            raise UsageError(f"Cost cannot be drawn by '{by}'.", fix="Say by='role', 'stage' or 'model'.")
        spending = self._spending()
        if spending is None or not spending.total.calls:
            return Plot("Cost", None, _NO_CALLS)
        lines = {"role": spending.roles, "stage": spending.stages, "model": spending.models}[by]
        paid = spending.total.usd > 0
        bars = [(line.name, line.usd if paid else float(line.input_tokens + line.output_tokens)) for line in lines]
        unit = "USD" if paid else "Tokens, in and out"
        return Plot(f"{unit}, by {by}.", draw_bars(bars, unit), _NO_CALLS)

    # ------------------------------------------------------------ in a cell

    def __repr__(self) -> str:
        return f"Run.open({str(self.folder)!r})"

    def _repr_html_(self) -> str:
        entry = self.entry
        notes = [f"{REPORT} in {self.folder}"] if self._of("").has(REPORT) else []
        return cell(f"{entry.name} · {entry.recipe} · {entry.state}", self.story, self.plot_scores(),
                    [*notes, *self.troubles])  # fmt: skip

    # ------------------------------------------------------------ where it is read from

    def _of(self, place: str) -> RunFiles:
        return self._files.setdefault(place, RunFiles(self.folder / place))

    def _places(self) -> list[tables.Place]:
        """The folder of the run, and those of its recipes that searched."""
        status = self._of("").record("status.json", StatusRecord) or StatusRecord()
        # A folder of this run alone, whatever its files say.
        own = [part.place for part in status.parts if part.place and Path(part.place).name == part.place != ".."]
        named = [place for place in own if (self.folder / place / "steps").is_dir()]
        return [tables.Place(name, self._of(name)) for name in ("", *named)]

    def _contestants(self) -> list[tuple[str, Method]]:
        record = read_comparison(self._of(""))
        known = record.contestants if record else ()
        return [(one.method_id, Method(one.clauses, name=one.label)) for one in known if one.method_id and one.clauses]

    def _spending(self) -> Spending | None:
        frozen = self._of("").record("settings.json", FrozenRecord) or FrozenRecord()
        return read_spending(self._of(""), free=frozen.settings.free)

    def _frame(self, table: Table) -> Any:
        return frame_of(table, library_for(self._frames))
