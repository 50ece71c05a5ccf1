"""Peaks made comparable: unit-mass binning and merging, one spectrum or many at once.

Why: every similarity assumes one peak per position; the rules stand here once. Imports numpy and
`spectra.types` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

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
MOST_PEAKS = 50_000
"""More points than this are no peak list."""
LARGEST_MZ = 1e6
"""No instrument of a drug-checking laboratory measures beyond this m/z (Da)."""
_PIECE = 1 << 15
"""Peaks prepared at a time: their columns stay in the second cache."""
LEAST_SHARE = 1e-9
"""Peaks below this share of the base peak are beyond any detector's range and are dropped like zeros."""
PROFILE_POINTS, _PROFILE_STEP_DA = 5_000, 0.02
MICRO = 1e6
"""Accurate masses are compared as whole micro-Da, so that every search agrees at the edge of a tolerance."""
MAX_ACCURATE_MZ = float(np.iinfo(np.uint32).max) / MICRO
"""Largest accurate m/z (Da) a library keeps: 4294.967295, in 32 bits of micro-Da."""


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


def micro(mz: FloatArray | float) -> NDArray[np.int64]:
    """m/z (any shape, Da) as whole micro-Da.

    >>> micro(np.array([58.0651, 91.0542])).tolist()
    [58065100, 91054200]
    """
    return np.rint(np.asarray(mz, dtype=np.float64) * MICRO).astype(np.int64)


def on_micro_grid(mz: FloatArray) -> FloatArray:
    """m/z (any shape, Da) rounded to whole micro-Da; NaN stays."""
    return np.asarray(np.rint(np.asarray(mz, dtype=np.float64) * MICRO) / MICRO)


def merge_close(mz: FloatArray, intensity: FloatArray, spacing: float = MERGE_DA) -> tuple[FloatArray, FloatArray]:
    """Absorb, strongest first, every peak within `spacing` (Da) of a stronger one; the apex m/z is kept.

    `mz` (P,) rising, `intensity` (P,). Intensities add up.

    >>> merge_close(np.array([100.0, 100.01, 101.0]), np.array([1.0, 5.0, 2.0]))
    (array([100.01, 101.  ]), array([6., 2.]))
    """
    _, kept, total = _merge_rows(np.zeros(mz.size, dtype=np.int64), mz, intensity, spacing)
    return kept, total


def looks_like_profile(mz: FloatArray) -> bool:
    """Whether `mz` (P,) rising are points of a profile and not peaks: half of 5,000 or more lie within 0.02 Da.

    >>> looks_like_profile(np.arange(50.0, 150.0, 0.01)), looks_like_profile(np.arange(50.0, 150.0, 0.5))
    (True, False)
    """
    return mz.size >= PROFILE_POINTS and float(np.median(np.diff(mz))) < _PROFILE_STEP_DA


def centroid(spectrum: MassSpectrum) -> MassSpectrum:
    """Peaks of a profile: every local maximum, at the summit of its three highest points, with its area.

    A peak reaches from valley to valley (a plateau counts once, at its first point). Its area is Σ I·Δm with Δm
    half the distance of the neighbours, so that peaks stay comparable where the spacing grows with m/z; Δm is cut at
    0.05 Da, so that a gap where the instrument wrote no zeros adds nothing. The m/z is the summit of the parabola
    through the logarithms of the apex and its neighbours (exact for a Gaussian on even steps). A spectrum that is no
    profile comes back unchanged.

    Misleads: it does not smooth; the noise of a raw profile becomes as many small peaks.

    >>> x = np.arange(50.0, 150.0, 0.01)
    >>> y = np.exp(-(((x - 91.054) / 0.02) ** 2)) + 0.5 * np.exp(-(((x - 119.086) / 0.02) ** 2))
    >>> peaks = centroid(MassSpectrum(x, np.where(y > 1e-6, y, 0.0), ionisation="ESI"))
    >>> peaks.mz.round(3).tolist(), (peaks.intensity / peaks.intensity.max()).round(3).tolist()
    ([91.054, 119.086], [1.0, 0.5])
    """
    mz, height = spectrum.mz, spectrum.intensity
    if not (looks_like_profile(mz) or mz.size > MOST_PEAKS):
        return spectrum
    left, right = np.r_[-1.0, height[:-1]], np.r_[height[1:], -1.0]
    apex = np.flatnonzero((height > left) & (height >= right) & (height > 0))
    valley = np.flatnonzero((height <= left) & (height < right) | (height == 0))
    if apex.size == 0:
        return spectrum
    step = np.minimum(np.gradient(mz), MERGE_DA)
    sums = np.r_[0.0, np.cumsum(height / height.max() * step)]
    starts, ends = np.searchsorted(valley, apex, side="right") - 1, np.searchsorted(valley, apex, side="left")
    edges = np.r_[valley, mz.size]
    low, high = np.where(starts >= 0, edges[starts], 0), edges[ends]
    area = sums[high] - sums[low]
    centre = _summits(mz, height, apex)
    keep = area > 0
    return replace(spectrum, mz=centre[keep], intensity=area[keep])


