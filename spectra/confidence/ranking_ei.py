"""Compounds of an EI library in the order in which they explain one reading: shortlist, figures, one combined score.

Why: an average of several scores, with a say for the heaviest ions, is right more often than any of them alone. The
weights are a calibration's (`data/calibration`). Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.features_ei import FEATURES, Features, features
from spectra.confidence.limits import decision
from spectra.confidence.ranking import Ranked, gap
from spectra.index.mass_index import MassIndex
from spectra.index.topk import best
from spectra.peaktable import ABOVE_ONE, PeakTable
from spectra.preprocess import Peaks, prepare
from spectra.types import FloatArray, MassSpectrum

IntArray = NDArray[np.int64]
RANKING = "ei-1"
_WEIGHINGS = ((0.5, 0.5), (1.3, 0.53))
_LARGE = 8_000_000


def rank(
    library: MassIndex, query: MassSpectrum, weights: Mapping[str, float], without: IntArray | None = None
) -> Ranked:
    """Compounds of a unit-mass library by Σ weight · figure of their best entry; ties: lower entry first.

    `weights` has one number per name of `FEATURES`. `without`: entries to act as if they were not there.
    Raises SpectrumError on a reading without a peak above zero.
    """
    peaks = prepare(query, accurate=False)
    rows = shortlist(library, peaks, without)
    found = features(peaks, library.table.take(rows))
    scores = found.values @ np.array([weights[name] for name in FEATURES])
    order = np.lexsort((rows, -scores))
    order = order[found.matched[order] > 0]
    keys: dict[str, int] = {}
    for key, k in zip(library.compounds.take(rows[order]), order.tolist(), strict=True):
        keys.setdefault(key, k)
    kept = np.fromiter(keys.values(), dtype=np.int64, count=len(keys))
    match = found.column("composite")[kept] * 1000.0
    count = int((peaks.intensity > ABOVE_ONE).sum())
    figures = _figures(found, scores, kept, count) if kept.size else {}
    quality = (figures["composite"] + figures["entropy_mass"]) / 2 if figures else 0.0
    return Ranked(
        tuple(keys), rows[kept], scores[kept], match, "composite", found.matched[kept], found.explained[kept],
        figures, quality, count, "combined_ei",
    )  # fmt: skip


def _figures(found: Features, scores: FloatArray, kept: IntArray, peaks: int) -> dict[str, float]:
    """The eight figures of the best match, what it explains, its lead, and ln of the number of peaks."""
    best_values = dict(zip(FEATURES, found.values[kept[0]].tolist(), strict=True))
    lead = {"gap": gap(scores[kept], 0.3), "explained": float(found.explained[kept[0]])}
    return {**best_values, **lead, "found": float(found.found[kept[0]]), "log_peaks": float(np.log(max(peaks, 1)))}


def shortlist(library: MassIndex, query: Peaks, without: IntArray | None = None) -> IntArray:
    """Entries worth a second look: the best by the sum of the cosines with w = √(mI) and m^1.3 I^0.53."""
    size = int(decision("mass", "shortlist"))
    if library.table.mz.size > _LARGE:
        return _searched(library, query, size, without)
    total = np.zeros(library.table.n, dtype=np.float32)
    for a, b in _WEIGHINGS:
        total += _cosines(library.table, query, a, b)
    if without is not None:
        total[without] = 0.0
    return np.sort(best(total, size))


def _searched(library: MassIndex, query: Peaks, size: int, without: IntArray | None) -> IntArray:
    """The shortlist from the library's index, for libraries too large to weigh every peak; indices of entries, rising."""
    gone = set() if without is None else set(without.tolist())
    found, _ = library.top(library.rule("weighted_cosine", None), query, 2 * size + len(gone))
    return np.array(sorted([e for e in found.tolist() if e not in gone][: 2 * size]), dtype=np.int64)


def _cosines(table: PeakTable, query: Peaks, a: float, b: float) -> NDArray[np.float32]:
    """Cosine with w = m^a I^b over all ions of both, (N,): good enough to choose, not to rank."""
    unit = table.keep(f"unit {a} {b}", lambda: _units(table, a, b))
    mine = query.mz**a * query.intensity**b
    wanted = np.zeros(int(np.iinfo(np.uint16).max) + 1, dtype=np.float32)
    inside = query.mz < wanted.size
    wanted[query.mz[inside].astype(np.int64)] = (mine / np.sqrt((mine**2).sum()))[inside]
    products = np.take(wanted, np.asarray(table.mz, dtype=np.intp)) * unit
    counts = np.diff(table.offsets)
    filled = np.flatnonzero(counts)
    out = np.zeros(table.n, dtype=np.float32)
    out[filled] = np.add.reduceat(products, table.offsets[:-1][filled]) if filled.size else 0.0
    return out


def _units(table: PeakTable, a: float, b: float) -> NDArray[np.float32]:
    mz, height = np.asarray(table.mz, dtype=np.float64), np.asarray(table.intensity, dtype=np.float64)
    weight = mz**a * height**b
    norm = np.sqrt(np.bincount(table.row, weights=weight**2, minlength=table.n))
    return np.asarray(weight / norm[table.row], dtype=np.float32)
