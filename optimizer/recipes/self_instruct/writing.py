"""What becomes of a finished way: rows of data, dropped rows, and the figures over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from ....agents.bootstrap.asking import Instances, InstanceTask, Pair, Sorted
from ....agents.messages import Answered, Call, Failed, Reply
from ....agents.team import Journey
from ...dataset.rows import DataRow, DroppedRow, Provenance
from ...dataset.seed import Seed
from ...record.making.self_instruct import SelfInstructSettings
from ..book import Book, cost_of, keys_of, models_of
from .admission import Admitted
from .ways import Ways

__all__ = ["Writer"]

_BEFORE_ANSWERS = 4  # messages of a way up to its instances


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
        last = journey[-1] if journey else None
        if isinstance(last, Failed) and len(journey) <= _BEFORE_ANSWERS:
            self._drop(new, name, None, last.reason, last.detail, calls)
            return False
        kept, label = self._instances(new, name, journey, calls)
        replies = [each for each in journey if isinstance(each, Answered | Failed)]

        any_row = False
        for number, pair in enumerate(kept, 1):
            row = name if self._part.instances == 1 else f"{name}.i{number}"
            reply = replies[number - 1] if replies else None
            any_row |= self._row(new, row, number, pair, reply, calls, label)
        return any_row

    def surplus(self, new: Admitted, name: str) -> None:
        """A task that is not wanted any more."""
        self._drop(new, name, new.instance, "surplus", "there were enough without it", ())

    def _instances(
        self, new: Admitted, name: str, journey: Journey, calls: Sequence[Call]
    ) -> tuple[Sequence[Pair], bool | None]:  # fmt: skip
        """The instances that are kept, those that are not put away; and whether it is a classification."""
        if new.instance is not None:
            return [new.instance], None
        label, asked, reply = journey[1], journey[2], journey[3]
        if not (isinstance(label, Sorted) and isinstance(asked, InstanceTask) and isinstance(reply, Instances)):
            raise TypeError("not the way of a task")
        kept, dropped = self._ways.sifted(asked, reply)
        if not reply.pairs:
            self._drop(new, name, None, reply.fault or "no-output", reply.raw[:2000], calls)
        for number, (pair, reason) in enumerate(dropped, 1):
            self._drop(new, f"{name}.d{number}", pair, reason, "", calls)
        return kept, label.classification

    def _row(
        self, new: Admitted, name: str, number: int, pair: Pair, reply: Reply | None, calls: Sequence[Call],
        label: bool | None,
    ) -> bool:  # fmt: skip
        response, notes = pair.output, self._notes(new, pair, label)
        if isinstance(reply, Failed):
            self._drop(new, name, pair, reply.reason, reply.detail, calls)
            return False
        if isinstance(reply, Answered):
            if reply.fault:
                self._drop(new, name, pair, reply.fault, "the responder's answer met its bound", calls)
                return False
            response, notes = reply.text, {**notes, "own_output": pair.output}
        place = f"{self._place}/t{new.number + 1:06d}"
        own, cost = keys_of(calls), cost_of(calls)
        came = Provenance(
            name, calls=tuple(dict.fromkeys((*new.calls, *own))),
            cost=None if cost is None or new.cost is None else cost + new.cost,
            models=tuple(dict.fromkeys((*new.models, *models_of(calls)))), recipe=self._part.recipe,
            parents=new.parents, notes=notes,
        )  # fmt: skip
        text = self._ways.text_of(place, number, new.instruction, pair)
        self._book.keep(DataRow(name, text, response, came))
        return True

    def _notes(self, new: Admitted, pair: Pair, label: bool | None) -> dict[str, JsonValue]:
        return {
            "task": new.instruction, "input": pair.input,
            **({} if label is None else {"classification": label}), **new.notes,
        }  # fmt: skip

    def _drop(
        self, new: Admitted, name: str, pair: Pair | None, reason: str, detail: str, calls: Sequence[Call]
    ) -> None:  # fmt: skip
        notes: Mapping[str, JsonValue] = {**({"input": pair.input} if pair else {}), **new.notes}
        self._book.drop(DroppedRow(
            name, self._place, reason, detail, calls=(*new.calls, *keys_of(calls)), cost=cost_of(calls),
            instruction=new.instruction, response=pair.output if pair else None, notes=notes,
        ))  # fmt: skip
