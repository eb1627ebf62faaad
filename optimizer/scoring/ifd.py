"""IFD and r-IFD: how much a context helps a student to say a text, from its own log-probabilities.

    L(y|x)        mean of -log p over the tokens of y, after x                nats per token
    IFD           exp(L(y|x) - L(y)), or with losses L(y|x) / L(y)            higher: the instruction helps less
    r-IFD         the same of the instruction after a request to guess it from the response; lower: it fits better

Sources: Cherry LLM (arXiv 2308.12032; ratio of losses), Superfiltering (2402.00530, equation 3) and Selective
Reflection-Tuning (2402.10110, section 3.2; ratio of perplexities). Ours: both means are over exactly the same tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from ...agents.gateway.outcomes import TokenScore

__all__ = ["Measure", "Ratio", "Unscored", "ratio", "value_of"]

Measure = Literal["ppl", "loss"]
Fault = Literal["too-short", "boundary", "not-finite"]

# vLLM writes -9999 where a probability is 0; no model says so of a text that it can read.
_NO_LOGPROB = -1000.0


@dataclass(frozen=True, slots=True)
class Ratio:
    """A score with all its parts, so that either ratio and any threshold can be computed again.

    Args:
        cond, alone: mean of -log p of the target's tokens, in nats: after its context, and by itself.
        n: tokens that both means are over.
        left_out: tokens of the target, alone, that the means are not over: what could not be scored by itself or
            merges with the context.
        template: name of the frame.
        model: who scored.
        bos: whether something stood before the target when it was alone, so that its first token has a score.
    """

    cond: float
    alone: float
    n: int
    left_out: int
    template: str
    model: str
    bos: bool

    @property
    def ppl(self) -> float:
        """Ratio of perplexities."""
        return math.exp(self.cond - self.alone)

    @property
    def loss(self) -> float:
        """Ratio of mean losses."""
        return self.cond / self.alone

    def value(self, measure: Measure) -> float:
        """One of the two."""
        return self.ppl if measure == "ppl" else self.loss

    def as_row(self) -> dict[str, JsonValue]:
        """For JSON, with both ratios."""
        return {
            "ppl_ratio": self.ppl, "loss_ratio": self.loss, "l_cond": self.cond, "l_alone": self.alone, "n": self.n,
            "left_out": self.left_out, "template": self.template, "model": self.model, "bos": self.bos,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unscored:
    """Why there is no score: `too-short`, `boundary`, `not-finite`, or what became of the call."""

    reason: str
    detail: str = ""

    def as_row(self) -> dict[str, JsonValue]:
        """For JSON."""
        return {"unscored": self.reason, **({"detail": self.detail} if self.detail else {})}


def value_of(score: Ratio | Unscored | None, measure: Measure) -> float | None:
    """The ratio; None where there is none."""
    return score.value(measure) if isinstance(score, Ratio) else None


def ratio(
    conditioned: Sequence[TokenScore], alone: Sequence[TokenScore], target: str, *,
    template: str, model: str, floor: int = 5,
) -> Ratio | Unscored:  # fmt: skip
    """The score of a target text from its tokens after a context and by itself.

    The end of both texts is the target, so the target's tokens are the tokens that both sequences end with. What is
    not the same at the beginning is left out of both means: a token that reaches from the context into the target, one
    that the target begins with only when it is alone, and a first token before which nothing stands.

    Args:
        conditioned: tokens of context + target.
        alone: tokens of the target, with or without a mark of the beginning.
        target: not empty.
        template, model: for the record.
        floor: tokens that both means must be over, at least: below, the ratio says nothing.
    """
    same = _shared(conditioned, alone, target)
    pairs = [(a.logprob, b.logprob) for a, b in same if a.logprob is not None and b.logprob is not None]
    tokens = len(alone) - _before(alone, target)
    if not pairs or 2 * len(pairs) < tokens:
        short = tokens < max(2, floor)
        return Unscored("too-short" if short else "boundary", f"{len(pairs)} of {tokens} tokens stand in both texts")
    if len(pairs) < floor:
        return Unscored("too-short", f"{len(pairs)} tokens, and {floor} are the least")
    if any(value <= _NO_LOGPROB or math.isnan(value) for pair in pairs for value in pair):
        return Unscored("not-finite", "a token has no probability")
    first, second = (-math.fsum(pair[side] for pair in pairs) / len(pairs) for side in (0, 1))
    if second <= 0 or first - second > math.log(1e300):
        return Unscored("not-finite", "the ratio is not finite")
    return Ratio(first, second, len(pairs), tokens - len(pairs), template, model, _has_start(alone, target))


def _shared(
    conditioned: Sequence[TokenScore], alone: Sequence[TokenScore], target: str
) -> list[tuple[TokenScore, TokenScore]]:
    """The tokens of the target that stand at the end of both texts, in order."""
    most = 0
    for first, second in zip(reversed(conditioned), reversed(alone), strict=False):
        if first.token != second.token:
            break
        most += 1
    tokens = [score.token for score in alone[len(alone) - most :]]
    # A token may be alike in both and yet begin before the target: a space that some tokenizers put in front.
    while tokens and not _ends_with(target, tokens):
        tokens.pop(0)
    count = len(tokens)
    return list(zip(conditioned[len(conditioned) - count :], alone[len(alone) - count :], strict=True)) if count else []


def _ends_with(target: str, tokens: Sequence[str]) -> bool:
    """Whether a text ends with tokens; parts of a character cannot be shown, so then it is taken for granted."""
    return any(map(_hidden, tokens)) or target.endswith("".join(tokens))


def _before(alone: Sequence[TokenScore], target: str) -> int:
    """Tokens of the lone text that are no part of the target: a mark of the beginning, which is shown or not."""
    return int(_has_start(alone, target) and alone[0].logprob is None)


def _has_start(alone: Sequence[TokenScore], target: str) -> bool:
    """Whether something stood before the target: its first token has a score, or the first token is none of it."""
    if not alone:
        return False
    first = alone[0]
    if first.logprob is not None:
        return True
    return (
        not _hidden(first.token) and bool(first.token.strip()) and not target.lstrip().startswith(first.token.lstrip())
    )


def _hidden(token: str) -> bool:
    return "\ufffd" in token or token.startswith("bytes:")
