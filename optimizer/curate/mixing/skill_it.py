"""Skill-it's weights of a mixture from losses by skill (arXiv 2307.14430, section 4, algorithm 1; Apache-2.0 code).

    p_i  ~  prior_i * exp(eta_t * sum_j A_ij * sum over the last w rounds of L_j)

The weights are made anew from the prior each round. Before anything was measured every loss is 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite

from pydantic import BaseModel, ConfigDict, Field

from ....agents.gateway.errors import UsageError
from .skill_graph import SkillGraph

__all__ = ["SkillItSettings", "Weights", "update"]

Losses = Mapping[str, float]
_MOST = 1e100  # what is divided by next to nothing must not become infinite


class SkillItSettings(BaseModel):
    """What can be said of the update; names as in the authors' code where it has one.

    Args:
        eta: how far losses move the weights (authors: 0.1 to 0.5, by data set).
        window: rounds whose losses count.
        eta_schedule: divide eta by what is left of the first round's losses.
        normalize_loss: divide each loss by that skill's loss of the first round.
        dynamic_lambda: halve the edges between skills after each update.
        lone_nodes: skills without any edge keep 1/k each, and the others share the rest (`ignore_lone_nodes`).
        targets: skills whose losses count; none are all. With targets the window's mean is taken, not its sum.
        prior: weights to begin from; none are equal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    eta: float = Field(default=0.5, gt=0, allow_inf_nan=False)
    window: int = Field(default=3, ge=1)
    eta_schedule: bool = False
    normalize_loss: bool = False
    dynamic_lambda: bool = False
    lone_nodes: bool = False
    targets: tuple[str, ...] = ()
    prior: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """Of a round.

    Args:
        values: by skill; they add up to 1.
        eta: the step that was used.
    """

    values: dict[str, float]
    eta: float


def update(graph: SkillGraph, losses: Sequence[Losses], settings: SkillItSettings) -> Weights:
    """The weights of the next round.

    Args:
        graph: of the skills.
        losses: of all rounds so far, the oldest first, each by skill; none before the first round.
        settings: of the update.

    Raises:
        UsageError: a loss is missing, or no number from 0 up; a target, or a skill of the prior, is not in the graph.
    """
    prior = _prior(graph, settings)
    targets = settings.targets or graph.skills
    unknown = [name for name in targets if name not in graph.skills]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no skill of the graph.", fix=f"Known are {', '.join(graph.skills)}.")
    for each in losses:
        _check(each, targets)
    eta, felt = _felt(losses, targets, settings)
    damped = graph.damped(max(0, len(losses) - 1) if settings.dynamic_lambda else 0)
    lone = graph.lone if settings.lone_nodes else frozenset[str]()
    columns = [(damped.skills.index(name), name) for name in targets if name not in lone]
    free = [name for name in graph.skills if name not in lone]
    powers = {
        name: eta * sum(damped.weights[graph.skills.index(name)][j] * felt[target] for j, target in columns)
        for name in free
    }
    most = max(powers.values(), default=0.0)
    raw = {name: prior[name] * exp(power - most) for name, power in powers.items()}
    share = 1 - len(lone) / len(graph.skills) if free else 0.0
    total = sum(raw.values())
    return Weights(
        {name: 1 / len(graph.skills) if name in lone else share * raw[name] / total for name in graph.skills}, eta
    )


def _felt(losses: Sequence[Losses], targets: Sequence[str], settings: SkillItSettings) -> tuple[float, Losses]:
    """Eta, and the losses of the window by skill."""
    if not losses:
        return settings.eta, dict.fromkeys(targets, 1.0)
    first, last = losses[0], losses[-1]
    eta = settings.eta
    if settings.eta_schedule and (left := sum(last[name] for name in targets)):
        eta = min(eta * sum(first[name] for name in targets) / left, _MOST)
    window = losses[-settings.window :]
    parts = len(window) if settings.targets else 1
    felt = {name: sum(each[name] for each in window) / parts for name in targets}
    if settings.normalize_loss:
        felt = {name: min(value / first[name], _MOST) if first[name] else value for name, value in felt.items()}
    return eta, felt


def _prior(graph: SkillGraph, settings: SkillItSettings) -> dict[str, float]:
    said = settings.prior
    if said is None:
        return dict.fromkeys(graph.skills, 1.0)
    if set(said) != set(graph.skills) or not all(isfinite(each) and each > 0 for each in said.values()):
        raise UsageError("The prior needs a weight above 0 for each skill.", fix=f"Skills: {', '.join(graph.skills)}.")
    return said


def _check(losses: Losses, targets: Sequence[str]) -> None:
    for name in targets:
        value = losses.get(name)
        if value is None or not isfinite(value) or value < 0:
            raise UsageError(
                f"There is no loss of the skill {name!r}." if value is None else f"The loss of {name!r} is {value}.",
                fix="Give each skill a loss from 0 up.",
            )
