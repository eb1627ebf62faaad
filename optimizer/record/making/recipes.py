"""The recipes by name, and any of them as a setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from ..curating.best_answer import BestAnswerSettings
from ..curating.selectors import SELECTORS, Selecting
from ..curating.self_repair import SelfRepairSettings
from ..curating.tested_code import TestedCodeSettings
from .arithmetic import ArithmeticSettings
from .auto_evol import AutoEvolSettings
from .evol_instruct import EvolInstructSettings
from .ifd import IfdSettings
from .magpie import MagpieSettings
from .part import PartSettings
from .reflection import ReflectionSettings
from .self_instruct import SelfInstructSettings

__all__ = ["PARTS", "RECIPES", "Making"]

Making = Annotated[
    EvolInstructSettings
    | SelfInstructSettings
    | MagpieSettings
    | ReflectionSettings
    | IfdSettings
    | AutoEvolSettings
    | BestAnswerSettings
    | TestedCodeSettings
    | SelfRepairSettings
    | ArithmeticSettings
    | Selecting,
    Field(discriminator="recipe"),
]
"""The settings of one recipe or selector, told apart by `recipe`."""

RECIPES: Mapping[str, type[PartSettings]] = {
    "evol-instruct": EvolInstructSettings,
    "self-instruct": SelfInstructSettings,
    "magpie": MagpieSettings,
    "reflection": ReflectionSettings,
    "ifd": IfdSettings,
    "auto-evol": AutoEvolSettings,
    "best-answer": BestAnswerSettings,
    "tested-code": TestedCodeSettings,
    "self-repair": SelfRepairSettings,
    "arithmetic": ArithmeticSettings,
}
"""Every recipe of `autoevol make`."""

PARTS: Mapping[str, type[PartSettings]] = {**RECIPES, **SELECTORS}
"""Whatever can stand in a `[[make]]` table."""
