"""Where models are reached, as the settings say it. Values only; the transport uses them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Budget", "Endpoint", "Price"]


class Price(BaseModel):
    """Price of a model in USD per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)


class Budget(BaseModel):
    """Hard caps over all roles and restarts. None is no cap. `calls` counts attempts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    usd: float | None = Field(default=None, gt=0)
    minutes: float | None = Field(default=None, gt=0)


class Endpoint(BaseModel):
    """One endpoint group: an OpenAI-compatible address, an embedded model, or a scripted model. Exactly one of three.

    Args:
        base_url: address up to and without `/chat/completions`, usually ending in `/v1`.
        local: name of an embedded model, or path of a GGUF file.
        script: path of a JSONL script for the scripted model.
        key_env: environment variable that holds the key; the key itself is never a setting.
        key_file: file whose first line is the key, where the variable is not set.
        rpm, tpm, concurrency: requests a minute, tokens a minute, calls in flight; None is unknown.
        prices: price by model name; a model without one has an unknown price. Local models are free.
        output_form: how agents must give texts back: between `tags`, or as `json` by a schema. Measured per endpoint.
        headers: further headers that hold no secret.
        connect_s, first_byte_s, total_s: time-outs in seconds.
        patience_s: how long an outage is waited out, in seconds, before the session stops.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str | None = None
    local: str | None = None
    script: str | None = None
    key_env: str | None = None
    key_file: str | None = None
    rpm: float | None = Field(default=None, gt=0)
    tpm: float | None = Field(default=None, gt=0)
    concurrency: int | None = Field(default=None, ge=1)
    prices: dict[str, Price] = Field(default_factory=dict[str, Price])
    output_form: Literal["tags", "json"] = "tags"
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    connect_s: float = Field(default=10, gt=0)
    first_byte_s: float = Field(default=300, gt=0)
    total_s: float = Field(default=600, gt=0)
    patience_s: float = Field(default=900, gt=0)

    @model_validator(mode="after")
    def _one_kind(self) -> Endpoint:
        if sum(kind is not None for kind in (self.base_url, self.local, self.script)) != 1:
            raise ValueError("give exactly one of base_url, local and script")
        return self

    @property
    def free(self) -> bool:
        """Embedded and scripted models cost nothing."""
        return self.base_url is None