def _summits(mz: FloatArray, height: FloatArray, apex: NDArray[np.int64]) -> FloatArray:
    """m/z (A,) of the summit at each apex; less than half a step from it."""
    last = mz.size - 1
    before, after = np.maximum(apex - 1, 0), np.minimum(apex + 1, last)
    left = np.log(np.maximum(height[before] / height[apex], 1e-6))
    right = np.log(np.maximum(height[after] / height[apex], 1e-6))
    bend = left + right
    shift = np.divide(0.5 * (left - right), bend, out=np.zeros(apex.size), where=bend < 0)
    step = np.minimum(np.where(shift < 0, mz[apex] - mz[before], mz[after] - mz[apex]), MERGE_DA)
    return np.asarray(mz[apex] + shift * step)


def refuse_what_is_no_peak_list(spectrum: MassSpectrum) -> None:
    """Raises SpectrumError on a profile, on too many peaks, and on an m/z no instrument measures."""
    if spectrum.mz.size > MOST_PEAKS or looks_like_profile(spectrum.mz):
        raise SpectrumError(
            f"this spectrum has {spectrum.mz.size:,} points and looks like a profile, not like peaks: centroid it "
            "first, in the instrument's software or with spectra.centroid(spectrum)"
        )
    if spectrum.mz[-1] > LARGEST_MZ:
        raise SpectrumError(
            f"m/z {spectrum.mz[-1]:.4g} is beyond any mass spectrum ({LARGEST_MZ:,.0f}): check the file"
        )


def possible_tolerance(tolerance: float | None) -> float:
    """`tolerance` in Da, 0.01 when None. Raises SpectrumError unless it is above 0 and at most 0.0245."""
    width = DEFAULT_TOLERANCE_DA if tolerance is None else tolerance
    if not 0 < width <= MAX_TOLERANCE_DA:
        raise SpectrumError(
            f"a peak tolerance of {width} Da is not possible: it must be above 0 and at most {MAX_TOLERANCE_DA} Da, "
            "because peaks closer than 0.05 Da were merged at import"
        )
    return width


def within_range(spectra: Sequence[MassSpectrum]) -> list[MassSpectrum]:
    """The spectra as they are, or all divided by the strongest peak where sums could leave the range of float64."""
    top = max((float(s.intensity.max()) for s in spectra), default=0.0)
    if top == 0.0 or 1e-100 < top < 1e100:
        return list(spectra)
    return [replace(s, intensity=s.intensity / top) for s in spectra]


def prepare(spectrum: MassSpectrum, accurate: bool) -> Peaks:
    """A spectrum ready for comparison: binned to unit mass or merged, empty peaks dropped, base 999.

    Raises SpectrumError when no peak has an intensity above zero, on a profile, and on an impossible m/z.
    """
    refuse_what_is_no_peak_list(spectrum)
    mz, intensity, _ = _prepared(spectrum.mz, spectrum.intensity, np.array([spectrum.mz.size]), accurate)
    if mz.size == 0:
        raise SpectrumError("the spectrum has no peak with an intensity above zero")
    known = np.array(np.nan if spectrum.precursor_mz is None else spectrum.precursor_mz, dtype=np.float64)
    return Peaks(mz, intensity, float(precursor_position(known, accurate)))


def precursor_position(precursor: FloatArray, accurate: bool) -> FloatArray:
    """Precursors (any shape) in Da as whole micro-Da, or as unit masses; NaN stays."""
    return on_micro_grid(precursor) if accurate else np.floor(precursor + (1.0 - NOMINAL_BOUNDARY))


