"""Values that the settings of Magpie are made of: draws, their published sets, and families of templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["SWEEPS", "Draw", "FamilySettings", "SweepName"]

SweepName = Literal["pro", "air", "qwen2-72b", "phi-3-medium"]


class Draw(NamedTuple):
    """How instructions are drawn, and the share of them that is drawn so."""

    temperature: float
    top_p: float
    weight: float = 1.0


# Magpie, table 7 and appendix D.3; the last two as the authors' notebook joins their files.
SWEEPS: Mapping[SweepName, tuple[Draw, ...]] = {
    "pro": (Draw(1.0, 1.0, 3), Draw(1.1, 0.995, 3), Draw(1.2, 0.995, 3), Draw(1.25, 0.99, 1)),
    "air": (
        *(Draw(temperature, top_p, 3) for temperature in (1.0, 1.1, 1.2) for top_p in (1.0, 0.995, 0.99)),
        *(Draw(1.25, top_p, 1) for top_p in (1.0, 0.995, 0.99)),
    ),
    "qwen2-72b": (Draw(1.0, 1.0, 3), Draw(1.1, 1.0, 4), Draw(1.2, 0.99, 3)),
    "phi-3-medium": (Draw(1.0, 1.0, 3), Draw(1.1, 1.0, 3), Draw(1.2, 0.99, 3), Draw(1.25, 0.99, 1)),
}
"""How the released sets were drawn."""


class FamilySettings(BaseModel):
    """A chat template in its parts.

    Args:
        bos: the token that a text begins with, as text; empty where the template has none.
        user: what opens the first turn of the user, after `bos`, where there is no system text.
        system: what stands before a system text; None where the family has no system turn.
        system_user: what stands between a system text and the text of the user.
        assistant: what stands between the text of the user and the answer.
        again: what stands between an answer and the next text of the user.
        stops: strings that end a turn, what matters most first.
        special: a string of the template that is one token of the model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bos: str = ""
    user: str
    system: str | None = None
    system_user: str = ""
    assistant: str
    again: str
    stops: tuple[str, ...]
    special: str = Field(min_length=1)
