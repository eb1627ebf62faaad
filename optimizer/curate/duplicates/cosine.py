"""Near-duplicates by embeddings: the cosine of every pair, block by block, in O(n · d) memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..alike import met_in_order
from .twins import Twin

__all__ = ["cosine_twins"]


def cosine_twins(vectors: npt.NDArray[np.float32], order: Sequence[int], threshold: float) -> Iterator[Twin]:
    """Rows whose cosine with a row before them in the order, which stays, is at least the threshold.

    Args:
        vectors: shape (rows, dimensions), each of about length 1; one of length 0 is like no other.
        order: the rows, preferred ones first.
        threshold: in (0, 1]; 1 finds the same vectors.

    Yields:
        each with the most similar row that stays, the first in the order of several.
    """
    return (Twin(*met) for met in met_in_order(vectors, order, threshold) if met.twin >= 0)
