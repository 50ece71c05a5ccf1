"""The k best of N scores by one stated rule. Imports numpy only."""

from __future__ import annotations

from collections.abc import Sequence

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


def best_per_group(scores: NDArray[np.float32], groups: Sequence[str], top: int) -> NDArray[np.int64]:
    """The best index of each of the `top` best groups, by the rule of `best`; `groups` N keys.

    >>> best_per_group(np.array([5, 4, 3, 2], dtype=np.float32), ["a", "a", "b", "c"], 2).tolist()
    [0, 2]
    """
    wanted = 4 * top
    while True:
        order = best(scores, wanted)
        first: dict[str, int] = {}
        for index in order:
            first.setdefault(groups[int(index)], int(index))
        if len(first) >= top or order.size < wanted:
            return np.array(list(first.values())[:top], dtype=np.int64)
        wanted *= 4
