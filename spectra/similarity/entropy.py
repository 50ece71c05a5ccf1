"""Spectral entropy similarity (weighted). Imports numpy and `spectra` only."""

from __future__ import annotations

import numpy as np

from spectra.peaktable import Matches, PeakTable
from spectra.preprocess import Peaks
from spectra.similarity.base import Score
from spectra.types import FloatArray

_S_FLAT = 3.0


class Entropy(Score):
    """1 − (2 S_AB − S_A − S_B) / ln 4, 0–1, with S = −Σ p ln p of intensities that sum to 1.

    Spectra with S < 3 are first reweighted, I ← I^(0.25 + 0.25 S), so that few-peak spectra do not hang on one
    ion. Computed in the equal "flash" form Σ_matched f(a+b) − f(a) − f(b), f(x) = x log2 x on spectra that sum
    to ½ each. Reference: Li et al., Nature Methods 2021, 18, 1524, doi:10.1038/s41592-021-01331-z.

    Misleads: ignores m/z, so in EI spectra the common low-mass ions count as much as the telling heavy ones;
    noise peaks lower it steadily — clean MS/MS to ≥ 1 % of base first.

    >>> from spectra.types import MassSpectrum
    >>> a = MassSpectrum([58.065, 91.054], [10, 100], precursor_mz=150.1)
    >>> round(Entropy(tolerance=0.01).pair(a, a), 6)
    1.0
    """

    name = "entropy"

    def _pair(self, query: Peaks, reference: Peaks) -> float:
        p, r = weigh(query.intensity), weigh(reference.intensity)
        pairs = self.matched(query, reference)
        met, meets = {i for i, _ in pairs}, {j for _, j in pairs}
        mixed = [p[i] + r[j] for i, j in pairs]
        mixed += [p[i] for i in range(p.size) if i not in met] + [r[j] for j in range(r.size) if j not in meets]
        return float(1 - (2 * entropy(np.array(mixed) / 2) - entropy(p) - entropy(r)) / np.log(4))

    def over(self, query: Peaks, table: PeakTable, matches: Matches) -> FloatArray:
        """Scores against every reference, (N,)."""
        a = weigh(query.intensity)[matches.query] / 2
        b = _table_weights(table)[matches.lib] / 2
        return table.sums(matches.row, _xlog2(a + b) - _xlog2(a) - _xlog2(b))


def entropy(p: FloatArray) -> float:
    """Shannon entropy −Σ p ln p of `p` (P,) > 0 that sums to 1, in nats."""
    return float(-(p * np.log(p)).sum())


def weigh(intensity: FloatArray) -> FloatArray:
    """Entropy-weighted intensities that sum to 1; `intensity` (P,) > 0.

    >>> weigh(np.array([1.0, 1.0])).tolist()
    [0.5, 0.5]
    """
    p: FloatArray = intensity / intensity.sum()
    s = entropy(p)
    if s >= _S_FLAT:
        return np.asarray(p, dtype=np.float64)
    w = p ** (0.25 + 0.25 * s)
    return np.asarray(w / w.sum(), dtype=np.float64)


def _xlog2(x: FloatArray) -> FloatArray:
    return np.asarray(x * np.log2(x))


def _table_weights(table: PeakTable) -> FloatArray:
    """`weigh` of every reference at once, (P,); kept with the table."""

    def all_rows() -> FloatArray:
        row, raw = table.row, np.asarray(table.intensity, dtype=np.float64)
        p = raw / table.sums(row, raw)[row]
        s = -table.sums(row, p * np.log(p))
        power = np.where(s < _S_FLAT, 0.25 + 0.25 * s, 1.0)
        w = p ** power[row]
        return np.asarray(w / table.sums(row, w)[row])

    return table.keep("entropy", all_rows)
