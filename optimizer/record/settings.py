"""Everything that can be said about a run, in one frozen value. A run writes it down first and never changes it."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from ...agents.gateway.endpoints import Budget, Endpoint
from .making.recipes import Making

__all__ = ["MOST_CONFIRM_ALPHA", "CheckSettings", "CompareSettings", "ExportSettings", "FormName", "Profile",
           "ResponderForm", "RoleSettings", "Roles", "SearchSettings", "SeedSettings", "Settings", "Strategy",
           "TrackSettings"]  # fmt: skip

Profile = Literal["recommended", "paper", "official-code"]
Strategy = Literal["auto-evol", "best-of-n", "evolutionary", "gepa", "mipro"]
MOST_CONFIRM_ALPHA = 0.05
_WITH_PASSWORD = re.compile(r"://[^/\s]*@")
FormName = Literal["alpaca", "sharegpt", "messages", "prompt-completion", "dpo", "reward", "jsonl", "parquet", "arrow"]
ResponderForm = Literal["direct", "step-by-step", "scratchpad", "own"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RoleSettings(_Frozen):
    """Which model plays a role, and how its answers are drawn. `max_tokens` bounds every answer.

    `extra` holds further fields of the request's body, passed on as they are: `{reasoning_effort = "low"}`.
    """

    endpoint: str = "default"
    model: str = ""
    temperature: float = Field(default=0.0, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int = Field(default=1024, ge=1)
    extra: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class Roles(_Frozen):
    """The seats of the roles."""

    evolver: RoleSettings = RoleSettings()
    responder: RoleSettings = RoleSettings(max_tokens=2048)
    analyst: RoleSettings = RoleSettings(temperature=0.6, top_p=0.95, max_tokens=1500)
    refiner: RoleSettings = RoleSettings(temperature=0.6, top_p=0.95, max_tokens=1500)
    judge: RoleSettings = RoleSettings(max_tokens=512)
    reflector: RoleSettings = RoleSettings(max_tokens=2048)
    student: RoleSettings = RoleSettings(temperature=0.7, max_tokens=1024)
    embedder: RoleSettings = RoleSettings(max_tokens=1)
    generator: RoleSettings = RoleSettings(temperature=1.0, top_p=1.0, max_tokens=1024)
    tagger: RoleSettings = RoleSettings(max_tokens=512)
    guard: RoleSettings = RoleSettings(max_tokens=64)
    rewarder: RoleSettings = RoleSettings(max_tokens=64)
    base: RoleSettings = RoleSettings(max_tokens=1024)


class SeedSettings(_Frozen):
    """Where seeds come from and how their fields are named.

    Args:
        source: a file (JSONL, JSON, CSV, Parquet) or `hub:NAME` for a Hugging Face data set.
        instruction, input, response, system, messages: names of fields; None is found out from the first rows.
        split: split of a Hub data set.
        revision: revision of a Hub data set.
        limit: read at most so many good rows.
        language: ISO 639-1 code for all rows; None is told per row from its script.
    """

    source: str = ""
    instruction: str | None = None
    input: str | None = None
    response: str | None = None
    system: str | None = None
    messages: str | None = None
    split: str = "train"
    revision: str | None = None
    limit: int | None = Field(default=None, ge=1)
    language: str | None = None


class SearchSettings(_Frozen):
    """The dials of the loop. What each profile sets is in docs/profiles.md.

    Args:
        method: name of a starting method in `prompts/methods`, or path of a method file.
        strategy: where candidates come from: `auto-evol` analyses the incumbent's results, `best-of-n` rewrites the
            starting method without looking at any (a baseline), `evolutionary` breeds a population of methods, `gepa`
            hands the search to GEPA, `mipro` searches among instructions proposed up front.
        population: methods that may have children, in the evolutionary strategy.
        metric_calls: items that `gepa` or `mipro` may score in their search; None for as many as all steps would.
        minibatch: items that `gepa` or `mipro` tries a proposal on first; None for as many as published, 3 and 35.
        steps: at most so many turns of the loop.
        batch: seeds evolved for analysis in each step.
        candidates: analyses and candidate methods in each step (m in the paper).
        rounds: evolutions in a row per trajectory (l in the paper).
        dev: held-out seeds that a step decides on, at most; fewer where the seeds do not suffice.
        dev_pool: held-out seeds that each step has another slice of as its dev items; None for as many as `dev`.
        test: held-out seeds to confirm on, once.
        train: at most so many seeds that batches are drawn from.
        rungs: dev items after which candidates that cannot win leave; the last rung is always all of dev.
        alpha: probability of a false acceptance, per run; the confirmation on test has it too, but 5 % at most.
        choosing: share of a step's dev items that at most go into choosing the candidate that is tested on the others.
        margin: gain in mean score that the lower bound of a change must exceed.
        patience: steps in a row without a change after which the search stops; None never.
        regret: gain in mean score under which another step is not worth making; None for always.
        least_dev: under so many dev items nothing is decided.
        apply_unconfirmed: apply the chosen method even where the test did not confirm it.
        diversity_margin: a candidate whose evolutions are less diverse than the incumbent's by more is refused.
    """

    method: str = "general"
    strategy: Strategy = "auto-evol"
    population: int = Field(default=6, ge=2)
    metric_calls: int | None = Field(default=None, ge=1)
    minibatch: int | None = Field(default=None, ge=1)
    steps: int = Field(default=10, ge=0)
    batch: int = Field(default=10, ge=1)
    candidates: int = Field(default=5, ge=1)
    rounds: int = Field(default=1, ge=1)
    dev: int = Field(default=400, ge=1)
    dev_pool: int | None = Field(default=None, ge=1)
    test: int = Field(default=100, ge=0)
    train: int = Field(default=2000, ge=1)
    rungs: tuple[int, ...] = (16, 48, 96, 192)
    choosing: float = Field(default=0.25, gt=0, lt=1)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    margin: float = Field(default=0.0, ge=0, lt=1)
    patience: int | None = Field(default=8, ge=1)
    regret: float | None = Field(default=0.02, ge=0)
    least_dev: int = 30
    apply_unconfirmed: bool = False
    diversity_margin: float = Field(default=0.1, ge=0, le=1)

    @property
    def held_out(self) -> int:
        """Seeds that the split puts aside for dev."""
        return max(self.dev, self.dev_pool or 0)

    @property
    def confirm_alpha(self) -> float:
        """The level of the confirmation: a search may be told to believe more, the test is not softened by it."""
        return min(self.alpha, MOST_CONFIRM_ALPHA)


class CheckSettings(_Frozen):
    """The dials of the dear checks (docs/detectors.md). Which are run is said by `detectors`, `judge` and `student`.

    Args:
        judge_orders: 2 shows each pair to the judge in both orders, 1 in one that is drawn.
        judge_repeats: share of the seeds whose pairs the judge sees once more, so that its noise is measured.
        answers: answers of the responder that `agreement` compares, the first included.
        agree: share of them that must be the same.
        student_answers: answers of the student to the original and to the evolved instruction each.
        band: pass rates of the student between which an instruction is of use to it.
        sandbox: `strict` runs the code of answers where it can be shut in, `off` runs none.
        on_error: a detector that fails on an item is noted and left out (`go-on`), or stops the run (`stop`).
    """

    judge_orders: Literal[1, 2] = 2
    judge_repeats: float = Field(default=0.1, ge=0, le=1)
    answers: int = Field(default=3, ge=2)
    agree: float = Field(default=0.5, gt=0, le=1)
    student_answers: int = Field(default=4, ge=1)
    band: tuple[float, float] = (0.25, 0.75)
    sandbox: Literal["strict", "off"] = "strict"
    on_error: Literal["go-on", "stop"] = "go-on"

    @model_validator(mode="after")
    def _band_in_order(self) -> CheckSettings:
        if not 0 < self.band[0] <= self.band[1] < 1:
            raise ValueError("must be two pass rates between 0 and 1, the lower one first")
        return self


class CompareSettings(_Frozen):
    """What meets in a comparison (recipe `compare`).

    Args:
        contestants: each a method by name or file, the folder of a run, a text file with `{instruction}`, or a file of
            finished rows; `NAME=` before it names it.
        baseline: name of the contestant that the others are held against; empty for the first.
        evolvers: models of the evolver that every method meets the items with, each a MODEL at the endpoint of the role
            or ENDPOINT:MODEL; empty for the role's own.
        seeds: further sources of seeds; `seeds.source` is the first.
        items: at most so many seeds of each source, drawn; None for all.
        run_seeds: how often each item is drawn anew.
        pairwise: whether the judge also says of every two contestants whose text is harder, in both orders.
        ablate: whether the one contestant meets itself without each of its clauses.
    """

    contestants: tuple[str, ...] = ()
    baseline: str = ""
    evolvers: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    items: int | None = Field(default=200, ge=1)
    run_seeds: int = Field(default=1, ge=1)
    pairwise: bool = False
    ablate: bool = False


class TrackSettings(_Frozen):
    """Who else is told how a run goes (docs/tracking.md); nobody, unless it is said.

    Args:
        mlflow: true for the tracking server that MLflow's own variables name, or its address.
        wandb: true or `offline` keeps a run of Weights & Biases in the run folder, `online` sends it.
        otel: true for the collector that OpenTelemetry's own variables name, or its address (OTLP over HTTP).
        texts: whether prompts and answers go into the spans of calls.
        project: the experiment of MLflow, the project of Weights & Biases.
    """

    mlflow: bool | str = False
    wandb: bool | Literal["offline", "online"] = False
    otel: bool | str = False
    texts: bool = False
    project: str = Field(default="autoevol", min_length=1, max_length=100)

    @field_validator("mlflow", "otel")
    @classmethod
    def _no_secret(cls, value: bool | str) -> bool | str:
        text = value if isinstance(value, str) else "x"
        if not text.strip() or _WITH_PASSWORD.search(text):
            raise ValueError("must be true, false, or an address without user and password")
        return value

    @property
    def on(self) -> bool:
        """Whether anybody is told."""
        return self.mlflow is not False or self.wandb is not False or self.otel is not False


class ExportSettings(_Frozen):
    """What is written for trainers when the run is finished, as `autoevol export` does.

    Args:
        to: forms of the rows.
        folder: each form gets a folder of its name in it; empty is `export` in the folder of the run.
        trainer: whose settings are written beside the rows.
        license: of the data, for the card.
    """

    to: tuple[FormName, ...] = ()
    folder: str = ""
    trainer: Literal["trl", "axolotl", "llama-factory", "unsloth"] | None = None
    license: str = ""


class Settings(_Frozen):
    """One run, completely said. Keys are not settings; `Endpoint.key_env` only names where one is found.

    Args:
        name: the run's name, part of its folder's name.
        recipe: what is done: `auto-evol` optimizes and applies, `evolve` only applies a method, `compare` holds methods
            against each other, `make` makes rows by other recipes.
        make: the recipes of `make`, each on the rows of the one before.
        profile: which published or recommended set of decisions is used.
        quirks: what the publications do otherwise (docs/profiles.md): empty means those of the profile, names with a
            sign (`-ties-accepted`) change the profile's, names without are meant exactly, `none` takes all away.
        run_seed: every random choice draws from a generator named by (run_seed, purpose, index).
        secret: hex string that delimiters of data derive from; drawn anew for each run unless given.
        prompts: folder or file of prompts of the person's own, which win over the shipped ones; empty for none.
        judge: whether the judge looks at what passed the free detectors.
        detectors: names of the detectors and checks that are run; empty means those of the profile, names with a sign
            (`+agreement`, `-restated`) change the profile's.
        checks: dials of the dear checks.
        embedder: whether the diversity of a method is also measured by embeddings, of the role embedder.
        student: whether difficulty is measured by the pass rate of the role student, and instructions are evolved up,
            kept or evolved down by it.
        responder_form: `direct`, `step-by-step`, `scratchpad`, or `own` with `responder_prompt`.
        reasoning: what becomes of reasoning traces: `strip` drops them, `apart` keeps them in their own field of the
            record, `export` puts them in front of the response between `<think>` tags.
        apply: whether the chosen method is applied to every seed.
        apply_limit: apply to at most so many seeds.
        reuse: folders of runs whose answers are taken where the same call comes up; never for the test.
        on_event: command, web address or `env:NAME` of either that hears of pauses, stops and the end.
        track: trackers and traces.
        export: what is written for trainers in the end.
    """

    name: str = "run"
    recipe: Literal["auto-evol", "evolve", "compare", "make"] = "auto-evol"
    make: tuple[Making, ...] = ()
    profile: Profile = "recommended"
    quirks: tuple[str, ...] = ()
    run_seed: int = 0
    secret: str = ""
    seeds: SeedSettings = SeedSettings()
    endpoints: dict[str, Endpoint] = Field(default_factory=dict[str, Endpoint])
    roles: Roles = Roles()
    search: SearchSettings = SearchSettings()
    compare: CompareSettings = CompareSettings()
    prompts: str = ""
    judge: bool = True
    detectors: tuple[str, ...] = ()
    checks: CheckSettings = CheckSettings()
    embedder: bool = False
    student: bool = False
    responder_form: ResponderForm = "direct"
    responder_prompt: str = ""
    reasoning: Literal["strip", "apart", "export"] = "strip"
    budget: Budget = Budget()
    apply: bool = True
    apply_limit: int | None = Field(default=None, ge=1)
    reuse: tuple[str, ...] = ()
    on_event: str = ""
    track: TrackSettings = TrackSettings()
    export: ExportSettings = ExportSettings()

    @model_validator(mode="after")
    def _recipes_in_order(self) -> Settings:
        if any(not part.NEEDS_ROWS for part in self.make[1:]):
            name = next(part.recipe for part in self.make[1:] if not part.NEEDS_ROWS)
            raise ValueError(f"{name} makes its rows from nothing, so it can only stand first")
        if sum(part.recipe == "auto-evol" for part in self.make) > 1:
            raise ValueError("auto-evol may stand once in a run, because its decisions are kept by the run")
        return self
