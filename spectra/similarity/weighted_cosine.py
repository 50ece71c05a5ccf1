"""Weighted cosine: the workhorse of EI libraries. Imports numpy and `spectra` only."""

from __future__ import annotations

import numpy as np

from spectra.peaktable import Matches, PeakTable, peak_weights
from spectra.preprocess import Peaks
from spectra.similarity.base import Score, safe_ratio
from spectra.types import FloatArray


class WeightedCosine(Score):
    """cos = Σ w_q w_l / √(Σ w_q² · Σ w_l²) with w = m^a · I^b, 0–1.

    Sums of the numerator run over matched peaks, those of the denominator over all peaks. Usual exponents:
    (1, 0.5), (3, 0.6) of Stein & Scott (J. Am. Soc. Mass Spectrom. 1994, 5, 859,
    doi:10.1016/1044-0305(94)87009-8), (1.3, 0.53) of Kim et al. (2012, doi:10.1021/ac301350n).

    Misleads: with a large `a` a few heavy ions decide, so a missing molecular ion costs much; isomers of
    amphetamines and cathinones score above 0.95 against each other; a mixture scores low against each part.

    >>> from spectra.types import MassSpectrum
    >>> a, b = MassSpectrum([58, 91], [999, 100]), MassSpectrum([58, 91], [999, 100])
    >>> round(WeightedCosine(1, 0.5).pair(a, b), 6)
    1.0
    """

    name = "weighted_cosine"

    def __init__(self, a: float = 1.0, b: float = 0.5, tolerance: float | None = None) -> None:
        super().__init__(tolerance)
        self.a, self.b = a, b

    def _weights(self, peaks: Peaks) -> FloatArray:
        return peak_weights(peaks.mz, peaks.intensity, self.a, self.b)

    def _pair(self, query: Peaks, reference: Peaks) -> float:
        wq, wl = self._weights(query), self._weights(reference)
        dot = sum(wq[i] * wl[j] for i, j in self.matched(query, reference))
        return float(dot / np.sqrt((wq**2).sum() * (wl**2).sum()))

    def over(self, query: Peaks, table: PeakTable, matches: Matches) -> FloatArray:
        """Scores against every reference, (N,)."""
        wq = self._weights(query)
        dot = table.sums(matches.row, wq[matches.query] * table.weights(self.a, self.b)[matches.lib])
        return safe_ratio(dot, np.sqrt(float((wq**2).sum()) * table.energies(self.a, self.b)))

    def reverse(self, query: Peaks, table: PeakTable, matches: Matches) -> FloatArray:
        """Scores with unmatched query peaks left out, (N,)."""
        wq = self._weights(query)[matches.query]
        dot = table.sums(matches.row, wq * table.weights(self.a, self.b)[matches.lib])
        return safe_ratio(dot, np.sqrt(table.sums(matches.row, wq**2) * table.energies(self.a, self.b)))
