"""Infrared hit quality: correlation of derivatives or of absorbance, Euclid; every entry and shift in one product.

Why: the same overlap rule must hold for all scores. Imports numpy and `spectra.infrared_grid` only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spectra.infrared_grid import GRID, STEP, feature
from spectra.similarity.base import safe_ratio
from spectra.types import FloatArray

INFRARED_SCORES = ("first_derivative", "second_derivative", "correlation", "euclid")
MIN_POINTS = 100
"""Fewer common points (200 cm⁻¹) than this are no comparison: the score is 0."""


def shifted(values: FloatArray, steps: int) -> FloatArray:
    """`values` (…, 1801) moved by whole grid steps towards lower wavenumber, NaN where nothing was measured."""
    out = np.full(values.shape, np.nan)
    size = values.shape[-1]
    if steps >= 0:
        out[..., : size - steps] = values[..., steps:]
    else:
        out[..., -steps:] = values[..., : size + steps]
    return out


class InfraredScore:
    """Agreement of a query with references over the points both have, best over small shifts; at most 1.

    first_derivative, second_derivative: Σ q′ l′ / √(Σ q′² Σ l′²) of Savitzky–Golay derivatives (11 points at
    2 cm⁻¹, order 2; doi:10.1021/ac60214a047). correlation: Pearson's r of absorbance. euclid:
    1 − ‖q/|q| − l/|l|‖ / √2 of absorbance. All over the overlap of the measured ranges without CO₂ windows.
    A shift s means that the query's bands lie s cm⁻¹ above the reference's.

    Misleads: a fixed threshold means nothing — caffeine on two instruments gives r = 0.892, MDMA against MDE
    0.926; look at the margin to the next different compound. Raw correlation follows the baseline and water. A
    short overlap agrees easily.

    >>> from spectra.infrared_grid import GRID
    >>> y = np.exp(-((GRID - 1700.0) / 15.0) ** 2)
    >>> score, shift, overlap = InfraredScore("first_derivative").row(np.roll(y, 2), y[None, :])
    >>> round(float(score[0]), 3), float(shift[0])
    (1.0, 4.0)
    """

    def __init__(self, name: str = "first_derivative", max_shift: float = 6.0) -> None:
        if name not in INFRARED_SCORES:
            raise ValueError(f"there is no infrared score called {name!r}; use one of {', '.join(INFRARED_SCORES)}")
        if not 0 <= max_shift <= 50:
            raise ValueError("max_shift must lie between 0 and 50 cm⁻¹")
        reach = int(max_shift / STEP + 1e-9)
        self.name = name
        self.steps = sorted(range(-reach, reach + 1), key=lambda s: (abs(s), s))

    def pair(self, query: FloatArray, reference: FloatArray) -> tuple[float, float]:
        """Score and shift (cm⁻¹) of two curves on the grid, (1801,) each, straight from the formula."""
        q, r = feature(query, self.name), feature(reference, self.name)
        found = [(self._pair(shifted(q, s), r), s * STEP) for s in self.steps]
        return max(found, key=lambda f: f[0])

    def matrix(self, queries: FloatArray, references: FloatArray) -> FloatArray:
        """Best scores of curves on the grid, (Q, 1801) against (N, 1801) → (Q, N)."""
        return np.array([self.row(q, references)[0] for q in queries]).reshape(len(queries), len(references))

    def row(self, query: FloatArray, references: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """`over` with the features computed here."""
        return self.over(query, Features.of([feature(references, self.name)]))

    def over(self, query: FloatArray, references: Features) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Score, shift (cm⁻¹) and overlap (share of the query's points compared) of every reference, (N,) each."""
        return self.over_feature(feature(query, self.name), references)

    def over_feature(self, q: FloatArray, references: Features) -> tuple[FloatArray, FloatArray, FloatArray]:
        """`over` for a query given as its feature (1801,), NaN where not to be compared."""
        moved = np.array([shifted(q, s) for s in self.steps])
        n = references.values.shape[0]
        score, shift, overlap = np.zeros(n), np.zeros(n), np.zeros(n)
        for rows, mask in references.patterns:
            values = self._block(moved, references, rows, mask)
            best = np.argmax(values, axis=1)
            at = np.arange(rows.size)
            score[rows], shift[rows] = values[at, best], np.array(self.steps)[best] * STEP
            common = (np.isfinite(moved) & mask).sum(axis=1) / max(1, int(np.isfinite(q).sum()))
            overlap[rows] = np.minimum(common[best], 1.0)
        return score, shift, overlap

    def _block(
        self, moved: FloatArray, references: Features, rows: NDArray[np.int64], mask: NDArray[np.bool_]
    ) -> FloatArray:
        """Scores of references with one mask at every shift, (rows, shifts)."""
        used = np.isfinite(moved) & mask
        q = np.where(used, moved, 0.0)
        q32 = (q / max(float(np.abs(q).max()), 1e-300)).astype(np.float32)
        whole = rows.size == references.values.shape[0]
        block = references.values if whole else references.values[rows]
        dot = (block @ q32.T).astype(np.float64)
        count = used.sum(axis=1).astype(np.float64)
        energy_l, sum_l = references.overlap_sums(block, rows, mask, used)
        energy_q, sum_q = (q32.astype(np.float64) ** 2).sum(axis=1), q32.sum(axis=1, dtype=np.float64)
        if self.name == "correlation":
            n = np.maximum(count, 1.0)
            dot = dot - sum_l * sum_q / n
            energy_l = np.maximum(energy_l - sum_l**2 / n, 0.0)
            energy_q = np.maximum(energy_q - sum_q**2 / n, 0.0)
        cosine = safe_ratio(dot, np.sqrt(energy_l * energy_q))
        return np.where(count >= MIN_POINTS, self._finish(np.minimum(cosine, 1.0)), 0.0)

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


