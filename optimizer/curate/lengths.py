"""How long vectors on the grid are: rounding leaves a length of about 1, and cosines are divided by what it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["SAME", "inverse_lengths", "inverse_of"]

SAME = 1 - 1e-12
"""A cosine above it is 1: what rounding in 64 bits leaves of that of a vector with itself."""
_BLOCK = 8192


def inverse_lengths(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """1 / length of each vector, (n,); 1 for one of length 0. The squares of a vector on the grid add up exactly.

    Args:
        vectors: (n, d); may be a memory map.
    """
    squares = np.empty(len(vectors), np.float64)
    for begin in range(0, len(vectors), _BLOCK):
        block = vectors[begin : begin + _BLOCK]
        squares[begin : begin + len(block)] = np.einsum("nd,nd->n", block, block)
    return inverse_of(squares)


def inverse_of(squares: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The same from the squares of the lengths, (n,)."""
    return np.asarray(1 / np.sqrt(np.where(squares == 0, 1.0, squares.astype(np.float64))), np.float64)
