"""What can be said about Evol-Instruct."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, cast, get_args

from pydantic import Field, model_validator

from ....agents.messages import RoleName
from .part import Expected, PartSettings

__all__ = ["OPERATIONS", "SIMPLER", "EvolInstructSettings", "OperationSet", "Rule"]

OperationSet = Literal["wizardlm", "code", "maths"]
Rule = Literal["no-gain", "sorry", "says-nothing", "prompt-words"]

OPERATIONS: Mapping[OperationSet, tuple[str, ...]] = {
    "wizardlm": ("constraints", "deepening", "concretizing", "reasoning", "complicated-input", "breadth"),
    "code": ("code-constraints", "code-rarer", "code-reasoning", "code-misleading", "code-complexity"),
    "maths": ("maths-constraints", "maths-concretizing", "maths-reasoning"),
}
"""The operations that make harder or other instructions, by named set."""
SIMPLER: Mapping[OperationSet, tuple[str, ...]] = {"maths": ("maths-easier", "maths-other-easier")}
"""Those that make easier ones, where a set has any."""

_FRAME = 220  # tokens of an operation and the form around an instruction


class EvolInstructSettings(PartSettings):
    """Evol-Instruct (WizardLM, arXiv 2304.12244; code: 2306.08568; maths: 2308.09583).

    Args:
        rounds: evolutions in a row of each seed (M in the paper).
        operations: `wizardlm` (four in-depth ones, complicated input, in-breadth), `code` (WizardCoder) or `maths`
            (WizardMath, which also evolves downward).
        weights: how often an operation is drawn against the others, where that is not 1, as in {breadth = 2}; 0 leaves
            one out.
        downward: evolutions in a row of each seed toward easier ones, in a line of their own; only `maths` has such.
        eliminate: the rules by which an evolution is dropped and its parent evolved again: `no-gain` (the judge finds
            the two equal), `sorry`, `says-nothing`, `prompt-words`.
        detectors: whether the free detectors of a search are gates, too.
        seeds: `keep` puts the seeds among the rows, answered where they have no response; `leave` does not.
        temperature, top_p: how evolutions are drawn.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {"detectors": False},
        "official-code": {
            "rounds": 1, "detectors": False, "eliminate": (), "seeds": "leave", "weights": {"complicated-input": 0},
        },
    }  # fmt: skip

    recipe: Literal["evol-instruct"] = "evol-instruct"
    rounds: int = Field(default=4, ge=0)
    operations: OperationSet = "wizardlm"
    weights: dict[str, float] = Field(default_factory=dict[str, float])
    downward: int = Field(default=0, ge=0)
    eliminate: tuple[Rule, ...] = get_args(Rule)
    detectors: bool = True
    seeds: Literal["keep", "leave"] = "keep"
    temperature: float = Field(default=1.0, ge=0)
    top_p: float = Field(default=0.95, gt=0, le=1)

    @model_validator(mode="before")
    @classmethod
    def _of_the_set(cls, said: Any) -> Any:
        """WizardMath makes two rounds downward and three upward, unless something else is said."""
        if not isinstance(said, dict):
            return said
        given = cast("dict[str, Any]", said)
        return {"rounds": 3, "downward": 2, **given} if given.get("operations") == "maths" else given

    @model_validator(mode="after")
    def _known_weights(self) -> EvolInstructSettings:
        known = (*OPERATIONS[self.operations], *SIMPLER.get(self.operations, ()))
        stray = [name for name in self.weights if name not in known and self.preset == "recommended"]
        stray += [name for name in self.weights if name not in known and self.weights[name]]
        if stray:
            raise ValueError(f"the set {self.operations} has no operation {stray[0]!r}; it has {', '.join(known)}")
        if any(weight < 0 for weight in self.weights.values()):
            raise ValueError("a weight is never below 0")
        for names, rounds in ((self.upward_operations, self.rounds), (self.downward_operations, self.downward)):
            if rounds and not names:
                raise ValueError(f"the set {self.operations} has no operation left to draw for {rounds} rounds")
        if not self.rounds + self.downward:
            raise ValueError("without any round nothing is made")
        return self

    @property
    def upward_operations(self) -> Mapping[str, float]:
        """Operation → weight, of those that are drawn."""
        return self._weighed(OPERATIONS[self.operations])

    @property
    def downward_operations(self) -> Mapping[str, float]:
        """The same of those that make easier instructions."""
        return self._weighed(SIMPLER.get(self.operations, ()))

    def _weighed(self, names: tuple[str, ...]) -> Mapping[str, float]:
        weights = {name: self.weights.get(name, 1.0) for name in names}
        return {name: weight for name, weight in weights.items() if weight > 0}

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        return ("evolver", "responder", "judge") if "no-gain" in self.eliminate else ("evolver", "responder")

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """An evolution, the judge's word and an answer a round, and answers to the seeds that have none."""
        for number in range(self.rounds + self.downward):
            size = tokens + 20 * (1 + (number if number < self.rounds else 0))  # each adds 10 to 20 words
            yield Expected("evolver", rows, _FRAME + size, size + 40)
            if "no-gain" in self.eliminate:
                yield Expected("judge", rows, _FRAME + 2 * size, 40)
            yield Expected("responder", rows, size + 40, 2 * size + 80)
        if self.seeds == "keep":
            yield Expected("responder", rows, tokens + 40, 2 * tokens + 80)

    def makes(self, rows: int) -> int:
        """Every generation is data."""
        return rows * (self.rounds + self.downward + (self.seeds == "keep"))
