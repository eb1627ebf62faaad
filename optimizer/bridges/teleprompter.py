"""AutoEvol as a DSPy optimizer: better instructions for the predictors of any program, proven on held-out examples.

    from autoevol.optimizer.bridges.teleprompter import AutoEvol

    optimizer = AutoEvol(metric, settings={"model": "gpt-4o-mini", "budget": {"usd": 2}}, folder="runs/my-program")
    better = optimizer.compile(program, trainset=trainset, valset=valset)
    print(better.detailed_results.reason)

What the program asks, what the metric asks and what analyst and refiner ask goes through one gateway: one budget, one
journal, one set of limits. Who runs the same compilation again with the same folder pays nothing twice.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from anyio.to_thread import run_sync

from ...agents.gateway.errors import UsageError
from ..record.folder import RunFolder
from ..waiting import blocking
from .dspy_lm import GatewayEngine, gateway_lm, open_door
from .grader import grader_of
from .one_use import Conditions
from .open_door import OpenDoor
from .program_examples import Examples, split_examples
from .program_offers import proposers_of
from .program_parts import Wording, refuse_foreign, with_wording, wording_of
from .program_records import records_of
from .program_results import ProgramResults, keep_result, keep_round, results_of
from .program_search import ProgramSearch
from .rollouts import Bench, draws_of
from .theirs import dspy

Compile = TypeVar("Compile", bound=Callable[..., Any])

if TYPE_CHECKING:

    class _Teleprompter:
        """What DSPy's class is to type checkers."""

    def _told(method: Compile) -> Compile: ...

else:
    _Teleprompter = dspy().teleprompt.Teleprompter
    # A `compile` is told to callbacks by the class itself, whatever else compiles by this.
    _told = dspy().utils.callback.with_callbacks

__all__ = ["AutoEvol", "ProgramResults"]

_MOST_THREADS = 64  # uses of the program at a time, where the endpoints would take more


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


