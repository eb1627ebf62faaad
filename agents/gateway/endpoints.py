"""Where models are reached, as the settings say it. Values only; the transport uses them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Abilities", "Budget", "Endpoint", "ModelLimits", "Price", "Replica"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Price(_Frozen):
    """Price of a model in USD per million tokens.

    Args:
        input, output: tokens in and out.
        cached_input: tokens in that the provider had cached; None is as `input`.
        cache_write: tokens in that the provider writes to its cache; None is as `input`.
        source: where the price is from; empty for what the person said.
    """

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)
    cache_write: float | None = Field(default=None, ge=0)
    source: str = ""


class Budget(_Frozen):
    """Hard caps over all roles and restarts. None is no cap. `calls` counts attempts."""

    calls: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    usd: float | None = Field(default=None, gt=0)
    minutes: float | None = Field(default=None, gt=0)


class ModelLimits(_Frozen):
    """Limits of one model, beside those of the endpoint. None is unknown.

    Args:
        rpm: requests a minute.
        tpm: tokens a minute, input and output together.
        input_tpm, output_tpm: the same apart, for providers that count so.
        concurrency: calls in flight.
    """

    rpm: float | None = Field(default=None, gt=0)
    tpm: float | None = Field(default=None, gt=0)
    input_tpm: float | None = Field(default=None, gt=0)
    output_tpm: float | None = Field(default=None, gt=0)
    concurrency: int | None = Field(default=None, ge=1)


class Replica(ModelLimits):
    """One more address or key behind the same endpoint. What is None is as the endpoint says.

    Args:
        base_url: another address that serves the same models.
        key_env, key_file: another key.
    """

    base_url: str | None = None
    key_env: str | None = None
    key_file: str | None = None


class Abilities(_Frozen):
    """What `autoevol doctor` found out about an endpoint's model; None is not known.

    Args:
        json_schema, json_object: whether answers can be held to a schema, or to JSON.
        n: whether one call gives several answers.
        seed: whether a seed is taken.
        logprobs: whether log-probabilities of an answer come.
        completions, embeddings: whether there are raw completions and embeddings.
        given_text: how log-probabilities of a given text are had.
        cached_prompts: whether a repeated prefix comes back as cached tokens.
        refused: what requests to it must do without (`no temperature`), in the words of `wire.quirks`.
    """

    json_schema: bool | None = None
    json_object: bool | None = None
    n: bool | None = None
    seed: bool | None = None
    logprobs: bool | None = None
    completions: bool | None = None
    embeddings: bool | None = None
    given_text: Literal["echo", "vllm", "sglang", "local", "none"] | None = None
    cached_prompts: bool | None = None
    refused: tuple[str, ...] = ()


class Endpoint(ModelLimits):
    """One endpoint group. Exactly one of four: an OpenAI-compatible address, an embedded or a packaged model, a script.

    Args:
        base_url: address up to and without `/chat/completions`, usually ending in `/v1`.
        local: name of an embedded model, or path of a GGUF file.
        packaged: name of an embedding model inside a package (extra `embed`), such as `minilm`; gives embeddings only.
        script: path of a JSONL script for the scripted model.
        wire: what the address speaks: the OpenAI form, or Anthropic's own messages.
        key_env: environment variable that holds the key; the key itself is never a setting.
        key_file: file whose first line is the key, where the variable is not set.
        rpm, tpm, input_tpm, output_tpm, concurrency: limits of each address and key, over all models; None is unknown:
            what the provider says wins, and where it says nothing the limit is found.
        models: limits by model name, beside those of the endpoint.
        replicas: further addresses and keys that serve the same models; all are used, fairly.
        fallback: name of the endpoint that answers while this one does not; recorded in every row it touched.
        fallback_model: name of the model there, where it is another.
        share_limits: whether other AutoEvol processes on this machine that use the same account count too.
        prices: price by model name; it wins over the shipped table. Local models are free.
        output_form: how agents must give texts back: between `tags`, or as `json` by a schema. Measured per endpoint.
        headers: further headers that hold no secret.
        organization, project: ids that OpenAI bills by.
        proxy: address of a proxy, without user and password.
        ca_file: file of certificates to trust instead of the system's.
        cache_prompts: mark the shared beginning of prompts for caching, where a provider wants a mark.
        embedding_batch: texts that one call may embed; None is 32 over the wire and 64 to a packaged model. Some
            providers take fewer; with 1 it does not matter which texts wait together for what is sent and counted.
        connect_s, first_byte_s, stall_s, total_s: time-outs in seconds: for the connection, the first byte, the
            time between two pieces of the reply, and all together.
        patience_s: how long an outage is waited out, in seconds, before the session stops.
        abilities: by model, what `autoevol doctor` found out; frozen with the run.
    """

    base_url: str | None = None
    local: str | None = None
    packaged: str | None = None
    script: str | None = None
    wire: Literal["openai", "anthropic"] = "openai"
    key_env: str | None = None
    key_file: str | None = None
    models: dict[str, ModelLimits] = Field(default_factory=dict[str, ModelLimits])
    replicas: tuple[Replica, ...] = ()
    fallback: str | None = None
    fallback_model: str | None = None
    share_limits: bool = True
    prices: dict[str, Price] = Field(default_factory=dict[str, Price])
    output_form: Literal["tags", "json"] = "tags"
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    organization: str | None = None
    project: str | None = None
    proxy: str | None = None
    ca_file: str | None = None
    cache_prompts: bool = True
    embedding_batch: int | None = Field(default=None, ge=1, le=2048)
    connect_s: float = Field(default=10, gt=0)
    first_byte_s: float = Field(default=300, gt=0)
    stall_s: float = Field(default=120, gt=0)
    total_s: float = Field(default=600, gt=0)
    patience_s: float = Field(default=900, gt=0)
    abilities: dict[str, Abilities] = Field(default_factory=dict[str, Abilities])

    @model_validator(mode="after")
    def _one_kind(self) -> Endpoint:
        if sum(kind is not None for kind in (self.base_url, self.local, self.packaged, self.script)) != 1:
            raise ValueError("give exactly one of base_url, local, packaged and script")
        return self

    @property
    def free(self) -> bool:
        """Embedded, packaged and scripted models cost nothing."""
        return self.base_url is None
