"""The judge as a grader: how complex an instruction is, or how good a response, from 1 to 6.

Deita (arXiv 2312.15685, section 2.2) has texts ranked beside evolved siblings of theirs, all in one prompt, because a
text that is marked alone mostly gets the same high mark. A single text can be marked too, beside marked examples or
without any; the latter saturates, and whoever asks for it says so. All words are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Literal

from .agent import drawn
from .contract import quoted, said_before
from .digits import expected_digit, last_digit
from .gateway.outcomes import Answer, NoAnswer, Outcome
from .gateway.requests import Turn
from .messages import Failed, Instruction, Reply, Task
from .reading import fault_of
from .schemas import INTEGER, schema
from .seated import Framed

__all__ = ["Example", "Mark", "MarkTask", "Marked", "Marker", "Measure", "RankTask", "Ranked", "Ranker"]

Measure = Literal["complexity", "quality"]

_RANK, _MARK = "ranking", "mark"
_DIGIT = {**INTEGER, "minimum": 1, "maximum": 6}
# Choices written out are copied as they stand by small models.
_HINT = {"en": "[a digit from 1 to 6]", "zh": "[从 1 到 6 的一个数字]"}
_LIKELY = 10  # of so many tokens the log-probabilities are asked for: six marks, and what else begins there
_LABELS: Mapping[Measure, str] = {"complexity": "TEXT", "quality": "ANSWER"}


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its mark: an instruction, or a response to one."""

    asked: str
    text: str
    digit: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark from 1 to 6: as it was written, and what was expected of it, the same where nothing more is known."""

    digit: int
    value: float
    smooth: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RankTask(Task):
    """To the judge: a mark for each of these texts beside the others.

    Args:
        measure: what is marked.
        instruction: the first of the texts, or what they answer.
        texts: instructions, or responses to the one instruction; 26 at most.
        order: in which they are shown: places in `texts`.
    """

    measure: Measure
    instruction: Instruction
    texts: tuple[str, ...]
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked(Reply):
    """From the judge: the marks in the order of the texts; none where any of them is missing."""

    marks: tuple[Mark, ...]
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkTask(Task):
    """To the judge: a mark for this instruction, or for this response to it.

    Args:
        measure: what is marked.
        instruction: what is marked, or what was answered.
        response: what is marked where that is the quality.
        examples: marked texts, shown before it.
        temperature: draws it; None leaves the seat's own.
    """

    measure: Measure
    instruction: Instruction
    response: str = ""
    examples: tuple[Example, ...] = ()
    temperature: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked(Reply):
    """From the judge. None where there is no mark that can be read."""

    mark: Mark | None
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True)
class Grader(Framed):
    """What ranking and marking share."""

    async def graded(self, task: Task, turns: tuple[Turn, ...], held: str, temperature: float | None) -> Outcome:
        """Ask with log-probabilities, which an endpoint may give or not."""
        decoding = replace(drawn(self.seat.decoding, temperature=temperature), top_logprobs=_LIKELY)
        return await self.put(task, turns, held, replace(self.seat, decoding=decoding))

    def told(self, measure: Measure, language: str, data: str, form: str) -> tuple[Turn, ...]:
        """What is meant by the measure, then the data."""
        told = self.says(f"make-deita-{measure}", language)
        return Turn("system", told), Turn("user", f"{data}\n\n{form}")


@dataclass(frozen=True, slots=True)
class Ranker(Grader):
    """Marks several texts beside each other."""

    async def __call__(self, task: RankTask) -> Ranked | Failed:
        """A mark for every text, by whatever letter it was shown."""
        letters = ascii_uppercase[: len(task.texts)]
        shown = [task.texts[place] for place in task.order]
        asked = _asked(task.measure, task.instruction)
        sign, tag = self.sign(asked, *shown), self.tag(_RANK, asked, *shown)
        label, language = _LABELS[task.measure], task.instruction.language
        blocks = [quoted("QUESTION", sign, asked)] if asked else []
        blocks += [quoted(f"{label} {letter}", sign, text) for letter, text in zip(letters, shown, strict=True)]
        form = self.form(
            "make-deita-rank", language, tag=tag, first=letters[0], last=letters[-1],
            lines="\n".join(f"{letter}: {_HINT.get(language, _HINT['en'])}" for letter in letters),
        )  # fmt: skip
        held = schema(**dict.fromkeys(letters, _DIGIT))
        outcome = await self.graded(task, self.told(task.measure, language, "\n".join(blocks), form), held, None)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        marks = self._marks(outcome, tag, letters)
        by_place = {place: mark for place, mark in zip(task.order, marks, strict=True) if mark is not None}
        whole = len(by_place) == len(task.texts)
        return Ranked(
            **self.head(task, outcome), fault=fault_of(outcome, readable=whole),
            marks=tuple(by_place[place] for place in range(len(task.texts))) if whole else (),
        )  # fmt: skip

    def _marks(self, answer: Answer, tag: str, letters: str) -> list[Mark | None]:
        begin = _begin(answer.text, tag)
        return [_mark(answer, begin, rf"(?<![\w]){letter}[\"'*]{{0,3}}\s*[:：][\s*\"']{{0,4}}") for letter in letters]


@dataclass(frozen=True, slots=True)
class Marker(Grader):
    """Marks one text."""

    async def __call__(self, task: MarkTask) -> Marked | Failed:
        """One mark."""
        asked, language = _asked(task.measure, task.instruction), task.instruction.language
        text = task.instruction.text if task.measure == "complexity" else task.response
        sign, tag = self.sign(asked, text), self.tag(_MARK, asked, text)
        blocks = [quoted("QUESTION", sign, asked)] if asked else []
        blocks.append(quoted(_LABELS[task.measure], sign, text))
        form = self.form("make-deita-mark", language, tag=tag)
        data = self._examples(task.measure, task.examples, language) + "\n".join(blocks)
        turns, held = self.told(task.measure, language, data, form), schema(mark=_DIGIT)
        outcome = await self.graded(task, turns, held, task.temperature)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        mark = _mark(outcome, _begin(outcome.text, tag), rf"(?:<\s*{tag}\s*>|\"mark\"\s*:)[\s*\"']{{0,4}}")
        return Marked(**self.head(task, outcome), mark=mark, fault=fault_of(outcome, readable=mark is not None))

    def _examples(self, measure: Measure, examples: Sequence[Example], language: str) -> str:
        """The same for all items, so that a provider's cache knows them: their marks derive from them alone."""
        if not examples:
            return ""
        sign, label = self.sign(*(text for each in examples for text in (each.asked, each.text))), _LABELS[measure]
        shown: list[str] = []
        for each in examples:
            asked = quoted("QUESTION", sign, each.asked) + "\n" if each.asked else ""
            shown.append(f"{asked}{quoted(label, sign, each.text)}\n→ {each.digit}")
        return self.says("make-deita-examples", language, examples="\n\n".join(shown)) + "\n\n"


def _asked(measure: Measure, instruction: Instruction) -> str:
    """What stands before the texts: the turns before an instruction; with it, before responses."""
    before = said_before(instruction)
    if measure == "complexity":
        return before
    return f"{before}\nuser: {instruction.text}" if before else instruction.text


def _begin(text: str, tag: str) -> int:
    """Where the answer proper begins: at its last opening tag."""
    return max(0, text.rfind(f"<{tag}>"))


def _mark(answer: Answer, begin: int, before: str) -> Mark | None:
    found = last_digit(answer.text[begin:], before)
    if found is None or answer.finish == "length":
        return None
    digit, at = found
    expected = expected_digit(answer, begin + at)
    return Mark(digit, float(digit)) if expected is None else Mark(digit, expected, smooth=True)
