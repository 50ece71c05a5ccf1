"""Compounds of an accurate-mass library in the order in which they explain one MS/MS reading.

Why: contributors use other energies and other instruments; heavy fragments and the precursor error tell more than the
height of the common small ions. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import decision
from spectra.confidence.ranking import Ranked, gap
from spectra.index.mass_index import MassIndex
from spectra.index.precursor_error import beyond_forgiven, error_ppm
from spectra.peaktable import PeakTable
from spectra.preprocess import BASE, Peaks, prepare
from spectra.similarity import Entropy, WeightedCosine
from spectra.types import FloatArray, MassSpectrum

IntArray = NDArray[np.int64]
RANKING = "msms-1"
FEATURES = ("entropy", "entropy_mass", "cosine_mass")
"""Weighted entropy similarity of I and of m·I, and the cosine with w = m·√I."""
TOLERANCE_DA = 0.007
_LEAST, _ABOVE = 0.002, 1.5


def rank(
    library: MassIndex, query: MassSpectrum, weights: Mapping[str, float], without: IntArray | None = None
) -> Ranked:
    """Compounds by Σ weight · figure of their best entry − weights["ppm"] · max(0, |error of the precursor| − 2 ppm).

    Peaks below 0.2 % of base and above the precursor + 1.5 Da are left out on both sides; peaks match within 7 mDa.
    Only entries within `decisions.toml`'s window around the precursor are compared; where there is none, or the
    reading has no precursor, the best 200 of an open search are. Raises SpectrumError on an empty reading.
    """
    peaks = prepare(query, accurate=True)
    rows, near = _rows(library, peaks, without)
    cleaned = peaks.without(_kept(peaks.mz, peaks.intensity, np.full(peaks.mz.size, peaks.precursor_mz)))
    peaks = cleaned if cleaned.mz.size else peaks
    part = _cleaned(library.table.take(rows))
    values, matched, explained = _features(peaks, part)
    plain = values @ np.array([weights[name] for name in FEATURES])
    keys, kept, error = _by_compound(library, rows, plain, (matched > 0) | near, _error(peaks, part, near))
    scores = plain[kept] - weights["ppm"] * beyond_forgiven(error)
    order = np.lexsort((rows[kept], -scores))
    kept, scores, error = kept[order], scores[order], error[order]
    figures = _figures(values[kept[0]], explained[kept[0]], scores, error, near, peaks) if kept.size else {}
    quality = (figures["entropy"] + figures["entropy_mass"]) / 2 if figures else 0.0
    return Ranked(
        tuple(keys[k] for k in order), rows[kept], scores, values[kept, 0], "entropy", matched[kept], explained[kept],
        figures, quality, peaks.mz.size, "combined_msms",
    )  # fmt: skip


def _rows(library: MassIndex, peaks: Peaks, without: IntArray | None) -> tuple[IntArray, bool]:
    """Entries to compare, rising, and whether their precursor is that of the reading."""
    gone = np.zeros(len(library), dtype=bool)
    if without is not None:
        gone[without] = True
    if np.isfinite(peaks.precursor_mz):
        width = peaks.precursor_mz * decision("mass", "precursor_window_ppm") * 1e-6
        rows = np.flatnonzero((np.abs(library.table.precursor - peaks.precursor_mz) <= width) & ~gone)
        if rows.size:
            return rows, True
    found, _ = library.top(library.rule("entropy", None), peaks, 200 + int(gone.sum()))
    return np.sort(found[~gone[found]][:200]), False


def _kept(mz: FloatArray, intensity: FloatArray, precursor: FloatArray) -> NDArray[np.bool_]:
    known = np.isfinite(precursor)
    return (intensity >= _LEAST * BASE) & (~known | (mz <= np.where(known, precursor, np.inf) + _ABOVE))


def _cleaned(part: PeakTable) -> PeakTable:
    keep = _kept(np.asarray(part.mz), np.asarray(part.intensity), part.precursor[part.row])
    counts = np.bincount(part.row[keep], minlength=part.n)
    offsets = np.r_[0, np.cumsum(counts)].astype(np.int64)
    return PeakTable(part.mz[keep], part.intensity[keep], offsets, part.precursor, True)


def _features(peaks: Peaks, part: PeakTable) -> tuple[FloatArray, IntArray, FloatArray]:
    """Figures (K, 3), matched peaks (K,) and explained share of the reading (K,)."""
    matches = part.match(peaks, TOLERANCE_DA)
    entropy = Entropy(TOLERANCE_DA)
    heavy_query = Peaks(peaks.mz, peaks.intensity * peaks.mz, peaks.precursor_mz)
    heavy = PeakTable(part.mz, np.asarray(part.intensity * part.mz, np.float32), part.offsets, part.precursor, True)
    values = [
        entropy.over(peaks, part, matches),
        entropy.over(heavy_query, heavy, matches),
        WeightedCosine(1.0, 0.5, TOLERANCE_DA).over(peaks, part, matches),
    ]
    explained = part.sums(matches.row, peaks.intensity[matches.query]) / peaks.intensity.sum()
    return np.array(values).T.reshape(part.n, 3), np.bincount(matches.row, minlength=part.n), explained


def _error(peaks: Peaks, part: PeakTable, near: bool) -> FloatArray:
    """Error of every entry's precursor in ppm, (K,); 0 where precursors are not compared."""
    if not near:
        return np.zeros(part.n)
    return np.abs(error_ppm(part.precursor, peaks.precursor_mz))


def _by_compound(
    library: MassIndex, rows: IntArray, plain: FloatArray, eligible: NDArray[np.bool_], error: FloatArray
) -> tuple[list[str], IntArray, FloatArray]:
    """Per compound its key, its best entry (position in `rows`) and its smallest precursor error.

    A compound of the right precursor stays in the ranking without a common peak: last, but not ruled out.
    """
    best: dict[str, int] = {}
    least: dict[str, float] = {}
    for k in np.lexsort((rows, -plain)):
        if eligible[k]:
            compound = library.compounds[int(rows[k])]
            best.setdefault(compound, int(k))
            least[compound] = min(least.get(compound, np.inf), float(error[k]))
    return list(best), np.array(list(best.values()), dtype=np.int64), np.array(list(least.values()))


def _figures(
    values: FloatArray, explained: float, scores: FloatArray, error: FloatArray, near: bool, peaks: Peaks
) -> dict[str, float]:
    return {
        **dict(zip(FEATURES, values.tolist(), strict=True)),
        "explained": float(explained),
        "gap": gap(scores, 0.5),
        "ppm": float(error[0]),
        "near": float(near),
        "log_peaks": float(np.log(max(peaks.mz.size, 1))),
    }
