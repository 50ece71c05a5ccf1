"""Peaks made comparable: unit-mass binning and merging, one spectrum or many at once.

Why: every similarity assumes one peak per position; the rules stand here once. Imports numpy and
`spectra.types` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.types import FloatArray, MassSpectrum, SpectrumError

NOMINAL_BOUNDARY = 0.649
"""m/z x.649 starts the next unit mass: 146.64 → 146, 146.66 → 147. Hydrogen-rich organic ions lie up to
about +0.5 above their nominal mass at m/z 500, negative mass defects rarely exceed −0.3."""
BASE = 999.0
"""Intensity of the strongest peak after scaling, as in EI libraries."""
MERGE_DA = 0.05
"""Accurate spectra keep no two peaks closer than this (Da)."""
MAX_TOLERANCE_DA = 0.0245
"""Widest peak tolerance (Da) for which one-to-one matching stays exact: below half of MERGE_DA."""
DEFAULT_TOLERANCE_DA = 0.01
"""Peak tolerance (Da) for accurate spectra when none is given."""


@dataclass(frozen=True, eq=False)
class Peaks:
    """One prepared spectrum: `mz` (P,) rising, no two in one place, `intensity` (P,) > 0 with base 999."""

    mz: FloatArray
    intensity: FloatArray
    precursor_mz: float = float("nan")

    def without(self, keep: NDArray[np.bool_]) -> Peaks:
        """The peaks where `keep` (P,) is true."""
        return Peaks(self.mz[keep], self.intensity[keep], self.precursor_mz)


def nominal_mass(mz: FloatArray) -> NDArray[np.int64]:
    """Unit mass of each m/z (any shape, Da) with the boundary at .649.

    >>> nominal_mass(np.array([146.64, 146.66, 58.0])).tolist()
    [146, 147, 58]
    """
    return np.floor(np.asarray(mz, dtype=np.float64) + (1.0 - NOMINAL_BOUNDARY)).astype(np.int64)


def merge_close(mz: FloatArray, intensity: FloatArray, spacing: float = MERGE_DA) -> tuple[FloatArray, FloatArray]:
    """Absorb, strongest first, every peak within `spacing` (Da) of a stronger one; the apex m/z is kept.

    `mz` (P,) rising, `intensity` (P,). Intensities add up.

    >>> merge_close(np.array([100.0, 100.01, 101.0]), np.array([1.0, 5.0, 2.0]))
    (array([100.01, 101.  ]), array([6., 2.]))
    """
    if mz.size < 2 or (np.diff(mz) > spacing).all():
        return mz, intensity
    owner = np.full(mz.size, -1, dtype=np.int64)
    for apex in np.lexsort((mz, -intensity)):
        if owner[apex] < 0:
            low = int(np.searchsorted(mz, mz[apex] - spacing, side="left"))
            high = int(np.searchsorted(mz, mz[apex] + spacing, side="right"))
            near = np.arange(low, high)
            owner[near[owner[near] < 0]] = apex
    apexes = np.unique(owner)
    total: FloatArray = np.bincount(owner, weights=intensity, minlength=mz.size).astype(np.float64)
    return mz[apexes], total[apexes]


def prepare(spectrum: MassSpectrum, accurate: bool) -> Peaks:
    """A spectrum ready for comparison: binned to unit mass or merged, empty peaks dropped, base 999.

    Raises SpectrumError when no peak has an intensity above zero.
    """
    offsets = np.array([0, spectrum.mz.size], dtype=np.int64)
    mz, intensity, _ = prepare_many(spectrum.mz, spectrum.intensity, offsets, accurate)
    if mz.size == 0:
        raise SpectrumError("the spectrum has no peak with an intensity above zero")
    known = np.nan if spectrum.precursor_mz is None else float(spectrum.precursor_mz)
    return Peaks(mz, intensity, float(precursor_position(np.array([known]), accurate)[0]))


def precursor_position(precursor: FloatArray, accurate: bool) -> FloatArray:
    """Precursors (N,) in Da as they are, or as unit masses; NaN stays."""
    return precursor if accurate else np.floor(precursor + (1.0 - NOMINAL_BOUNDARY))


def prepare_many(
    mz: FloatArray, intensity: FloatArray, offsets: NDArray[np.int64], accurate: bool
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """`prepare` for N spectra in one array: `mz`, `intensity` (P,), `offsets` (N+1,) → the same three, prepared.

    Peaks may stand in any order inside a spectrum. A spectrum without peaks stays empty.
    """
    n = offsets.size - 1
    row = np.repeat(np.arange(n, dtype=np.int64), np.diff(offsets))
    position = np.asarray(mz, dtype=np.float64) if accurate else nominal_mass(mz).astype(np.float64)
    height = np.asarray(intensity, dtype=np.float64)
    keep = height > 0
    order = np.lexsort((position[keep], row[keep]))
    row, position, height = row[keep][order], position[keep][order], height[keep][order]
    if accurate:
        row, position, height = _merge_rows(row, position, height)
    elif row.size:
        first = np.flatnonzero(np.r_[True, (np.diff(row) != 0) | (np.diff(position) != 0)])
        height = np.add.reduceat(height, first)
        row, position = row[first], position[first]
    counts = np.bincount(row, minlength=n)
    top = np.zeros(n)
    np.maximum.at(top, row, height)
    height = height * (BASE / top[row])
    return position, height, np.r_[0, np.cumsum(counts)].astype(np.int64)


def _merge_rows(
    row: NDArray[np.int64], mz: FloatArray, intensity: FloatArray
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Merge close peaks inside each row; only rows that have some are visited one by one."""
    close = np.flatnonzero((np.diff(row) == 0) & (np.diff(mz) <= MERGE_DA))
    crowded = np.unique(row[close])
    if crowded.size == 0:
        return row, mz, intensity
    spared = ~np.isin(row, crowded)
    rows, mzs, heights = [row[spared]], [mz[spared]], [intensity[spared]]
    starts, ends = np.searchsorted(row, crowded, side="left"), np.searchsorted(row, crowded, side="right")
    for r, start, end in zip(crowded, starts, ends, strict=True):
        m, h = merge_close(mz[start:end], intensity[start:end])
        rows.append(np.full(m.size, r, dtype=np.int64))
        mzs.append(m)
        heights.append(h)
    row, mz, intensity = np.concatenate(rows), np.concatenate(mzs), np.concatenate(heights)
    order = np.lexsort((mz, row))
    return row[order], mz[order], intensity[order]
