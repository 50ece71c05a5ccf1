"""Modified cosine for MS/MS networking. Imports numpy and `spectra` only."""

from __future__ import annotations

import numpy as np

from spectra.peaktable import IntArray, Matches, PeakTable
from spectra.preprocess import Peaks
from spectra.similarity.base import Score, safe_ratio
from spectra.similarity.hybrid import moved_pairs
from spectra.types import FloatArray


class ModifiedCosine(Score):
    """cos = Σ I_q I_l / √(Σ I_q² · Σ I_l²) over peaks that match directly or after the precursor difference; 0–1.

    Each peak is used once; pairs are taken by falling product I_q I_l (ties: lower reference peak, then lower
    query peak). Reference: Watrous et al., PNAS 2012, 109, E1743, doi:10.1073/pnas.1203689109; matchms
    (doi:10.21105/joss.02411). References without a precursor are compared directly only.

    Misleads: a relative with one changed group scores like the compound itself; not an identity score.

    >>> from spectra.types import MassSpectrum
    >>> a = MassSpectrum([91.054, 119.049], [3, 4], precursor_mz=136.1)
    >>> b = MassSpectrum([91.054, 133.065], [3, 4], precursor_mz=150.116)
    >>> round(ModifiedCosine(tolerance=0.01).pair(a, b), 6)
    1.0
    """

    name = "modified_cosine"
    needs_precursor = True

    def _pair(self, query: Peaks, reference: Peaks) -> float:
        pairs = {*self.matched(query, reference), *moved_pairs(self, query, reference)}
        products = sorted((-query.intensity[i] * reference.intensity[j], j, i) for i, j in pairs)
        total = _take_once([-p for p, _, _ in products], [j for _, j, _ in products], [i for _, _, i in products])
        return float(total / np.sqrt((query.intensity**2).sum() * (reference.intensity**2).sum()))

    def over(self, query: Peaks, table: PeakTable, matches: Matches) -> FloatArray:
        """Scores against every reference, (N,); only references with a contested peak are visited one by one."""
        moved = table.match_losses(query, self.window)
        size = query.mz.size
        lib, q = np.divmod(np.union1d(matches.lib * size + matches.query, moved.lib * size + moved.query), size)
        row = table.row[lib]
        product = query.intensity[q] * table.weights(0.0, 1.0)[lib]
        dot = table.sums(row, product)
        contested = _contested(row, lib, q, size)
        starts, ends = np.searchsorted(row, contested, side="left"), np.searchsorted(row, contested, side="right")
        for r, start, end in zip(contested, starts, ends, strict=True):
            mine = np.arange(start, end)
            order = mine[np.lexsort((q[mine], lib[mine], -product[mine]))]
            dot[r] = _take_once(product[order].tolist(), lib[order].tolist(), q[order].tolist())
        return safe_ratio(dot, np.sqrt(float((query.intensity**2).sum()) * table.energies(0.0, 1.0)))


def _contested(row: IntArray, lib: IntArray, query: IntArray, size: int) -> IntArray:
    """References in which some peak has more than one partner."""
    _, lib_at, lib_count = np.unique(lib, return_index=True, return_counts=True)
    _, key_at, key_count = np.unique(row * size + query, return_index=True, return_counts=True)
    return np.unique(np.r_[row[lib_at[lib_count > 1]], row[key_at[key_count > 1]]])


def _take_once(products: list[float], libs: list[int], queries: list[int]) -> float:
    """Sum of products taken in order, each peak of either side at most once."""
    used_lib: set[int] = set()
    used_query: set[int] = set()
    total = 0.0
    for product, j, i in zip(products, libs, queries, strict=True):
        if j not in used_lib and i not in used_query:
            total += product
            used_lib.add(j)
            used_query.add(i)
    return total
