"""What the functions take by name: the settings of a file, typed for editors and checkers.

Each name is that of a setting (docs/settings.md), each table of settings a mapping; a few short ways are those of the
command line. Nothing is checked here: that is done where settings of a file are checked, in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from ..record.settings import Profile, ResponderForm, Strategy

__all__ = ["BudgetValues", "CompareValues", "EndpointValues", "RoleValues", "SearchValues", "SeedValues", "Values"]


class BudgetValues(TypedDict, total=False):
    """Hard caps."""

    calls: int | None
    tokens: int | None
    usd: float | None
    minutes: float | None


class EndpointValues(TypedDict, total=False):
    """An endpoint; what is rarely said is in `settings`."""

    base_url: str
    local: str
    script: str
    packaged: str
    wire: str
    key_env: str
    key_file: str
    rpm: float
    tpm: float
    input_tpm: float
    output_tpm: float
    concurrency: int
    fallback: str
    output_form: str
    patience_s: float
    embedding_batch: int
    prices: Mapping[str, Mapping[str, float]]
    headers: Mapping[str, str]


class RoleValues(TypedDict, total=False):
    """The seat of a role."""

    endpoint: str
    model: str
    temperature: float
    top_p: float | None
    max_tokens: int
    extra: Mapping[str, Any]


class SeedValues(TypedDict, total=False):
    """Where seeds come from and how their fields are named."""

    source: str
    instruction: str
    input: str
    response: str
    system: str
    messages: str
    split: str
    revision: str
    limit: int
    language: str


class SearchValues(TypedDict, total=False):
    """The dials of the loop."""

    method: str
    strategy: Strategy
    population: int
    metric_calls: int | None
    minibatch: int | None
    steps: int
    batch: int
    candidates: int
    rounds: int
    dev: int
    dev_pool: int | None
    test: int
    train: int
    rungs: Sequence[int]
    choosing: float
    alpha: float
    margin: float
    patience: int | None
    regret: float | None
    least_dev: int
    apply_unconfirmed: bool
    diversity_margin: float


class Values(TypedDict, total=False):
    """What every function takes by name.

    `base_url`, `local`, `script`, `key_env`, `key_file`, `rpm`, `tpm` and `concurrency` are those of the endpoint
    `default`; `price` is USD per million tokens as the command takes it (`0.15,0.60`, or `MODEL=0.15,0.60`); `budget`
    is a table of caps or the words of the command (`5usd,90min`). The others are settings.
    """

    base_url: str
    local: str
    script: str
    key_env: str
    key_file: str
    rpm: float
    tpm: float
    concurrency: int
    price: str

    name: str
    model: str
    profile: Profile
    quirks: Sequence[str]
    run_seed: int
    secret: str
    endpoints: Mapping[str, EndpointValues]
    roles: Mapping[str, RoleValues]
    search: SearchValues
    prompts: str
    judge: bool
    detectors: Sequence[str]
    checks: Mapping[str, Any]
    embedder: bool
    student: bool
    responder_form: ResponderForm
    responder_prompt: str
    reasoning: str
    budget: BudgetValues | str
    apply: bool
    apply_limit: int | None
    reuse: Sequence[str]
    on_event: str
    export: Mapping[str, Any]
    track: Mapping[str, Any]


class CompareValues(Values, total=False):
    """What `compare` takes besides: the settings under `compare`."""

    baseline: str
    evolvers: Sequence[str]
    items: int | None
    run_seeds: int
    pairwise: bool