def prepare_many(
    mz: FloatArray, intensity: FloatArray, offsets: NDArray[np.int64], accurate: bool
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """`prepare` for N spectra in one array: `mz`, `intensity` (P,), `offsets` (N+1,) → the same three, prepared.

    Peaks may stand in any order inside a spectrum. A spectrum without peaks stays empty; peaks below 1e-9 of the
    base peak are dropped.
    """
    steps = np.arange(_PIECE, int(offsets[-1]), _PIECE)
    edges = np.unique(np.r_[0, np.searchsorted(offsets, steps), offsets.size - 1]).tolist()
    parts = []
    for first, last in pairwise(edges):
        start, end = int(offsets[first]), int(offsets[last])
        counts = np.diff(offsets[first : last + 1])
        parts.append(_prepared(mz[start:end], np.asarray(intensity[start:end], dtype=np.float64), counts, accurate))
    if not parts:
        return np.zeros(0), np.zeros(0), np.zeros(1, dtype=np.int64)
    position, height, counts = map(np.concatenate, zip(*parts, strict=True))
    return position, height, np.r_[0, np.cumsum(counts)].astype(np.int64)


def _prepared(
    mz: FloatArray, height: FloatArray, counts: NDArray[np.int64], accurate: bool
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Positions and heights (P,) of some spectra of `counts` (N,) peaks each, and how many peaks each has then."""
    position = on_micro_grid(mz) if accurate else np.floor(mz + (1.0 - NOMINAL_BOUNDARY))
    # Shares of each spectrum's strongest peak first: sums of any unit then stay within float64.
    top = _strongest(height, counts)
    height = np.divide(height, top, out=np.zeros_like(height), where=top > 0)
    if not height.min(initial=1.0) > LEAST_SHARE:
        keep = height > LEAST_SHARE
        row = np.repeat(np.arange(counts.size), counts)[keep]
        position, height, counts = position[keep], height[keep], np.bincount(row, minlength=counts.size)
    step = _steps(position, counts)
    # Most spectra come sorted, and sorting millions of peaks takes longer than everything else here.
    if step.min(initial=1.0) < 0:
        order = np.lexsort((position, np.repeat(np.arange(counts.size), counts)))
        position, height = position[order], height[order]
        step = _steps(position, counts)
    if step.min(initial=1.0) <= (MERGE_DA if accurate else 0.0):
        row = np.repeat(np.arange(counts.size), counts)
        if accurate:
            row, position, height = _merge_rows(row, position, height)
        else:
            first = np.flatnonzero(np.r_[True, step > 0])
            row, position, height = row[first], position[first], np.add.reduceat(height, first)
        counts = np.bincount(row, minlength=counts.size)
    return position, height * (BASE / _strongest(height, counts)), counts


def _steps(position: FloatArray, counts: NDArray[np.int64]) -> FloatArray:
    """Distance of each peak from the one before, (P − 1,); infinite where another spectrum begins."""
    step: FloatArray = position[1:] - position[:-1]
    if counts.size == 1:
        return step
    starts = np.cumsum(counts)[:-1]
    step[starts[(starts > 0) & (starts < position.size)] - 1] = np.inf
    return step


def _strongest(height: FloatArray, counts: NDArray[np.int64]) -> FloatArray:
    """The strongest peak of its spectrum for every peak, (P,), or for all where there is one spectrum."""
    if counts.size == 1 and height.size:
        return np.asarray(np.maximum.reduce(height))
    filled = counts[counts > 0]
    if filled.size == 0:
        return height
    return np.asarray(np.repeat(np.maximum.reduceat(height, np.cumsum(filled) - filled), filled))


def _merge_rows(
    row: NDArray[np.int64], mz: FloatArray, intensity: FloatArray, spacing: float = MERGE_DA
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """`merge_close` inside each row, for all rows at once; `row` (P,) rising, `mz` rising in each row.

    Chains of close peaks do not touch each other: in every round the strongest peak of each chain takes its
    neighbours, until no chain is left.
    """
    alone = _chain_starts(row, mz, spacing)
    crowded = ~(alone & np.r_[alone[1:], True])
    if not crowded.any():
        return row, mz, intensity
    total, apex = np.array(intensity, dtype=np.float64), ~crowded
    left = np.flatnonzero(crowded)
    while left.size:
        first = np.flatnonzero(_chain_starts(row[left], mz[left], spacing))
        chain = np.repeat(np.arange(first.size), np.diff(np.r_[first, left.size]))
        strong = np.flatnonzero(intensity[left] == np.maximum.reduceat(intensity[left], first)[chain])
        # Of equally strong peaks the one of lower m/z: the first in its chain.
        top = left[strong[np.unique(chain[strong], return_index=True)[1]]]
        centre = mz[top][chain]
        taken = (mz[left] >= centre - spacing) & (mz[left] <= centre + spacing)
        total[top] = np.bincount(chain[taken], weights=intensity[left[taken]], minlength=first.size)
        apex[top] = True
        left = left[~taken]
    return row[apex], mz[apex], total[apex]


def _chain_starts(row: NDArray[np.int64], mz: FloatArray, spacing: float) -> NDArray[np.bool_]:
    """Where a peak lies further than `spacing` from the one before, or is the first of its row."""
    return np.asarray(np.r_[True, (np.diff(row) != 0) | (np.diff(mz) > spacing)])
