"""The way of a new task: is it a classification, its instances, and the responder's answers."""

from __future__ import annotations

from collections.abc import Sequence

from ....agents.bootstrap.asking import Draw, Instances, InstanceTask, Pair, Sorted, SortTask
from ....agents.messages import AnswerTask, Instruction, Task
from ....agents.team import Journey
from ...dataset.draws import generator
from ...dataset.language import language_of
from ...record.making.self_instruct import SelfInstructSettings
from .admission import Admitted
from .filters import Dropped, sift
from .joining import joined

__all__ = ["Ways"]

_LABEL_TOKENS = {"chat": 48, "completion": 3}


class Ways:
    """What follows what; the same for the same journey.

    Args:
        part: what is said of the recipe.
        place: the stage of its tasks.
        run_seed: names the generators.
    """

    def __init__(self, part: SelfInstructSettings, place: str, run_seed: int) -> None:
        self._part, self._place, self._run_seed = part, place, run_seed

    def first(self, new: Admitted) -> Task:
        """How a new task begins: a whole one is only answered anew."""
        place = f"{self._place}/t{new.number + 1:06d}"
        if new.instance is not None:
            return self._answer(place, 1, new.instruction, new.instance)
        return SortTask(
            id=f"{place}/sort", stage=self._place, instruction=new.instruction,
            language=language_of(new.instruction),
            draw=Draw(self._part.form, 0.0, 1.0, _LABEL_TOKENS[self._part.form]),
        )  # fmt: skip

    def follow(self, journey: Journey) -> Task | Sequence[Task] | None:
        """The next task of a journey, or the end."""
        asked, reply = journey[-2:]
        if isinstance(reply, Sorted) and isinstance(asked, SortTask):
            return self._instances(asked, reply)
        if isinstance(reply, Instances) and isinstance(asked, InstanceTask) and self._part.answers == "responder":
            place = asked.id.removesuffix("/instances")
            kept, _ = self.sifted(asked, reply)
            return [self._answer(place, number, asked.instruction, pair) for number, pair in enumerate(kept, 1)]
        return None

    def _instances(self, asked: SortTask, reply: Sorted) -> InstanceTask:
        part = self._part
        return InstanceTask(
            id=asked.id.removesuffix("/sort") + "/instances", stage=self._place, instruction=asked.instruction,
            labels_first=bool(reply.classification), count=part.instances, language=asked.language,
            draw=Draw(part.form, 0.0, 1.0, part.instance_tokens, part.instance_presence_penalty),
        )  # fmt: skip

    def sifted(self, asked: InstanceTask, reply: Instances) -> tuple[list[Pair], list[Dropped]]:
        """The instances of a task that are kept, and the others with their reasons."""
        draw = generator(self._run_seed, f"{asked.id}/kept")
        return sift(reply.pairs, asked.instruction, self._part.instances, draw, cut=reply.truncated,
                    anew=self._part.answers == "responder")  # fmt: skip

    def text_of(self, place: str, number: int, instruction: str, pair: Pair) -> str:
        """Instruction and input of instance `number` as one text."""
        return joined(instruction, pair.input, self._part.layout, generator(self._run_seed, f"{place}/layout", number))

    def _answer(self, place: str, number: int, instruction: str, pair: Pair) -> AnswerTask:
        text = self.text_of(place, number, instruction, pair)
        return AnswerTask(
            id=f"{place}/answer/{number}", stage=self._place,
            instruction=Instruction(text, language=language_of(instruction)),
        )  # fmt: skip
