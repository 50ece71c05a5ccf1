"""Spectral entropy similarity, weighted and not. Imports numpy and `spectra` only."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spectra.peaktable import IntArray, Matches, PeakTable
from spectra.preprocess import BASE, Peaks
from spectra.similarity.base import Score
from spectra.similarity.log2 import gain
from spectra.types import FloatArray

_S_FLAT = 3.0
_ROWS = 1 << 15
LEAST_INTENSITY = 0.01 * BASE * (1.0 - 1e-5)
"""Accurate peaks below 1 % of the base peak leave the score on both sides, as in the reference implementation; the
last factor keeps a peak of exactly 1 % on both sides of a rounding to float32."""


class Entropy(Score):
    """1 − (2 S_AB − S_A − S_B) / ln 4, 0–1, with S = −Σ p ln p of intensities that sum to 1.

    Accurate spectra first lose peaks below 1 % of the base peak. Spectra with S < 3 are then reweighted,
    I ← I^(0.25 + 0.25 S), so that few-peak spectra do not hang on one ion. Computed in the equal "flash" form
    Σ_matched f(a+b) − f(a) − f(b), f(x) = x log2 x on float32 weights that sum to ½ each, added in float64 by
    rising m/z. Reference: Li et al., Nature Methods 2021, 18, 1524, doi:10.1038/s41592-021-01331-z; Li & Fiehn,
    Nature Methods 2023, 20, 1475, doi:10.1038/s41592-023-02012-9 (flash form).

    Misleads: ignores m/z, so in EI spectra the common low-mass ions count as much as the telling heavy ones; a
    spectrum of one peak agrees fully with every other spectrum of that one peak.

    >>> from spectra.types import MassSpectrum
    >>> a = MassSpectrum([58.065, 91.054], [10, 100], precursor_mz=150.1)
    >>> round(Entropy(tolerance=0.01).pair(a, a), 6)
    1.0
    """

    name = "entropy"
    weighted: ClassVar[bool] = True

    def _pair(self, query: Peaks, reference: Peaks) -> float:
        query, reference = self._kept(query), self._kept(reference)
        p, r = self._weigh(query.intensity), self._weigh(reference.intensity)
        pairs = self.matched(query, reference)
        met, meets = {i for i, _ in pairs}, {j for _, j in pairs}
        mixed = [p[i] + r[j] for i, j in pairs]
        mixed += [p[i] for i in range(p.size) if i not in met] + [r[j] for j in range(r.size) if j not in meets]
        return float(1 - (2 * entropy(np.array(mixed) / 2) - entropy(p) - entropy(r)) / np.log(4))

    def over(self, query: Peaks, table: PeakTable, matches: Matches) -> FloatArray:
        """Scores against every reference, (N,)."""
        a = self.query_weights(query)[matches.query]
        b = self.table_weights(table)[matches.lib]
        used = (a > 0) & (b > 0)
        terms = gain(a[used].astype(np.float64), b[used].astype(np.float64))
        return table.sums(matches.row[used], terms)

    def reverse(self, query: Peaks, table: PeakTable, matches: Matches) -> FloatArray:
        """The score with query peaks the reference lacks left out, (N,)."""
        row, raw = matches.row, query.intensity[matches.query]
        top = np.zeros(table.n)
        np.maximum.at(top, row, raw)
        a = self._row_weights(row, raw * (BASE / top[row]), table.n)
        b = self.table_weights(table)[matches.lib]
        used = (a > 0) & (b > 0)
        return table.sums(row[used], gain(a[used].astype(np.float64), b[used].astype(np.float64)))

    def query_weights(self, query: Peaks) -> NDArray[np.float32]:
        """Weights of the query's peaks that sum to ½, (Q,) float32; 0 where a peak leaves the score."""
        return self._halves(query.intensity)

    def table_weights(self, table: PeakTable) -> NDArray[np.float32]:
        """Weights of all references' peaks, each reference summing to ½, (P,) float32; kept with the table."""

        def all_rows() -> NDArray[np.float32]:
            out = np.empty(table.mz.size, dtype=np.float32)
            offsets = np.asarray(table.offsets)
            for first in range(0, table.n, _ROWS):
                last = min(first + _ROWS, table.n)
                start, end = int(offsets[first]), int(offsets[last])
                row = np.repeat(np.arange(last - first), np.diff(offsets[first : last + 1]))
                raw = np.asarray(table.intensity[start:end], dtype=np.float64)
                out[start:end] = self._row_weights(row, raw, last - first)
            return out

        return table.keep(f"{self.name} {self.accurate}", all_rows)

    def _row_weights(self, row: IntArray, raw: FloatArray, n: int) -> NDArray[np.float32]:
        """Weights of the peaks `raw` (P,), base 999, of `n` spectra; `row` (P,) tells whose they are."""
        if self.accurate:
            raw = np.where(raw >= LEAST_INTENSITY, raw, 0.0)
        p = raw / np.bincount(row, weights=raw, minlength=n)[row]
        if self.weighted:
            s = -np.bincount(row, weights=p * np.log(np.where(p > 0, p, 1.0)), minlength=n)
            power = np.where(s < _S_FLAT, 0.25 + 0.25 * s, 1.0)
            p = np.where(p > 0, p ** power[row], 0.0)
            p = p / np.bincount(row, weights=p, minlength=n)[row]
        return np.asarray(0.5 * p, dtype=np.float32)

    def _halves(self, intensity: FloatArray) -> NDArray[np.float32]:
        if not self.accurate or np.minimum.reduce(intensity) >= LEAST_INTENSITY:
            return np.asarray(0.5 * self._weigh(intensity), dtype=np.float32)
        keep = intensity >= LEAST_INTENSITY
        out = np.zeros(intensity.size, dtype=np.float32)
        out[keep] = 0.5 * self._weigh(intensity[keep])
        return out

    def _kept(self, peaks: Peaks) -> Peaks:
        return peaks.without(peaks.intensity >= LEAST_INTENSITY) if self.accurate else peaks

    def _weigh(self, intensity: FloatArray) -> FloatArray:
        return weigh(intensity) if self.weighted else np.asarray(intensity / intensity.sum(), dtype=np.float64)


class UnweightedEntropy(Entropy):
    """The entropy similarity without the reweighting of spectra with S < 3: one dominant ion decides more.

    >>> from spectra.types import MassSpectrum
    >>> a, b = MassSpectrum([58, 91], [999, 100]), MassSpectrum([58, 77], [999, 100])
    >>> UnweightedEntropy().pair(a, b) > Entropy().pair(a, b)
    True
    """

    name = "entropy_unweighted"
    weighted = False


def entropy(p: FloatArray) -> float:
    """Shannon entropy −Σ p ln p of `p` (P,) > 0 that sums to 1, in nats."""
    return float(-np.dot(p, np.log(p)))


def weigh(intensity: FloatArray) -> FloatArray:
    """Entropy-weighted intensities that sum to 1; `intensity` (P,) > 0.

    >>> weigh(np.array([1.0, 1.0])).tolist()
    [0.5, 0.5]
    """
    # np.add.reduce is what `sum` calls, at half the price: weighing is a third of a search among like precursors.
    p: FloatArray = intensity / np.add.reduce(intensity)
    s = entropy(p)
    if s >= _S_FLAT:
        return p
    w: FloatArray = p ** (0.25 + 0.25 * s)
    w /= np.add.reduce(w)
    return w
