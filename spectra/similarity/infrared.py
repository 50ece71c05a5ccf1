"""Infrared hit quality: correlation of derivatives or of absorbance, Euclid; every entry and shift in one product.

Why: the same overlap rule must hold for all scores. Imports numpy and `spectra.infrared_grid` only.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spectra.infrared_grid import STEP, feature, in_units
from spectra.similarity.base import safe_ratio
from spectra.similarity.infrared_features import Features, Moved, shifted
from spectra.types import FloatArray

_Real = TypeVar("_Real", np.float32, np.float64)

__all__ = ["INFRARED_SCORES", "MIN_POINTS", "Features", "InfraredScore", "shifted"]

INFRARED_SCORES = ("first_derivative", "second_derivative", "correlation", "euclid")
MIN_POINTS = 100
"""Fewer common points (200 cm⁻¹) than this are no comparison: the score is 0."""
SMALL_PRODUCT = 2**18
"""Multiplications up to which OpenBLAS stays on the caller's thread (its own limit, 65536 × 4). Waking a second one
costs more than such a product, and under load it can stall for milliseconds."""
_ROUNDING = 1.08e-4
"""A product of 1,801 single-precision numbers, summed in any order, is wrong by at most this part of |q||l|:
n u / (1 − n u), u = 2⁻²⁴ (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1)."""


class InfraredScore:
    """Agreement of a query with references over the points both have, best over small shifts; at most 1.

    first_derivative, second_derivative: Σ q′ l′ / √(Σ q′² Σ l′²) of Savitzky–Golay derivatives (11 points at
    2 cm⁻¹, order 2; doi:10.1021/ac60214a047). correlation: Pearson's r of absorbance. euclid:
    1 − ‖q/|q| − l/|l|‖ / √2 of absorbance. All over the overlap of the measured ranges without CO₂ windows
    (`air` False: with them, for Raman). A shift s means that the query's bands lie s cm⁻¹ above the reference's.

    Evaluation: features of length 1 are rounded to 2⁻²⁶ (`in_units`), so that Σ q l, Σ q², Σ l², Σ q and Σ l are exact
    in double precision; what remains are a few rounded operations in one order. `exact` therefore gives the same
    bits for one entry alone, for a block and with any number of threads, and equal entries tie exactly.

    Misleads: a fixed threshold means nothing — caffeine on two instruments gives r = 0.892, MDMA against MDE
    0.926; look at the margin to the next different compound. Raw correlation follows the baseline and water. A
    short overlap agrees easily.

    >>> from spectra.infrared_grid import GRID
    >>> y = np.exp(-((GRID - 1700.0) / 15.0) ** 2)
    >>> score, shift, overlap = InfraredScore("first_derivative").row(np.roll(y, 2), y[None, :])
    >>> round(float(score[0]), 3), float(shift[0])
    (1.0, 4.0)
    """

    def __init__(self, name: str = "first_derivative", max_shift: float = 6.0, air: bool = True) -> None:
        if name not in INFRARED_SCORES:
            raise ValueError(f"there is no infrared score called {name!r}; use one of {', '.join(INFRARED_SCORES)}")
        if not 0 <= max_shift <= 50:
            raise ValueError("max_shift must lie between 0 and 50 cm⁻¹")
        reach = int(max_shift / STEP + 1e-9)
        self.name, self.air = name, air
        self.steps = sorted(range(-reach, reach + 1), key=lambda s: (abs(s), s))
        self.shifts: FloatArray = np.array(self.steps) * STEP

    def feature(self, curves: FloatArray) -> FloatArray:
        """What this score compares, (…, 1801), NaN where it must not be compared."""
        return feature(curves, self.name, self.air)

    def pair(self, query: FloatArray, reference: FloatArray) -> tuple[float, float]:
        """Score and shift (cm⁻¹) of two curves on the grid, (1801,) each, straight from the formula."""
        q, r = self.feature(query), self.feature(reference)
        found = [(self._pair(shifted(q, s), r), s * STEP) for s in self.steps]
        return max(found, key=lambda f: f[0])

    def matrix(self, queries: FloatArray, references: FloatArray) -> FloatArray:
        """Best scores of curves on the grid, (Q, 1801) against (N, 1801) → (Q, N)."""
        held = Features.of([self.feature(references)])
        return np.array([self.over(q, held)[0] for q in queries]).reshape(len(queries), len(references))

    def row(self, query: FloatArray, references: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """`over` with the features computed here."""
        return self.over(query, Features.of([self.feature(references)]))

    def over(self, query: FloatArray, references: Features) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Score, shift (cm⁻¹) and overlap (share of the query's points compared) of every reference, (N,) each.

        Scores as `screen` gives them: single precision, within 1e-4 of `exact` and in practice within 1e-6.
        """
        return self.over_feature(self.feature(query), references)

    def over_feature(self, q: FloatArray, references: Features) -> tuple[FloatArray, FloatArray, FloatArray]:
        """`over` for a query given as its feature (1801,), NaN where not to be compared."""
        n = references.values.shape[0]
        score, shift, overlap = np.zeros(n), np.zeros(n), np.zeros(n)
        for rows, mask in references.patterns:
            moved = self.moved(q, mask)
            block = references.values if rows.size == n else references.values[rows]
            values = self.screen(moved, block, references.inner_energy(moved.inner)[rows])[0]
            best = np.argmax(values, axis=1)
            score[rows], shift[rows] = values[np.arange(rows.size), best], self.shifts[best]
            overlap[rows] = moved.count[best] / max(1, int(np.isfinite(q).sum()))
        return score, shift, overlap

    def moved(self, q: FloatArray, mask: NDArray[np.bool_]) -> Moved:
        """The query's feature (1801,) at every shift, against references with one mask (1801,)."""
        return Moved.of(*in_units(q), self.steps, mask)

    def exact(self, moved: Moved, values: FloatArray, inner: FloatArray) -> FloatArray:
        """Scores (k, S) of references `values` (k, 1801) float64 from `Features`, with their
        `inner_energy` (k,)."""
        dot = _product(values, moved.columns, moved)
        cosine, _ = self._cosines(moved, dot, moved.energies(values, inner), values)
        return np.where(moved.count >= MIN_POINTS, self._finish(cosine), 0.0)

    def screen(self, moved: Moved, values: NDArray[np.float32], inner: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Scores (k, S) by a single-precision product, and by how much each may lie below the exact one."""
        dot = _product(values, moved.columns.astype(np.float32), moved).astype(np.float64)
        energy = moved.energies(values, inner)
        cosine, length = self._cosines(moved, dot, energy, values)
        slack = _ROUNDING * safe_ratio(np.sqrt(energy * moved.energy), length)
        compared = moved.count >= MIN_POINTS
        score = np.where(compared, self._finish(cosine), 0.0)
        return score, np.where(compared, self._finish(np.minimum(cosine + slack, 1.0)), 0.0) - score

    def _cosines(
        self, moved: Moved, dot: FloatArray, energy_l: FloatArray, values: NDArray[np.floating]
    ) -> tuple[FloatArray, FloatArray]:
        """Cosines (k, S), of centred curves for the correlation, and |q||l| of what they compare."""
        energy_q = moved.energy
        if self.name == "correlation":
            n, total = np.maximum(moved.count, 1.0), moved.totals(values)
            dot = dot - total * moved.total / n
            energy_l = np.maximum(energy_l - total**2 / n, 0.0)
            energy_q = np.maximum(energy_q - moved.total**2 / n, 0.0)
        length = np.sqrt(energy_l * energy_q)
        return np.minimum(safe_ratio(dot, length), 1.0), length

    def _finish(self, cosine: FloatArray) -> FloatArray:
        if self.name != "euclid":
            return cosine
        return np.asarray(1.0 - np.sqrt(1.0 - cosine))

    def _pair(self, q: FloatArray, r: FloatArray) -> float:
        both = np.isfinite(q) & np.isfinite(r)
        if both.sum() < MIN_POINTS:
            return 0.0
        a, b = q[both], r[both]
        if self.name == "correlation":
            a, b = a - a.mean(), b - b.mean()
        size = float(np.sqrt((a**2).sum() * (b**2).sum()))
        cosine = min(float((a * b).sum()) / size, 1.0) if size > 0 else 0.0
        return 1.0 - float(np.sqrt(1.0 - cosine)) if self.name == "euclid" else cosine


def _product(rows: NDArray[_Real], columns: NDArray[_Real], moved: Moved) -> NDArray[_Real]:
    """`rows` (n, 1801) times `moved.columns`, (n, S), in products that stay on one thread of OpenBLAS.

    Measured, small pieces and eight columns instead of seven halve the time. A part of the points costs a copy of the
    rows, so that it only pays when few are shared.
    """
    if moved.span.stop - moved.span.start < 0.6 * len(columns):
        rows, columns = rows[:, moved.span], columns[moved.span]
    out = np.empty((len(rows), columns.shape[1]), dtype=columns.dtype)
    step = max(1, SMALL_PRODUCT // max(columns.size, 1))
    for at in range(0, len(rows), step):
        np.dot(rows[at : at + step], columns, out=out[at : at + step])
    return out[:, : len(moved.values)]
