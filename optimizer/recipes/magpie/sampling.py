"""How each row is drawn: temperature and top_p from the sweep, and the system text that steers it, by weight."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ....agents.gateway.errors import UsageError
from ....prompts import Prompts
from ...dataset.draws import generator
from ...record.making.magpie import MagpieSettings

__all__ = ["NO_SYSTEM", "SHIPPED", "Plan", "Planner", "draw_fields"]

_T = TypeVar("_T")

NO_SYSTEM = "none"
SHIPPED = ("maths", "code", "translation", "chinese")
"""Keys of the shipped system texts; each is the prompt `make-magpie-<key>`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one row is drawn.

    Args:
        number: of the row, from 1.
        temperature, top_p: of its instructions.
        key: of the system text; empty where nothing steers.
        system: the text.
    """

    number: int
    temperature: float
    top_p: float
    key: str = ""
    system: str = ""

    @property
    def id(self) -> str:
        """Id of the row."""
        return f"magpie-{self.number:06d}"


class Planner:
    """Draws the plan of each row, by its number alone.

    Args:
        part: settings.
        run_seed: of the run.
        place: of the part in the run.
        prompts: where the shipped system texts are.

    Raises:
        UsageError: `control` names a text that nobody wrote.
    """

    def __init__(self, part: MagpieSettings, run_seed: int, place: str, prompts: Prompts) -> None:
        self._draws = part.draws
        self._weights = [draw.weight for draw in part.draws]
        self._run_seed = run_seed
        self._place = place
        self._texts = {key: _text(key, part.systems, prompts) for key in part.control}
        self._control = (list(part.control), list(part.control.values()))

    def plan(self, number: int) -> Plan:
        """The plan of a row."""
        draw = self._chosen("draw", number, self._draws, self._weights)
        if not self._texts:
            return Plan(number, draw.temperature, draw.top_p)
        key = self._chosen("control", number, *self._control)
        return Plan(number, draw.temperature, draw.top_p, key, self._texts[key])

    def _chosen(self, purpose: str, number: int, values: Sequence[_T], weights: Sequence[float]) -> _T:
        if len(values) == 1:
            return values[0]
        return generator(self._run_seed, f"{self._place}/{purpose}", number).choices(values, weights)[0]


def _text(key: str, own: Mapping[str, str], prompts: Prompts) -> str:
    if key in own:
        return own[key]
    if key == NO_SYSTEM:
        return ""
    if key not in SHIPPED:
        raise UsageError(
            f"control names '{key}', and there is no such system text.",
            fix=f"Shipped are {', '.join(SHIPPED)} and {NO_SYSTEM}; write others into systems.",
        )
    return prompts.get(f"make-magpie-{key}", "zh" if key == "chinese" else "en").fill()


def draw_fields(part: MagpieSettings) -> str | None:
    """Fields of the request that keep a server's own limits of the draw away, as JSON text; None for none.

    What is not sent, vLLM takes from the model's own file, and llama.cpp thins the draw to 40 tokens. Special tokens
    are to be shown, so that stop strings meet them.
    """
    fields: dict[str, object] = {}
    if part.top_k is not None:
        fields["top_k"] = part.top_k
    if part.min_p is not None:
        fields["min_p"] = part.min_p
    if not fields:
        return None
    return json.dumps({**fields, "repeat_penalty": 1.0, "repetition_penalty": 1.0, "skip_special_tokens": False},
                      sort_keys=True)  # fmt: skip
