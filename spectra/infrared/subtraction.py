"""Taking a reference out of an infrared curve by hand: the factor that leaves least, and where too much was taken.

Why: a chemist subtracts, looks, searches what is left, and must be able to repeat every step. Imports numpy, scipy and
`spectra.infrared_grid` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spectra.infrared.noise import white_noise
from spectra.infrared_grid import GRID, STEP, feature, grid_of
from spectra.types import FloatArray, SpectrumError

LEAST_COMMON = 100
"""Grid points both curves must have."""
MOST_SHIFT = 10.0
"""cm⁻¹ a reference may be moved by hand; more is another substance, not another instrument."""
_WITHIN = 200.0  # cm⁻¹ to either side from which zero is judged
_OF_THE_BAND = 0.15
"""Of the band that was taken out; flanks of bands of another instrument differ by as much."""
_NOISES = 4.0
_LEAST_WIDE = 5
"""Grid points: a narrower dip is the flank of a band that is a little broader elsewhere."""


@dataclass(frozen=True, slots=True)
class Step:
    """`reference` (1801,) on the grid, NaN where not measured, taken out `factor` times, its bands moved by `shift` cm⁻¹."""

    reference: FloatArray
    factor: float
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Lobe:
    """A stretch (cm⁻¹) where the difference dips below zero at a band of the reference. `depth` is part of that band."""

    low: float
    high: float
    depth: float


@dataclass(frozen=True, slots=True)
class Optimum:
    """The factor and the shift (cm⁻¹) that leave the smoothest rest, and how much of its variation is left (0 to 1)."""

    factor: float
    shift: float
    left: float


def optimum(query: FloatArray, reference: FloatArray, max_shift: float = 6.0, air: bool = True) -> Optimum:
    """The factor k ≥ 0 and the shift |s| ≤ `max_shift` (steps of 1 cm⁻¹) at which the difference is smoothest.

    Curves (1801,) on the grid, NaN where not measured; `air` False for Raman, which the air's CO₂ does not touch. Smoothness is measured by the total variation Σ|q′ − k l′| of the first
    Savitzky–Golay derivatives (the "dewiggle" criterion). Least absolute deviations through the origin have their minimum at
    a weighted median (Edgeworth 1887): of q′/l′, weighted by |l′|, which other substances' bands move less than a
    least-squares factor: against the largest part of 30 development mixtures, parts of .1 and more come out .34 off in
    the median where least squares is .43 off. Misleads where most of the reference's bands lie
    under bands of something else: the factor is then too large. Raises SpectrumError when the curves have fewer than
    100 points in common or the reference is flat there.

    >>> y = np.exp(-((GRID - 1700.0) / 12.0) ** 2)
    >>> found = optimum(0.4 * y + 0.5 * np.exp(-((GRID - 1100.0) / 9.0) ** 2), y)
    >>> round(found.factor, 3), found.shift
    (0.4, 0.0)
    """
    slope = feature(query, "first_derivative", air)
    best: Optimum | None = None
    for shift in np.arange(-np.floor(max_shift), np.floor(max_shift) + 1.0):
        moved = feature(shifted(reference, float(shift)), "first_derivative", air)
        both = np.isfinite(slope) & np.isfinite(moved)
        if both.sum() < LEAST_COMMON:
            continue
        found = _least_variation(slope[both], moved[both], float(shift))
        if found is not None and (best is None or (found.left, abs(found.shift)) < (best.left, abs(best.shift))):
            best = found
    if best is None:
        raise SpectrumError(
            f"this reference cannot be taken out: it has fewer than {LEAST_COMMON} points in common with the reading, or "
            "no band there; the reading is unharmed, choose another reference"
        )
    return best


def _least_variation(q: FloatArray, r: FloatArray, shift: float) -> Optimum | None:
    weight = np.abs(r)
    heavy = weight > 1e-9 * weight.max(initial=0.0)
    if not heavy.any():
        return None
    ratio, weight = q[heavy] / r[heavy], weight[heavy]
    order = np.argsort(ratio, kind="stable")
    passed = np.cumsum(weight[order])
    factor = max(float(ratio[order][np.searchsorted(passed, passed[-1] / 2)]), 0.0)
    whole = float(np.abs(q).sum())
    return Optimum(factor, shift, float(np.abs(q - factor * r).sum()) / whole if whole > 0 else 1.0)


def shifted(curve: FloatArray, shift: float) -> FloatArray:
    """The curve (1801,) with its bands `shift` cm⁻¹ higher: cubic between measured points, NaN beyond them."""
    if not shift:
        return curve
    from scipy.interpolate import CubicSpline

    known = np.isfinite(curve)
    at = GRID - shift
    moved = CubicSpline(GRID[known], curve[known], extrapolate=False)(at)
    below = np.clip(np.floor((at - GRID[0]) / STEP).astype(np.int64), 0, GRID.size - 1)
    above = np.clip(below + 1, 0, GRID.size - 1)
    return np.asarray(np.where(known[below] & known[above], moved, np.nan))


def difference(query: FloatArray, steps: Iterable[Step]) -> FloatArray:
    """The curve (1801,) after these steps in order; NaN where the query or one of the references was not measured.

    The query is not changed, and the same steps give the same curve to the last bit. Raises SpectrumError on a factor or
    shift that is not finite, a negative factor, a shift beyond 10 cm⁻¹, or when fewer than 100 points are left.
    """
    out = np.array(query, dtype=np.float64)
    for number, step in enumerate(steps, start=1):
        if not (np.isfinite(step.factor) and step.factor >= 0):
            raise SpectrumError(f"step {number}: the factor must be a number of 0 or more, not {step.factor:g}")
        if not abs(step.shift) <= MOST_SHIFT:
            raise SpectrumError(f"step {number}: a shift of {step.shift:g} cm⁻¹ is beyond the {MOST_SHIFT:g} allowed")
        out -= step.factor * shifted(step.reference, step.shift)
        if np.isfinite(out).sum() < LEAST_COMMON:
            raise SpectrumError(f"step {number}: the reference leaves fewer than {LEAST_COMMON} points of the reading")
    return out


def lobes(rest: FloatArray, step: Step, raman: bool = False) -> tuple[Lobe, ...]:
    """Where the difference `rest` (1801,) after `step` dips at bands of its reference: too much was taken there.

    A dip counts of 10 cm⁻¹ and more beyond 4 times the noise and .15 of the band that was taken out. Zero there is the lower fifth of the
    difference within 200 cm⁻¹ where the reference has no band, so that neither a slanting baseline nor a valley between
    bands of something else is a dip. Deepest first. `raman`: the curves stand on the grid of Raman.
    """
    taken = step.factor * shifted(step.reference, step.shift)
    both = np.isfinite(rest) & np.isfinite(taken)
    if step.factor <= 0 or not both.any():
        return ()
    band = np.where(both, taken, 0.0) - float(np.median(taken[both]))
    strong = both & (band > 0.1 * band.max(initial=0.0))
    left = np.where(both, rest, 0.0) - _zero(rest, both & ~strong)
    noise = white_noise(np.where(both, rest, 0.0), both)
    dips = strong & (left < -np.maximum(_NOISES * noise, _OF_THE_BAND * band))
    axis = grid_of(raman)
    found = [
        Lobe(float(axis[run[0]]), float(axis[run[-1]]), float(np.max(-left[run] / band[run])))
        for run in _runs(dips)
        if run.size >= _LEAST_WIDE
    ]
    return tuple(sorted(found, key=lambda lobe: -lobe.depth))


def _zero(curve: FloatArray, quiet: NDArray[np.bool_]) -> FloatArray:
    """Running 20th percentile of the curve over ±200 cm⁻¹, of its quiet points only; (1801,)."""
    at = np.flatnonzero(quiet)[::2]
    if at.size < 10:
        return np.zeros(curve.size)
    x, y, knots = GRID[at], curve[at], np.arange(GRID[0], GRID[-1] + 1, 40.0)
    near = np.abs(x[None, :] - knots[:, None]) <= _WITHIN
    enough = near.sum(axis=1) >= 10
    low = [float(np.percentile(y[row], 20)) for row in near[enough]]
    return np.asarray(np.interp(GRID, knots[enough], low)) if low else np.zeros(curve.size)


def _runs(mask: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return [np.arange(a, b) for a, b in list(pairwise(edges.tolist()))[::2]]
