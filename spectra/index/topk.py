"""The k best of N scores by one stated rule. Imports numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def best(scores: NDArray[np.float32], top: int, above: float = 0.0) -> NDArray[np.int64]:
    """Indices of the `top` largest of `scores` (N,) that exceed `above`: score falling, then index rising.

    >>> best(np.array([1, 3, 3, 0, 2], dtype=np.float32), 3).tolist()
    [1, 2, 4]
    """
    if top < 1:
        raise ValueError("top must be at least 1")
    if scores.size > top:
        floor = max(float(np.partition(scores, scores.size - top)[scores.size - top]), above)
        index = np.flatnonzero(scores >= floor)
    else:
        index = np.arange(scores.size)
    index = index[scores[index] > above]
    return index[np.lexsort((index, -scores[index]))][:top]
