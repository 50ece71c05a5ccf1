"""One mass spectrum against one reference, peak by peak: what matches, what is missing, what is left over, and why.

Arrays and words only: no registry, no database. The plot shows the rows; the answer keeps the sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectra import MassSpectrum
from spectra.preprocess import nominal_mass
from spectra.types import FloatArray

BOTH, QUERY, REFERENCE = "both", "query", "reference"
ACCURATE_DA = 0.01
LEAST_PERCENT = 1.0
MOST_ROWS = 40
STRONG_PERCENT = 10.0
UNEXPLAINED = 0.10


@dataclass(frozen=True, slots=True)
class PeakPair:
    """One m/z in both spectra, in percent of each one's base peak; `weight` is the mean of both."""

    mz: float
    query: float
    reference: float

    @property
    def where(self) -> str:
        """In both, only in the reading, or only in the reference."""
        if self.query > 0 and self.reference > 0:
            return BOTH
        return QUERY if self.query > 0 else REFERENCE

    @property
    def difference(self) -> float:
        """Reading less reference, in percent points."""
        return self.query - self.reference

    @property
    def weight(self) -> float:
        """How much it matters."""
        return (self.query + self.reference) / 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """Peaks of both spectra, weightiest first, with what speaks for the reference and what against it."""

    pairs: tuple[PeakPair, ...]
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]
    n_left_out: int = 0


def compare(query: MassSpectrum, reference: MassSpectrum, *, accurate: bool) -> Comparison:
    """Peaks of at least 1 % in either, matched by whole m/z, or within 0.01 Da for accurate masses.

    The sentences look at the stretch both spectra cover: a reading that begins at m/z 50 says nothing of what lies
    below, and that is said.
    """
    pairs = _pairs(query, reference, accurate)
    low, high = max(_first(query), _first(reference)), max(_last(query), _last(reference))
    inside = [p for p in pairs if low - 0.5 <= p.mz <= high + 0.5]
    ranked = sorted((p for p in pairs if max(p.query, p.reference) >= LEAST_PERCENT), key=lambda p: (-p.weight, p.mz))
    return Comparison(
        tuple(ranked[:MOST_ROWS]),
        tuple(_for(inside, accurate)),
        tuple(_against(inside, query, reference, accurate)),
        max(len(ranked) - MOST_ROWS, 0),
    )


def _first(spectrum: MassSpectrum) -> float:
    return float(spectrum.mz[spectrum.intensity > 0][0])


def _last(spectrum: MassSpectrum) -> float:
    return float(spectrum.mz[spectrum.intensity > 0][-1])


def _pairs(query: MassSpectrum, reference: MassSpectrum, accurate: bool) -> list[PeakPair]:
    left, right = _percent(query, accurate), _percent(reference, accurate)
    if not accurate:
        keys = sorted({*left, *right})
        return [PeakPair(k, left.get(k, 0.0), right.get(k, 0.0)) for k in keys]
    out, taken = [], set()
    masses = np.array(sorted(right))
    for mz in sorted(left, key=lambda m: -left[m]):
        near = int(np.argmin(np.abs(masses - mz))) if masses.size else -1
        if near >= 0 and abs(masses[near] - mz) <= ACCURATE_DA and near not in taken:
            taken.add(near)
            out.append(PeakPair(mz, left[mz], right[float(masses[near])]))
        else:
            out.append(PeakPair(mz, left[mz], 0.0))
    out += [PeakPair(float(m), 0.0, right[float(m)]) for k, m in enumerate(masses) if k not in taken]
    return sorted(out, key=lambda p: p.mz)


def _percent(spectrum: MassSpectrum, accurate: bool) -> dict[float, float]:
    mz, height = _binned(spectrum) if not accurate else (spectrum.mz, spectrum.intensity)
    top = float(height.max()) if height.size and height.max() > 0 else 1.0
    return {float(m): 100 * float(h) / top for m, h in zip(mz, height, strict=True) if h > 0}


def _binned(spectrum: MassSpectrum) -> tuple[FloatArray, FloatArray]:
    keys = nominal_mass(spectrum.mz)
    masses, place = np.unique(keys, return_inverse=True)
    sums: FloatArray = np.bincount(place, weights=spectrum.intensity).astype(np.float64)
    return masses.astype(np.float64), sums


def _for(pairs: list[PeakPair], accurate: bool) -> list[str]:
    strongest = sorted((p for p in pairs if p.reference > 0), key=lambda p: -p.reference)[:10]
    if not strongest:
        return []
    there = [p for p in strongest if p.query > 0]
    out = [f"{len(there)} of the {len(strongest)} strongest peaks of the reference are in the reading."]
    base = strongest[0]
    if base.query >= 50:
        out.append(f"Its base peak, m/z {shown(base.mz, accurate)}, is at {base.query:.0f} % in the reading.")
    explained = _share(pairs)
    out.append(f"Peaks of the reference hold {explained:.0%} of the signal of the reading.")
    return out


def _share(pairs: list[PeakPair]) -> float:
    total = sum(p.query for p in pairs)
    return sum(p.query for p in pairs if p.reference > 0) / total if total > 0 else 0.0


def _against(pairs: list[PeakPair], query: MassSpectrum, reference: MassSpectrum, accurate: bool) -> list[str]:
    out = []
    strongest = sorted((p for p in pairs if p.reference > 0), key=lambda p: -p.reference)
    if strongest and strongest[0].query < 50:
        base = strongest[0]
        seen = f"only {base.query:.0f} %" if base.query > 0 else "absent"
        out.append(f"The base peak of the reference, m/z {shown(base.mz, accurate)}, is {seen} in the reading.")
    missing = [p for p in strongest[1:] if p.reference >= STRONG_PERCENT and p.query == 0]
    if missing:
        out.append(f"Missing in the reading: {_listed(missing, 'reference', accurate)}.")
    left = sorted((p for p in pairs if p.reference == 0 and p.query >= STRONG_PERCENT), key=lambda p: -p.query)
    if left:
        out.append(f"Not in the reference: {_listed(left, 'query', accurate)}.")
    if (rest := 1 - _share(pairs)) >= UNEXPLAINED:
        out.append(f"{rest:.0%} of the signal is at masses the reference does not have.")
    if word := _narrower(query, reference, accurate):
        out.append(word)
    return out


def _listed(pairs: list[PeakPair], which: str, accurate: bool) -> str:
    parts = [f"m/z {shown(p.mz, accurate)} ({getattr(p, which):.0f} %)" for p in pairs[:5]]
    return ", ".join(parts) + (f" and {len(pairs) - 5} more" if len(pairs) > 5 else "")


def _narrower(query: MassSpectrum, reference: MassSpectrum, accurate: bool) -> str:
    """What of the reference lies below the first peak of the reading, where nothing was compared."""
    first = _first(query)
    below = reference.mz < first - 0.5
    share = float(reference.intensity[below].sum() / max(float(reference.intensity.sum()), 1e-300))
    if share < 0.02:
        return ""
    return (
        f"The reading begins at m/z {shown(first, accurate)}: {share:.0%} of the reference lies below that and was not "
        "compared."
    )


def shown(mz: float, accurate: bool) -> str:
    """m/z as it is written."""
    return f"{mz:.4f}" if accurate else f"{mz:.0f}"
