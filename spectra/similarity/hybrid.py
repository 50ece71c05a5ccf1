"""Hybrid similarity for analogues: direct peaks first, then peaks moved by the mass difference. `spectra` only."""

from __future__ import annotations

import numpy as np

from spectra.peaktable import Matches, PeakTable
from spectra.preprocess import Peaks, micro
from spectra.similarity.base import Matched, Score, safe_ratio
from spectra.types import FloatArray


class Hybrid(Score):
    """cos over w = √I where peaks match directly or, if left over on both sides, by equal neutral loss; 0–1.

    The difference of the two precursors (molecular masses) says how far fragments that carry the changed group
    move. A simplification of Burke et al., Anal. Chem. 2017, doi:10.1021/acs.analchem.7b01512 (their split of
    intensities is replaced by "direct first"). Both spectra need `precursor_mz`; references without one are
    compared directly only.

    Misleads: finds *structural relatives*. Never an identity: by construction it forgives the mass difference.

    >>> from spectra.types import MassSpectrum
    >>> a = MassSpectrum([44.0, 91.0, 119.0], [9, 4, 1], precursor_mz=135.0)
    >>> b = MassSpectrum([58.0, 91.0, 119.0], [9, 4, 1], precursor_mz=149.0)
    >>> round(Hybrid().pair(a, b), 6)
    1.0
    """

    name = "hybrid"
    needs_precursor = True

    def _pair(self, query: Peaks, reference: Peaks) -> float:
        wq, wl = np.sqrt(query.intensity), np.sqrt(reference.intensity)
        direct = self.matched(query, reference)
        used_q, used_l = {i for i, _ in direct}, {j for _, j in direct}
        moved = moved_pairs(self, query, reference)
        pairs = direct + [(i, j) for i, j in moved if i not in used_q and j not in used_l]
        return float(sum(wq[i] * wl[j] for i, j in pairs) / np.sqrt((wq**2).sum() * (wl**2).sum()))

    def over(self, query: Peaks, table: PeakTable, matches: Matches) -> FloatArray:
        """Scores against every reference, (N,)."""
        wq, wl = np.sqrt(query.intensity), table.weights(0.0, 0.5)
        taken_lib = np.zeros(table.mz.size, dtype=bool)
        taken_lib[matches.lib] = True
        size = query.mz.size
        taken = np.unique(matches.row * size + matches.query)
        moved = table.match_losses(query, self.window)
        moved = moved.only(~taken_lib[moved.lib] & ~np.isin(moved.row * size + moved.query, taken))
        dot = table.sums(matches.row, wq[matches.query] * wl[matches.lib])
        dot += table.sums(moved.row, wq[moved.query] * wl[moved.lib])
        return safe_ratio(dot, np.sqrt(float((wq**2).sum()) * table.energies(0.0, 0.5)))


def moved_pairs(score: Score, query: Peaks, reference: Peaks) -> Matched:
    """Index pairs with the same neutral loss; one to one, because merged peaks lie further apart than the window."""
    if not np.isfinite(reference.precursor_mz):
        return []
    width = int(micro(score.window if score.accurate else 0.25))
    a = micro(query.precursor_mz - query.mz).tolist()
    b = micro(reference.precursor_mz - reference.mz).tolist()
    return [(i, j) for i, m in enumerate(a) for j, n in enumerate(b) if abs(m - n) <= width]
