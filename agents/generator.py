"""The generator: goes on from a bare text, as a model does that nobody has put into a chat.

Magpie (arXiv 2406.08464, section 2) has an aligned model write what a user would say, from nothing but the beginning
of a user's turn; Self-Instruct (arXiv 2212.10560) lets an untuned model continue a numbered list. Both need an endpoint
for raw completions: one that renders a chat template itself always opens the assistant's turn.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from .agent import drawn
from .gateway.outcomes import NoAnswer
from .gateway.requests import Decoding
from .messages import Continued, ContinueTask, Failed
from .seated import Seated

__all__ = ["Generator"]


@dataclass(frozen=True, slots=True)
class Generator(Seated):
    """Continues one text."""

    async def __call__(self, task: ContinueTask) -> Continued | Failed:
        """What follows the text; nothing at all is a reply too."""
        outcome = await self.seat.plain(task, task.text, "completion", self._decoding(task))
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        return Continued(**self.head(task, outcome), text=outcome.text, truncated=outcome.finish == "length")

    def _decoding(self, task: ContinueTask) -> Decoding:
        own = self.seat.decoding
        decoding = drawn(
            own, temperature=task.temperature, top_p=task.top_p, max_tokens=task.max_tokens, stop=task.stop
        )  # fmt: skip
        return decoding if task.extra is None else replace(decoding, extra=_joined(task.extra, own.extra))


def _joined(task: str, own: str | None) -> str:
    """Fields of both, those of the seat winning: a person said them."""
    fields: dict[str, object] = {**json.loads(task), **json.loads(own or "{}")}
    return json.dumps(fields, sort_keys=True)
