"""How large a partial sum must be for a spectrum to be among the best: the bound behind the exact search.

Why: query and spectrum are unit vectors, and what a search has not summed yet is limited by what it has. Imports numpy only.

Let A be the query's masses summed so far, of energy I = Σ_A q²; R² the energy of its other masses; σ = Σ q·l over
the peaks of A that the heavy index keeps; y the query energy there; r² what the index leaves out of l. With x, t, z
the lengths of l on the kept peaks of A, on the left-out peaks of A and on the other masses (Cauchy-Schwarz, thrice):

    score ≤ σ + t·√(I − y) + R·z,   σ ≤ x·√y,   t ≤ r,   x² + t² + z² ≤ 1.

For y in (y0, y1] and t in [t0, t1] put σ = √y1·B·cos φ with B² = 1 − t0². A score of θ or more then needs
cos(φ − φ0) ≥ ρ = (θ − t1·√(I − y0)) / (B·√(y1 + R²)), tan φ0 = R/√y1: no such spectrum if ρ > 1, else
σ ≥ √y1·B·cos(φ0 + arccos ρ). The least over all cells is exact pruning: sums are over-estimates of σ, never under.
"""

from __future__ import annotations

import numpy as np

from spectra.types import FloatArray

SLACK = 1e-5
"""Taken from the score to be reached: covers float32 rounding of the scores and float64 rounding of the bound."""
LEVEL = 4
"""Roots of left-out energy, 0–255, that share one level."""
LEVELS = 22
"""Levels 0 (nothing left out) to ⌈255·√0.1⌉ / 4: what the heavy index may leave out."""
CELLS = 64
"""Cells of the query energy that the kept peaks meet."""


LEVEL_OF_REST = np.minimum((np.arange(256) + LEVEL - 1) // LEVEL, LEVELS - 1)
"""Level of every stored root of left-out energy, (256,); an index never stores more than the last level."""
_LEFT_HIGH = np.arange(LEVELS)[:, None] * (LEVEL / 255.0)
_BALL = np.sqrt(1.0 - np.maximum(0.0, _LEFT_HIGH - LEVEL / 255.0) ** 2)
_EDGES = np.arange(CELLS + 1) / CELLS


def least_sums(theta: float, inside: float, dropped: float) -> FloatArray:
    """Smallest sum σ with which a spectrum of each level may score `theta` or more, (LEVELS,) falling.

    `inside`: query energy I in the masses summed; `dropped`: energy R² in those that are not, both shares of 1.
    Infinite where no spectrum can.

    >>> least_sums(0.9, 1.0, 0.0)[[0, 21]].round(2).tolist()
    [0.9, 0.66]
    >>> bool((least_sums(0.9, 0.7, 0.3) <= least_sums(0.9, 1.0, 0.0)).all())
    True
    """
    edges = inside * _EDGES
    root, unmet = np.sqrt(edges[1:]), np.sqrt(np.maximum(0.0, inside - edges[:-1]))
    reach = np.sqrt(edges[1:] + dropped)
    cosine = (theta - SLACK - _LEFT_HIGH * unmet) / (_BALL * np.maximum(reach, 1e-150))
    least = (
        (root / np.maximum(reach, 1e-150))
        * _BALL
        * (root * cosine - np.sqrt(dropped * np.maximum(0.0, 1.0 - cosine**2)))
    )
    least[cosine > 1.0] = np.inf
    return np.asarray(np.maximum(0.0, np.minimum.accumulate(least.min(axis=1))))
