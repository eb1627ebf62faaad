"""Every knob of the simulated provider: flags of `autoevol provider`, keys of POST /control, values of a schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ...errors import UsageError
from .draws import distribution

__all__ = ["Change", "FaultKind", "ProviderSettings", "by_call", "changes_of", "fault_rates", "names_of", "settings_of",
           "with_knobs"]  # fmt: skip

FaultKind = Literal[
    "429", "500", "502", "503", "529", "reset", "half", "stall", "bad-json", "error-200",
    "poison", "empty", "truncated", "filtered",
]  # fmt: skip

Change = tuple[float, str, str]
"""Seconds since the first request, the knob, its new value as text."""

_NOT_AT_RUN_TIME = frozenset({"schedule", "log", "key_env"})
_LIST = "`autoevol provider --help` lists the knobs."
_DISTRIBUTIONS = ("latency", "service", "output_tokens")
# For these `none` is a value of its own.
_SAY_NONE = frozenset({"headers", "retry_after"})


class ProviderSettings(BaseModel):
    """How the provider behaves. Its fields, their defaults and what each means are the documentation of the knobs."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    seed: int = Field(default=0, description="Seed of every draw.")
    rpm: float | None = Field(default=None, gt=0, description="Requests a minute.")
    tpm: float | None = Field(default=None, gt=0, description="Tokens a minute, input and output together.")
    input_tpm: float | None = Field(default=None, gt=0, description="Input tokens a minute.")
    output_tpm: float | None = Field(default=None, gt=0, description="Output tokens a minute.")
    concurrency: int | None = Field(default=None, ge=1, description="Calls in flight; more are 429.")
    limiter: Literal["bucket", "strict", "sliding", "fixed"] = Field(
        default="bucket",
        description="Limits hold as a token bucket, in any second, any 60 seconds, or calendar minutes.",
    )
    burst_s: float = Field(default=1.0, gt=0, description="Capacity of a token bucket, in seconds of its rate.")
    count: Literal["reserved", "actual"] = Field(
        default="reserved",
        description="Book output tokens at max_tokens and correct them at the end, or only at the end.",
    )
    headers: Literal["none", "openai", "anthropic", "azure", "openrouter", "groq"] = Field(
        default="none", description="Whose headers announce the limits."
    )
    retry_after: Literal["none", "s", "ms", "date"] = Field(default="s", description="Form of Retry-After in a 429.")
    retry_after_s: float | None = Field(default=None, ge=0, description="What Retry-After says; unset, the truth.")
    latency: str = Field(default="0", description="Seconds until an answer is done: a distribution.")
    per_token_s: float = Field(default=0.0, ge=0, description="Seconds more for each output token.")
    first_byte_s: float = Field(
        default=0.0, ge=0, description="Send a reply's head after so many seconds; 0: at the end."
    )
    workers: int | None = Field(default=None, ge=1, description="Serve so many calls at once and queue the rest.")
    service: str = Field(default="1", description="Seconds that a worker needs for a call: a distribution.")
    output_tokens: str = Field(default="lognormal/40/0.5", description="Length of free answers: a distribution.")
    act: bool = Field(default=True, description="Answer AutoEvol's agents in the form they ask for.")
    world: str = Field(
        default="", description="Answer them by the laws of a world of known truth, as in 'as published'."
    )
    cached: float = Field(default=0.0, ge=0, le=1, description="Share of the input tokens reported as cached.")
    reasoning_tokens: int = Field(default=0, ge=0, description="Reasoning tokens reported with every answer.")
    faults: str = Field(default="", description="Shares of the calls that go wrong, as in 500=0.01,reset=0.005.")
    fault_retry_after_s: float | None = Field(default=None, ge=0, description="Retry-After of such a 429, 503 or 529.")
    quota_after: int | None = Field(default=None, ge=0, description="Accepted calls after which the account is empty.")
    quota_code: Literal["insufficient_quota", "credit_balance_exhausted"] = Field(
        default="insufficient_quota", description="Error code of an empty account."
    )
    bad_status: int | None = Field(default=None, ge=400, le=599, description="Every call is answered with this status.")
    refuse: str = Field(default="", description="Refused parameters, with commas, as in temperature,max_tokens.")
    ignore: str = Field(default="", description="Parameters that are passed over without a word, with commas.")
    absent: str = Field(default="", description="Paths that are not there, as in embeddings,completions.")
    schedule: str = Field(default="", description="Changes, as in 30:rpm=60,90:rpm=120,100:outage=20.")
    outage: float = Field(default=0.0, ge=0, description="Begin an outage of so many seconds.")
    outage_kind: Literal["503", "refuse"] = Field(default="503", description="It answers 503, or refuses connections.")
    models: str = Field(default="", description="Known models, with commas; unset, every model is known.")
    served_model: str = Field(default="", description="Model named in answers, as in a or a,b@500 (b from call 500).")
    fingerprint: str = Field(default="fp_sim", description="Fingerprint named in answers, as in a or a,b@500.")
    key_env: str | None = Field(default=None, description="Variable that holds the key that calls must bring.")
    log: Path | None = Field(default=None, description="File for one JSON line a call.")

    @field_validator(*_DISTRIBUTIONS)
    @classmethod
    def _is_a_distribution(cls, text: str) -> str:
        distribution(text)
        return text

    @field_validator("faults")
    @classmethod
    def _are_rates(cls, text: str) -> str:
        fault_rates(text)
        return text

    @field_validator("served_model", "fingerprint")
    @classmethod
    def _are_names_by_call(cls, text: str) -> str:
        by_call(text)
        return text

    @field_validator("world")
    @classmethod
    def _is_a_world(cls, text: str) -> str:
        if text:
            from .nature import WORLDS  # noqa: PLC0415  brings numpy, which nothing else here needs

            if text not in WORLDS:
                raise ValueError(f"'{text}' is none of {', '.join(WORLDS)}")
        return text

    @field_validator("schedule")
    @classmethod
    def _is_a_schedule(cls, text: str) -> str:
        for _, knob, value in changes_of(text):
            try:
                with_knobs(ProviderSettings(), {knob: value})
            except UsageError as error:
                raise ValueError(error.problem.rstrip(".")) from error
        return text


