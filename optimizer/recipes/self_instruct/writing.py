"""What becomes of a finished way: rows of data, dropped rows, and the figures over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from ....agents.bootstrap.asking import Instances, InstanceTask, Pair, Sorted
from ....agents.messages import Answered, Call, Failed, Reply
from ....agents.team import Journey
from ...dataset.rows import DataRow, DroppedRow, Provenance
from ...dataset.seed import Seed
from ...record.making.self_instruct import SelfInstructSettings
from ..book import Book, cost_of, keys_of, models_of
from .admission import Admitted
from .figures import Figures
from .ways import Ways

__all__ = ["Writer"]

_BEFORE_ANSWERS = 4  # messages of a way up to its instances


@dataclass(frozen=True, slots=True)
class _Way:
    """A task with the calls of its way, and whether it is a classification."""

    new: Admitted
    name: str
    calls: Sequence[Call]
    label: bool | None = None


class Writer:
    """Writes rows in the order of the work.

    Args:
        part: what is said of the recipe.
        place: folder and stage.
        ways: how texts are joined and instances sifted.
        book: where rows go.
    """

    def __init__(self, part: SelfInstructSettings, place: str, ways: Ways, book: Book) -> None:
        self._part, self._place, self._ways, self._book = part, place, ways, book
        self.figures = Figures()

    def write_seeds(self, seeds: Iterable[Seed]) -> None:
        """The seed tasks as rows, those without an answer as dropped ones."""
        for seed in seeds:
            self._book.taken += 1
            if seed.response is None:
                self._book.drop(DroppedRow(seed.id, self._place, "no-answer", "the seed has none"))
                continue
            asked = seed.instruction
            text = self._ways.text_of(f"{self._place}/{seed.id}", 1, seed.bare, Pair(seed.input, seed.response))
            came = Provenance(seed.id, seed.line, asked.text, recipe=self._part.recipe, parents=(seed.id,))
            self._book.keep(DataRow(seed.id, text, seed.response, came, asked.system, asked.context))

    def write(self, new: Admitted, name: str, journey: Journey = ()) -> bool:
        """The rows of a task at the end of its way; whether there is any.

        Args:
            new: the task.
            name: its id.
            journey: its way; empty for a task that came whole and is answered already.
        """
        calls = [call for message in journey if isinstance(message, Reply) for call in message.calls]
        way = _Way(new, name, calls)
        last = journey[-1] if journey else None
        if isinstance(last, Failed) and len(journey) <= _BEFORE_ANSWERS:
            self._drop(way, name, new.instance, last.reason, last.detail)
            return False
        kept, way = self._instances(way, journey)
        asked: list[Answered | Failed | None] = [each for each in journey if isinstance(each, Answered | Failed)]
        replies = asked or [None] * len(kept)
        any_row = False
        for number, (pair, reply) in enumerate(zip(kept, replies, strict=True), 1):
            response = self._response(way, self._row_id(name, number), pair, reply)
            if response is not None:
                self._keep(way, number, pair, response, len(kept))
                any_row = True
        if any_row:
            self.figures.add_task(new, way.label)
        return any_row

    def surplus(self, new: Admitted, name: str) -> None:
        """A task that is not wanted any more."""
        self._drop(_Way(new, name, ()), name, new.instance, "surplus", "there were enough without it")

    def _row_id(self, name: str, number: int) -> str:
        return name if self._part.instances == 1 else f"{name}.i{number}"

    def _instances(self, way: _Way, journey: Journey) -> tuple[Sequence[Pair], _Way]:
        """The instances that are kept (those that are not are put away), and the way with its label."""
        if way.new.instance is not None:
            return [way.new.instance], way
        label, asked, reply = journey[1], journey[2], journey[3]
        if not (isinstance(label, Sorted) and isinstance(asked, InstanceTask) and isinstance(reply, Instances)):
            raise TypeError("not the way of a task")
        kept, dropped = self._ways.sifted(asked, reply)
        for number, pair in enumerate(reply.copied, 1):
            self._drop(way, f"{way.name}.c{number}", pair, "copied", "words of the prompt")
        if not reply.pairs and not reply.copied:
            self._drop(way, way.name, None, reply.fault or "no-output", reply.raw[:2000])
        for number, (pair, reason) in enumerate(dropped, 1):
            self._drop(way, f"{way.name}.d{number}", pair, reason, "")
        return kept, replace(way, label=label.classification)

    def _response(self, way: _Way, name: str, pair: Pair, reply: Answered | Failed | None) -> str | None:
        """The output of a row; None where the responder was asked and gave none."""
        if isinstance(reply, Failed):
            self._drop(way, name, pair, reply.reason, reply.detail)
            return None
        if reply is not None and reply.fault:
            self._drop(way, name, pair, reply.fault, "the responder's answer met its bound")
            return None
        return pair.output if reply is None else reply.text

    def _keep(self, way: _Way, number: int, pair: Pair, response: str, rows: int) -> None:
        new, cost = way.new, cost_of(way.calls)
        notes: dict[str, JsonValue] = {"task": new.instruction, "input": pair.input, **new.notes}
        if way.label is not None:
            notes["classification"] = way.label
        if self._part.answers == "responder":
            notes["own_output"] = pair.output
        name = self._row_id(way.name, number)
        came = Provenance(
            name, calls=tuple(dict.fromkeys((*new.calls, *keys_of(way.calls)))),
            cost=None if cost is None or new.cost is None else (cost + new.cost) / rows,
            models=tuple(dict.fromkeys((*new.models, *models_of(way.calls)))), recipe=self._part.recipe,
            parents=new.parents, notes=notes,
        )  # fmt: skip
        text = self._ways.text_of(f"{self._place}/t{new.number + 1:06d}", number, new.instruction, pair)
        self._book.keep(DataRow(name, text, response, came))
        self.figures.add_row(pair.input, response)

    def _drop(self, way: _Way, name: str, pair: Pair | None, reason: str, detail: str) -> None:
        notes: Mapping[str, JsonValue] = {**({"input": pair.input} if pair else {}), **way.new.notes}
        self._book.drop(DroppedRow(
            name, self._place, reason, detail, calls=(*way.new.calls, *keys_of(way.calls)), cost=cost_of(way.calls),
            instruction=way.new.instruction, response=pair.output if pair else None, notes=notes,
        ))  # fmt: skip
