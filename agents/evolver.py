"""The evolver: applies a method to one instruction."""

from __future__ import annotations

from dataclasses import dataclass

from .contract import EVOLVED_SCHEMA, evolved_tag, read_evolved, render_evolve
from .gateway.outcomes import NoAnswer
from .messages import Evolved, EvolveTask, Failed
from .reading import fault_of
from .seated import Framed

__all__ = ["Evolver"]


@dataclass(frozen=True, slots=True)
class Evolver(Framed):
    """Rewrites an instruction by a method, once (Auto Evol-Instruct, arXiv 2406.00770, sections 2.2 and 3.1).

    An answer that was cut at the token limit still counts where its pair of tags, or JSON object, was closed before.
    """

    async def __call__(self, task: EvolveTask) -> Evolved | Failed:
        """Evolve one instruction. The control `identity` and a given text need no call; a blank one is unreadable."""
        reply = f"{task.id}/reply"
        given = task.instruction.text if task.method.control == "identity" else task.given
        if given is not None and not given.strip():
            return Evolved(id=reply, parent=task.id, text=None, raw=given, fault="unreadable")
        if given is not None:
            return Evolved(id=reply, parent=task.id, text=given, raw=given)
        turns = render_evolve(task.method, task.instruction, self.secret, self.output_form, self.prompts)
        outcome = await self.put(task, turns, EVOLVED_SCHEMA)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        tag = evolved_tag(task.instruction, self.secret)
        text = read_evolved(outcome.text, task.method, task.instruction, self.secret, self.output_form, self.prompts)
        if self.cut(outcome, tag):
            text = None
        fault = fault_of(outcome, readable=text is not None)
        return Evolved(**self.head(task, outcome), text=text, raw=outcome.text, fault=fault)
