"""Near-duplicates by ROUGE-L, exact, with the pool of Self-Instruct (arXiv 2212.10560, section 2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...recipes.self_instruct.pool import Pool
from .twins import Twin

__all__ = ["rouge_twins"]


def rouge_twins(texts: Mapping[int, str], order: Sequence[int], threshold: float) -> Iterator[Twin]:
    """Rows whose ROUGE-L F1 to a row before them in the order, which stays, is at least the threshold.

    Args:
        texts: row → text; words are those of any script.
        order: the rows, preferred ones first.
        threshold: in (0, 1].

    Yields:
        each with the most similar row that stays, the first in the order of several.
    """
    pool, names = Pool(), list[int]()
    below = threshold - 1e-9  # the pool looks for what is above a bound
    for row in order:
        near = pool.nearest(texts[row], below)
        if near.number >= 0:
            yield Twin(row, names[near.number], near.score)
        else:
            pool.add(texts[row])
            names.append(row)