class AutoEvol(_Teleprompter):
    """Improves the instructions of a program by the search of AutoEvol (Auto Evol-Instruct, arXiv 2406.00770).

    A step uses the program on some training examples, has the analyst name what the instructions get wrong, and the
    refiner make candidates: one edited line, or the whole text anew. Candidates and the best instructions so far meet
    the same validation examples; a change needs evidence on examples that did not choose it. At last the winner meets
    the student's own instructions on held-out examples, and is returned only where it is better there too.

    Args:
        metric: `(gold, prediction, trace=None)`, or `(gold, prediction, trace, pred_name, pred_trace)`; gives a number
            from 0 to 1, or one with words: `{"score": 0.5, "feedback": "…"}`, `dspy.Prediction(score=…, feedback=…)`.
        settings: a settings file or tree, as for `open_door`; of it count `model`, `endpoints`, `roles` (responder is
            the model of the program, analyst and refiner make candidates), `search`, `run_seed`, `budget`, `prompts`.
        folder: of journal, ledger and records.
        door: an open door instead of `settings` and `folder`.
        predictors: names of the predictors whose instructions may change; None for all.
        max_metric_calls: at most so many uses of the program, all steps and the confirmation together.
        uncapped: agree to paid calls without a cap.
        on_notice: takes single lines for the person.
    """

    def __init__(  # noqa: PLR0913  as optimizers of DSPy are made, by name
        self,
        metric: Callable[..., Any],
        *,
        settings: str | Path | Mapping[str, object] | None = None,
        folder: str | Path = "",
        door: OpenDoor | None = None,
        predictors: Sequence[str] | None = None,
        max_metric_calls: int | None = None,
        uncapped: bool = False,
        on_notice: Callable[[str], None] = _to_stderr,
    ) -> None:
        super().__init__()
        if (door is None) == (settings is None) or (door is None and not folder):
            raise UsageError(
                "Where the calls go is not said.", fix="Give settings=… and folder=…, or an open door=…, not both."
            )
        self.metric = metric
        self.settings = settings
        self.folder = folder
        self.door = door
        self.predictors = predictors
        self.max_metric_calls = max_metric_calls
        self.uncapped = uncapped
        self.on_notice = on_notice
        self._grader = grader_of(metric)

    def compile(
        self,
        student: Any,
        *,
        trainset: list[Any],
        teacher: Any = None,
        valset: list[Any] | None = None,
        testset: list[Any] | None = None,
    ) -> Any:
        """Improve a program; from any thread, also where an event loop runs, such as in a notebook.

        Args:
            student: a `dspy.Module`; it is not changed.
            trainset: examples to learn from, with their inputs named; without `valset` they are split.
            teacher: must be None: instructions are learned from the program's own results.
            valset: examples that decide.
            testset: examples that confirm; None keeps a part of `valset` back.

        Returns:
            A deep copy with the better instructions, or with its own where none were proven better, with
            `detailed_results` (`ProgramResults`) that say which.

        Raises:
            SessionStopped: budget, quota, key or outage; the same call with the same folder goes on from there.
            KeyboardInterrupt: Ctrl-C; likewise.
            UsageError: settings, metric, examples or program do not do.
        """
        work = partial(self._compiled, student, trainset, teacher, valset, testset)
        return blocking(work, "Everything finished is kept. The same call with the same folder goes on.")

    @_told
    async def acompile(
        self,
        student: Any,
        *,
        trainset: list[Any],
        teacher: Any = None,
        valset: list[Any] | None = None,
        testset: list[Any] | None = None,
    ) -> Any:
        """As `compile`, for event loops. Who is cancelled sends nothing more; what is out comes in and is kept."""
        return await self._compiled(student, trainset, teacher, valset, testset)

    def _opened(self) -> AbstractAsyncContextManager[OpenDoor]:
        if self.door is not None:
            return nullcontext(self.door)
        return _open(open_door(self.settings or {}, self.folder, uncapped=self.uncapped, on_notice=self.on_notice))

    async def _compiled(
        self, student: Any, trainset: list[Any], teacher: Any, valset: list[Any] | None, testset: list[Any] | None
    ) -> Any:
        if teacher is not None:
            raise UsageError(
                "AutoEvol takes no teacher.", fix="Leave it out: it learns from the program's own results."
            )
        start = wording_of(student, self.predictors)
        async with self._opened() as door:
            examples = split_examples(trainset, valset, testset, door.settings.search, door.settings.run_seed)
            refuse_foreign(student, door)
            lm = _lm_of(door)
            folder, secret = records_of(door, lm, student, start, examples, self.max_metric_calls)
            search = self._search(Conditions(door, lm, self._grader), student, start, examples, folder, secret)
            found = await search()
            results = results_of(search, found, door, folder.path)
            keep_result(folder, found, results)
        better = with_wording(student, found.candidates[found.best].wording)
        better._compiled = True  # DSPy's mark of a program that an optimizer made
        better.detailed_results = results
        return better

    def _search(
        self, conditions: Conditions, student: Any, start: Wording, examples: Examples, folder: RunFolder, secret: str
    ) -> ProgramSearch:  # fmt: skip
        door, lm = conditions.door, conditions.lm
        bench = Bench(conditions, min(_MOST_THREADS, door.capacity), draws_of(folder.path.name))
        proposers = proposers_of(door.settings, door, secret, student, examples.texts())
        search = ProgramSearch(
            door.settings, bench, proposers, student, start, examples, self.max_metric_calls,
            self.on_notice, lambda one, all_: keep_round(folder, one, all_),
        )  # fmt: skip
        for line in examples.left_out.lines():
            self.on_notice(line)
        self.on_notice(
            f"{examples.split.sizes.partition(' of ')[0]} examples; the program asks {lm.model.partition('/')[2]}. "
            f"It is used {search.most:,} times at most."
        )
        return search


# ---------------------------------------------------------------- parts


@asynccontextmanager
async def _open(own: OpenDoor) -> AsyncGenerator[OpenDoor]:
    """A door of our own, closed again at the end; opening and closing wait, so they do it in a thread."""
    try:
        # Within: who is cancelled here is told when the door is open already, with its thread and its lock.
        await run_sync(own.__enter__)
        yield own
    finally:
        with anyio.CancelScope(shield=True):
            await run_sync(own.close)
    if own.stopped is not None:
        raise own.stopped


def _lm_of(door: OpenDoor) -> Any:
    """What the program asks: the LM that is set where it is one of this door, else the seat of the responder."""
    lm = dspy().settings.lm
    engine = getattr(lm, "engine", None)
    return lm if isinstance(engine, GatewayEngine) and engine.opens(door) else gateway_lm(door)
