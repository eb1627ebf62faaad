"""How diverse a set of texts is, by rules that need no model.

Nothing in the published loop rewards diversity, and its absence is what replications blame. Distinct n-grams after
Li et al. 2016 (distinct-n), here on equally long samples: the share falls with the length of the text that is looked
at, and a method must not look less diverse because it writes more.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .texts import tokens

__all__ = ["Diversity", "diversity_of", "narrower", "spread_of"]

_OPENING = 3  # words that make an opening
_SAMPLE = 40  # words of each text that n-grams are counted in
LEAST = 10  # texts; under so many nothing is said of a difference


@dataclass(frozen=True, slots=True)
class Diversity:
    """Figures in [0, 1]; 1 is as diverse as can be.

    Args:
        texts: how many were looked at.
        openings: share of different first three words.
        bigrams, trigrams: share of different ones among all, in the first 40 words of each text.
        commonest: share of the texts with the commonest opening; for it less is better.
        spread: mean cosine distance between embeddings, where there are any.
    """

    texts: int
    openings: float
    bigrams: float
    trigrams: float
    commonest: float
    spread: float | None = None

    def as_row(self) -> dict[str, Any]:
        """How the record shows it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def diversity_of(texts: Sequence[str]) -> Diversity:
    """The diversity of these texts; of none, 0 throughout."""
    words = [tokens(text) for text in texts if text.strip()]
    if not words:
        return Diversity(0, 0.0, 0.0, 0.0, 0.0)
    openings = Counter(tuple(each[:_OPENING]) for each in words)
    return Diversity(
        len(words), len(openings) / len(words), _distinct(words, 2), _distinct(words, 3),
        max(openings.values()) / len(words),
    )  # fmt: skip


def spread_of(vectors: Sequence[Sequence[float]]) -> float | None:
    """Mean cosine distance between all pairs of vectors, 0 to 2; None for fewer than two vectors that are not 0.

    The sum over all pairs is |sum of unit vectors|², so it takes one pass.
    """
    units = [_unit(vector) for vector in vectors]
    known = [unit for unit in units if unit]
    count = len(known)
    if count < 2 or len({len(unit) for unit in known}) != 1:
        return None
    total = [math.fsum(parts) for parts in zip(*known, strict=True)]
    alike = (math.fsum(part * part for part in total) - count) / (count * (count - 1))
    return 1 - alike


def narrower(before: Sequence[str], after: Sequence[str], margin: float) -> str:
    """In which way the second set is less diverse than the first by more than the margin; empty where it is not.

    Args:
        before, after: evolved texts of the same seeds, by two methods.
        margin: allowed fall of any share, 0 to 1.
    """
    if min(len(before), len(after)) < LEAST:
        return ""
    old, new = diversity_of(before), diversity_of(after)
    for name in ("openings", "bigrams", "trigrams"):
        was, now = getattr(old, name), getattr(new, name)
        if was - now > margin:
            return f"its evolutions are less diverse: distinct {name} fall from {was:.0%} to {now:.0%}"
    return ""


def _unit(vector: Sequence[float]) -> list[float]:
    length = math.sqrt(math.fsum(part * part for part in vector))
    return [part / length for part in vector] if length > 0 and math.isfinite(length) else []


def _distinct(words: Sequence[Sequence[str]], size: int) -> float:
    grams = [tuple(each[at : at + size]) for each in words for at in range(min(len(each), _SAMPLE) - size + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0