def with_knobs(settings: ProviderSettings, knobs: Mapping[str, object]) -> ProviderSettings:
    """Settings of a running provider with other knobs. A value may be text, as in a flag; `none` unsets a knob.

    Raises:
        UsageError: a knob is unknown, cannot be changed while the provider runs, or its value is none.
    """
    fixed = _NOT_AT_RUN_TIME & knobs.keys()
    if fixed:
        raise UsageError(f"'{min(fixed)}' cannot be changed while the provider runs.", fix="Start it anew.")
    return settings_of(knobs, settings)


def settings_of(knobs: Mapping[str, object], start: ProviderSettings | None = None) -> ProviderSettings:
    """Settings by their knobs.

    Raises:
        UsageError: a knob is unknown or its value is none.
    """
    start = start or ProviderSettings()
    unknown = next((name for name in knobs if name not in ProviderSettings.model_fields), None)
    if unknown is not None:
        raise UsageError(f"There is no knob '{unknown}'.", fix=_LIST)
    told = {name: None if value == "none" and name not in _SAY_NONE else value for name, value in knobs.items()}
    for name in _DISTRIBUTIONS:
        value = told.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):  # a number is one, too
            told[name] = str(value)
    try:
        return ProviderSettings.model_validate({**start.model_dump(), **told})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        what = str(first["msg"]).removeprefix("Value error, ")
        raise UsageError(f"The knob '{place}' is wrong: {what}.", fix=_LIST) from error


def changes_of(schedule: str) -> list[Change]:
    """Read `SECONDS:KNOB=VALUE` with commas between, in the order of time.

    Raises:
        ValueError: it is not in this form.
    """
    changes: list[Change] = []
    for entry in filter(None, (part.strip() for part in schedule.split(","))):
        when, colon, what = entry.partition(":")
        knob, equals, value = what.partition("=")
        seconds = _number(when)
        if not colon or not equals or seconds is None or seconds < 0:
            raise ValueError(f"'{entry}' is not SECONDS:KNOB=VALUE")
        changes.append((seconds, knob.strip().replace("-", "_"), value.strip()))
    return sorted(changes, key=lambda change: change[0])


def fault_rates(text: str) -> dict[FaultKind, float]:
    """Read `KIND=SHARE` with commas or plus signs between.

    Raises:
        ValueError: a kind is unknown, or the shares are not within 0 and 1 together.
    """
    kinds: dict[str, FaultKind] = {kind: kind for kind in get_args(FaultKind)}
    rates: dict[FaultKind, float] = {}
    for entry in filter(None, (part.strip() for part in text.replace("+", ",").split(","))):
        name, _, number = entry.partition("=")
        rate = _number(number)
        if name not in kinds or rate is None or not 0 <= rate <= 1:
            raise ValueError(f"'{entry}' is not KIND=SHARE with a share from 0 to 1 and a kind of {', '.join(kinds)}")
        rates[kinds[name]] = rate
    if sum(rates.values()) > 1 + 1e-9:
        raise ValueError("the shares of the faults are more than 1 together")
    return rates


def by_call(text: str) -> list[tuple[int, str]]:
    """Read `NAME` or `NAME,OTHER@CALL`: from which accepted call on (from 0) which name is given.

    Raises:
        ValueError: a call is no number.
    """
    turns: list[tuple[int, str]] = []
    for entry in names_of(text):
        name, _, call = entry.rpartition("@") if "@" in entry else (entry, "", "0")
        if not call.isdecimal():
            raise ValueError(f"'{entry}' is not NAME@CALL")
        turns.append((int(call), name))
    return sorted(turns)


def names_of(text: str) -> tuple[str, ...]:
    """Names with commas between."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
