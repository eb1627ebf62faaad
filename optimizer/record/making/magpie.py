"""What can be said about Magpie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from ....agents.messages import RoleName
from .magpie_filters import FILTERS, FilterName, Thresholds
from .magpie_values import SWEEPS, Draw, FamilySettings, SweepName
from .part import Expected, PartSettings

__all__ = ["MagpieSettings"]

_PROBES = 5


class MagpieSettings(PartSettings):
    """Magpie (arXiv 2406.08464).

    Args:
        count: rows to be asked for.
        mode: `raw` is Magpie; `user-simulator` asks a chat model to write as a user, which is not Magpie, as every row
            then says.
        template: family of chat templates (`qwen2.5`), `server` for the one that the server tells, `auto` for the
            family that the model's name tells and else the server's.
        families: families of your own by name, each as in docs/magpie.md.
        probe: `strict` shows first that the server leaves prompts as they are and refuses one that does not; `off`
            trusts it, which every row then says.
        temperatures, top_ps: instructions are drawn over all pairs of them, in equal shares.
        sweep: a published set of such pairs with shares (`pro`, `air`, `qwen2-72b`, `phi-3-medium`) instead.
        top_k: words that an instruction is drawn from, -1 for all; sent so that the server's own limit does not apply.
        min_p: what is less likely than this share of the likeliest word is not drawn. Where both are None, neither is
            sent, nor are the penalties.
        control: weights of the system texts that steer what users ask about; `none` is no system text. Shipped are
            `maths`, `code`, `translation`, `chinese`.
        systems: system texts of your own, by the key that `control` weighs.
        turns: turns of the user in a conversation, at most.
        stops: stop strings that are sent; the others are cut here.
        stop_at_newline: end instructions at the first line end.
        stop_at_role: end instructions at the words `assistant` and `Assistant`.
        instruction_tokens, response_tokens: bounds of what is written.
        sanitise: mend instructions by our rules, and drop those that are none; `off` takes them as they come.
        least_chars, most_chars: lengths of an instruction; a Chinese character counts as three at the lower bound.
        languages: ISO 639-1 codes of instructions that are kept; empty keeps all.
        tags: ask the tagger for category, quality, difficulty, intent and knowledge.
        neighbours: measure distances and repeats with the role embedder.
        repeat_distance: squared distance of two instructions under which one repeats the other.
        reward: who rates the answers: the `endpoint` of the role rewarder, which serves a reward model, or a `judge` by
            a rubric as a stand-in, which every row then says.
        reward_template: family of templates of a reward model that takes bare text; empty sends it messages.
        base: answer also by the role base, a model that was never aligned, and rate that: the reward difference.
        filter: thresholds of a released set (docs/magpie.md lists them).
        keep: thresholds of your own, over those of the filter; what is none stays as the filter says.
        answers: further answers to each instruction, of which the best and the worst become a preference pair.
        answers_temperature: they are drawn at this temperature.
        margin: least difference of rewards in a preference pair; ties are never one.
    """

    NEEDS_ROWS: ClassVar[bool] = False
    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            "sweep": "pro", "top_k": -1, "min_p": 0.0, "stop_at_newline": True, "stop_at_role": True,
            "instruction_tokens": 2048, "response_tokens": 4096, "sanitise": False,
        },
        "official-code": {
            "temperatures": [1.0], "top_ps": [1.0], "top_k": -1, "min_p": 0.0, "stop_at_newline": True,
            "stop_at_role": True, "instruction_tokens": 2048, "response_tokens": 4096, "sanitise": False,
        },
    }  # fmt: skip

    recipe: Literal["magpie"] = "magpie"
    count: int = Field(default=1000, ge=1)
    mode: Literal["raw", "user-simulator"] = "raw"
    template: str = "auto"
    families: dict[str, FamilySettings] = Field(default_factory=dict[str, FamilySettings])
    probe: Literal["strict", "off"] = "strict"
    temperatures: tuple[float, ...] = (0.9, 1.0)
    top_ps: tuple[float, ...] = (0.95, 0.995)
    sweep: SweepName | None = None
    top_k: int | None = -1
    min_p: float | None = Field(default=0.05, ge=0, lt=1)
    control: dict[str, float] = Field(default_factory=dict[str, float])
    systems: dict[str, str] = Field(default_factory=dict[str, str])
    turns: int = Field(default=1, ge=1)
    stops: int = Field(default=4, ge=0)
    stop_at_newline: bool = False
    stop_at_role: bool = False
    instruction_tokens: int = Field(default=512, ge=1)
    response_tokens: int = Field(default=1024, ge=1)
    sanitise: bool = True
    least_chars: int = Field(default=12, ge=0)
    most_chars: int = Field(default=8000, ge=1)
    languages: tuple[str, ...] = ()
    tags: bool = False
    neighbours: bool = False
    repeat_distance: float = Field(default=0.05, ge=0)
    reward: Literal["none", "endpoint", "judge"] = "none"
    reward_template: str = ""
    base: bool = False
    filter: FilterName | None = None
    keep: Thresholds | None = None
    answers: int = Field(default=0, ge=0)
    answers_temperature: float = Field(default=0.8, ge=0)
    margin: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _can_be(self) -> MagpieSettings:
        for draw in self.draws:
            if draw.temperature < 0 or not 0 < draw.top_p <= 1:
                raise ValueError("temperatures must not be negative, and top_ps must lie above 0 and not above 1")
        if not self.draws:
            raise ValueError("needs a temperature and a top_p")
        if any(weight < 0 for weight in self.control.values()) or (self.control and not sum(self.control.values())):
            raise ValueError("weights in control must not be negative, and one must be above 0")
        if self.mode == "user-simulator" and (self.turns > 1 or self.base or self.answers):
            raise ValueError("mode user-simulator has one turn, no base model and no preference pairs")
        if self.base and self.turns > 1:
            raise ValueError("base answers single turns: set turns to 1")
        if self.reward == "none" and (self.base or self.answers):
            raise ValueError("base and answers need rewards: set reward to endpoint or judge")
        missing = self.thresholds.needs() - self._measured()
        if missing:
            raise ValueError(f"the filter needs {', '.join(sorted(missing))}, which these settings do not measure")
        return self

    def _measured(self) -> set[str]:
        found = {"tags": self.tags, "reward": self.reward != "none", "base": self.base, "neighbours": self.neighbours}
        return {name for name, there in found.items() if there}

    @property
    def draws(self) -> tuple[Draw, ...]:
        """The pairs of temperature and top_p, each with its weight."""
        if self.sweep is not None:
            return SWEEPS[self.sweep]
        return tuple(Draw(*pair) for pair in product(self.temperatures, self.top_ps))

    @property
    def thresholds(self) -> Thresholds:
        """What is kept: the filter's, with one's own over them."""
        named = FILTERS[self.filter] if self.filter else Thresholds()
        # Not `exclude_unset`: settings that were written down and read again have every field set.
        return named.model_copy(update=self.keep.model_dump(exclude_none=True) if self.keep else {})

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        used: dict[RoleName, bool] = {
            "generator": True, "responder": self.mode != "raw", "tagger": self.tags, "embedder": self.neighbours,
            "rewarder": self.reward != "none", "base": self.base,
        }  # fmt: skip
        return tuple(role for role, wanted in used.items() if wanted)

    def raw(self) -> tuple[RoleName, ...]:
        """The model itself, and its base model."""
        speaking: tuple[RoleName, ...] = ("generator",) if self.mode == "raw" else ()
        return (*speaking, "base") if self.base else speaking

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """An instruction and its answer a turn, and what is measured."""
        del rows, tokens
        out = min(250, self.instruction_tokens, self.response_tokens)
        long = 30 + self.turns * 2 * out
        if self.mode == "raw":
            yield Expected(
                "generator", _PROBES + (2 * self.turns + self.answers) * self.count, 30 + self.turns * out, out
            )
        else:
            yield Expected("generator", self.count, 150, out)
            yield Expected("responder", self.count, out, out)
        if self.tags:
            yield Expected("tagger", 3 * self.count, long + 300, 100)
        if self.neighbours:
            yield Expected("embedder", self.count, out, 0)
        if self.base:
            yield Expected("base", self.count, long + 600, out)
        if self.reward != "none":
            yield Expected("rewarder", (1 + self.base + self.answers) * self.count, long + 300, 30)

    def makes(self, rows: int) -> int:
        """As many as are asked for."""
        return self.count