class Features:
    """References ready for products: `values` (N, 1801) float32 with 0 where masked, and their mask patterns.

    Each row is scaled to its largest value; no score depends on the scale.
    """

    def __init__(self, values: NDArray[np.float32], masks: NDArray[np.bool_], pattern: NDArray[np.int64]) -> None:
        self.values = values
        self.masks, self.pattern = masks, pattern
        self.patterns = [(np.flatnonzero(pattern == p), masks[p]) for p in range(masks.shape[0])]
        self._energy: FloatArray | None = None
        self._sum: FloatArray | None = None

    @classmethod
    def of(cls, blocks: Sequence[FloatArray]) -> Features:
        """Features of all references in blocks (n, 1801) with NaN where masked."""
        values, packed = [], []
        for block in blocks:
            finite = np.isfinite(block)
            filled = np.where(finite, block, 0.0)
            top = np.abs(filled).max(axis=1, keepdims=True, initial=0.0)
            values.append((filled / np.where(top > 0, top, 1.0)).astype(np.float32))
            packed.append(np.packbits(finite, axis=1))
        masks, pattern = np.unique(np.concatenate(packed), axis=0, return_inverse=True)
        unpacked = np.unpackbits(masks, axis=1, count=GRID.size).astype(bool)
        return cls(np.concatenate(values), unpacked, pattern.reshape(-1).astype(np.int64))

    def overlap_sums(
        self, block: NDArray[np.float32], rows: NDArray[np.int64], mask: NDArray[np.bool_], used: NDArray[np.bool_]
    ) -> tuple[FloatArray, FloatArray]:
        """Σ l² and Σ l over the used points of each shift, (rows, shifts): whole sums less the missing points."""
        if self._energy is None or self._sum is None:
            self._energy = np.einsum("ij,ij->i", self.values, self.values, dtype=np.float64)
            self._sum = self.values.sum(axis=1, dtype=np.float64)
        energy = np.repeat(self._energy[rows][:, None], used.shape[0], axis=1)
        total = np.repeat(self._sum[rows][:, None], used.shape[0], axis=1)
        for k, points in enumerate(used):
            missing = np.flatnonzero(mask & ~points)
            if missing.size:
                part = block[:, missing].astype(np.float64)
                energy[:, k] -= (part**2).sum(axis=1)
                total[:, k] -= part.sum(axis=1)
        return np.maximum(energy, 0.0), total
