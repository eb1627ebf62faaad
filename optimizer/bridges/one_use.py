"""One use of a program on one example, in a worker thread: what it gave, what its parts did, and its score.

Here is the boundary to code that is not ours: whatever the program or the metric raises becomes the reason of a failed
use, but for what stops the session or calls the work off. Programs and evaluators catch errors too, so that is looked
at afterwards whether anything was raised or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from ...agents.gateway.errors import AutoEvolError
from ...agents.reading import one_line
from .errand import Errand, called_off, on_errand
from .grader import Grader
from .open_door import OpenDoor
from .program_parts import field_texts, part_of
from .theirs import dspy

__all__ = ["Conditions", "Rollout", "Use", "use_once"]

_REASON_CHARS = 500
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a part, field by field."""

    part: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rollout:
    """What came of one use of a program.

    Args:
        score: from 0 to 1; 0 of one that failed.
        feedback: of the metric.
        failure: why there is no result, or no score of it; empty where all went well.
        of_metric: what the metric raised, be it about the whole or, where there is a score all the same, about a part.
        result: fields of the prediction.
        uses: of its parts, in order; only where they were asked for.
        of_parts: feedback on single parts, by name.
    """

    score: float
    feedback: str = ""
    failure: str = ""
    of_metric: str = ""
    result: Mapping[str, str] = field(default_factory=dict[str, str])
    uses: tuple[Use, ...] = ()
    of_parts: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class _Failure:
    error: BaseException

    @property
    def words(self) -> str:
        return one_line(f"{type(self.error).__name__}: {self.error}")[:_REASON_CHARS]


@dataclass(frozen=True, slots=True)
class Conditions:
    """How programs are used.

    Args:
        door: the open gateway.
        lm: the model of every part that has none of its own.
        grader: the metric.
    """

    door: OpenDoor
    lm: Any
    grader: Grader


def use_once(under: Conditions, program: Any, example: Any, errand: Errand, *, parts: bool) -> Rollout:
    """Use a program on an example.

    Args:
        under: how.
        program, example: DSPy's.
        errand: what it is for.
        parts: whether the uses of its parts are wanted, with feedback on each.

    Raises:
        SessionStopped: the session cannot go on, or the work was called off.
        UsageError: the metric gives no scores.
    """
    theirs = dspy()
    with on_errand(errand), theirs.context(lm=under.lm, trace=[], disable_history=True):
        given = _tried(under, errand, lambda: _called(program, example))
        trace = list(theirs.settings.trace or ())
        uses = _uses(under, errand, program, trace, given) if parts else ()
        if isinstance(given, _Failure):
            return Rollout(0.0, failure=given.words, uses=uses)
        grade = _tried(under, errand, lambda: under.grader.score(example, given))
        read = _tried(under, errand, lambda: _read(given))
        result = {"result": f"It cannot be shown: {read.words}"} if isinstance(read, _Failure) else read
        if isinstance(grade, _Failure):
            return Rollout(0.0, failure=grade.words, of_metric=grade.words, result=result, uses=uses)
        if not parts:
            return Rollout(grade.score, grade.feedback, result=result)
        told = _tried(under, errand, lambda: _of_parts(under.grader, program, example, given, trace))
        if isinstance(told, _Failure):
            return Rollout(grade.score, grade.feedback, of_metric=told.words, result=result, uses=uses)
        return Rollout(grade.score, grade.feedback, result=result, uses=uses, of_parts=told)


def _tried(under: Conditions, errand: Errand, what: Callable[[], Given]) -> Given | _Failure:
    """What their code gives, or its failure; never the failure of a session that has stopped."""
    given: Given | _Failure
    try:
        given = what()
    except AutoEvolError:
        _check(under, errand)
        raise
    except (Exception, asyncio.CancelledError) as error:
        given = _Failure(error)
    _check(under, errand)
    return given


def _check(under: Conditions, errand: Errand) -> None:
    if (stopped := under.door.stopped) is not None:
        raise stopped
    if errand.call_off.over:
        raise called_off()


def _called(program: Any, example: Any) -> Any:
    """The program on the inputs of an example; one that has `aforward` only, in a loop of its own."""
    inputs = example.inputs()
    has: frozenset[str] = frozenset(dir(program.__class__))
    if "forward" not in has and "aforward" in has:
        return asyncio.run(program.acall(**inputs))
    return program(**inputs)


def _read(given: Any) -> dict[str, str]:
    """The fields of what a program gave, or the whole of it as one."""
    return field_texts(dict(given.items())) if hasattr(given, "items") else {"result": str(given)}


def _uses(under: Conditions, errand: Errand, program: Any, trace: list[Any], given: Any) -> tuple[Use, ...]:
    """What the parts took and gave; programs write into the trace too, so an entry of another form is passed over."""

    def use(entry: Any) -> Use:
        predictor, inputs, prediction = entry
        return Use(part_of(program, predictor), field_texts(inputs), field_texts(dict(prediction.items())))

    tried = [_tried(under, errand, partial(use, entry)) for entry in trace]
    uses = [one for one in tried if isinstance(one, Use)]
    if isinstance(given, _Failure) and (unread := getattr(given.error, "lm_response", None)) is not None:
        # What could not be read is in no trace; it is known what was answered and by whom.
        uses.append(Use(_blamed(program, given.error), {}, {"unreadable answer": str(unread)}))
    return tuple(uses)


def _blamed(program: Any, error: BaseException) -> str:
    """The part whose answer could not be read: by its fields, as adapters change what else a signature has."""
    fields = list(getattr(getattr(error, "signature", None), "output_fields", ()))
    alike = [name for name, known in program.named_predictors() if list(known.signature.output_fields) == fields]
    names = alike or [name for name, _ in program.named_predictors()]
    return str(names[0]) if len(names) == 1 else ""


def _of_parts(grader: Grader, program: Any, example: Any, given: Any, trace: list[Any]) -> dict[str, str]:
    if not grader.of_parts:
        return {}
    found: dict[str, str] = {}
    names = [part_of(program, step[0]) for step in trace]
    for part in dict.fromkeys(filter(None, names)):
        mine = [step for step, name in zip(trace, names, strict=True) if name == part]
        found[part] = grader.feedback(example, given, trace, part, mine)
    return found
