"""Vendi score: how many rows that have nothing in common would be as diverse as these (arXiv 2210.02410, equation 2).

The exponential of the entropy of the eigenvalues of K / n, K being the cosines of all rows. For vectors of length 1
K = V V', and the eigenvalues of V' V / n (d by d) are the same but for zeros, so that it is exact for any number of
rows, in memory of d by d.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["vendi_score"]

Floats = npt.NDArray[np.float32]
_BLOCK = 8192


def vendi_score(vectors: Floats, rows: Sequence[int] | None = None) -> float:
    """Between 1, where all rows are alike, and the smaller of n and d; 0 for no row.

    Args:
        vectors: (n, d), of length 1; may be a memory map.
        rows: only these; None for all.
    """
    number = len(vectors) if rows is None else len(rows)
    if not number:
        return 0.0
    which = None if rows is None else np.sort(np.asarray(rows, np.int64))
    width = vectors.shape[1]
    gram = np.zeros((width, width), np.float64)
    for begin in range(0, number, _BLOCK):
        some = vectors[begin : begin + _BLOCK] if which is None else vectors[which[begin : begin + _BLOCK]]
        block = some.astype(np.float64)
        gram += block.T @ block
    values = np.linalg.eigvalsh(gram / number)
    values = values[values > 0]
    values /= values.sum()
    return float(np.exp(-(values * np.log(values)).sum()))
