"""What was found out about one model of one endpoint: plain values, kept as JSON without any secret."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..endpoints import Abilities

__all__ = ["Announced", "Findings", "FormTried", "Speed", "Spent"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Announced(_Frozen):
    """Limits that replies named, a minute; None is not named. `quotas` are those of hours or days."""

    rpm: float | None = None
    tpm: float | None = None
    input_tpm: float | None = None
    output_tpm: float | None = None
    concurrency: int | None = None
    quotas: dict[str, float] = {}


class FormTried(_Frozen):
    """How often a text that was asked for in one output form could be read out of the answer."""

    asked: int = 0
    kept: int = 0


class Speed(_Frozen):
    """How it answered. `shortest_s` bounds the time to the first token; `tokens_per_s` is of the time after that."""

    shortest_s: float
    longest_s: float
    tokens_per_s: float | None = None


class Spent(_Frozen):
    """What finding it out took; `usd` is None where the price is unknown."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None


class Findings(_Frozen):
    """What `autoevol doctor` found out.

    Args:
        endpoint: its name in the settings.
        address: without any secret.
        wire: what the address speaks.
        model: the name asked for.
        when: moment of the examination, ISO 8601.
        models: names that the endpoint lists, at most 200; None where it lists none.
        served: the model that says it answered.
        fingerprint: of it, if any.
        abilities: what it can do.
        announced: limits named in headers.
        forms: output forms that were tried.
        speed: None where nothing was answered.
        spent: what it took.
        remarks: what a person should know.
        unasked: abilities that the cap on calls left out.
    """

    endpoint: str
    address: str
    wire: Literal["openai", "anthropic"] = "openai"
    model: str
    when: str
    models: tuple[str, ...] | None = None
    served: str = ""
    fingerprint: str = ""
    abilities: Abilities = Abilities()
    announced: Announced = Announced()
    forms: dict[Literal["tags", "json"], FormTried] = {}
    speed: Speed | None = None
    spent: Spent = Spent()
    remarks: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()
