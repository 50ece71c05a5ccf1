"""What a ranking of compounds hands to the answer, whichever kind of spectrum it came from.

Imports numpy and `spectra.types` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.types import FloatArray


@dataclass(frozen=True, eq=False)
class Ranked:
    """K compounds, best first. `entries` (K,) the library entry that stands for each; `scores` (K,) the combined score.

    `match` (K,) the plain score a chemist knows (match factor of 1000, or entropy of 1), `match_name` its name;
    `matched` (K,) common peaks; `explained` (K,) share of the reading's signal that the entry has. `figures` describe
    the best match for the logistic of "not in the library"; `quality` (0–1) is how good it is; `peaks` the reading has.
    """

    compounds: tuple[str, ...]
    entries: NDArray[np.int64]
    scores: FloatArray
    match: FloatArray
    match_name: str
    matched: NDArray[np.int64]
    explained: FloatArray
    figures: Mapping[str, float]
    quality: float
    peaks: int
    name: str

    def __len__(self) -> int:
        return len(self.compounds)


def gap(scores: FloatArray, most: float) -> float:
    """Distance from the first to the second score, at most `most`; `most` where there is no second.

    >>> gap(np.array([2.0, 1.9]), 0.5), gap(np.array([2.0]), 0.5)
    (0.10000000000000009, 0.5)
    """
    return float(min(most, scores[0] - scores[1])) if scores.size > 1 else most
