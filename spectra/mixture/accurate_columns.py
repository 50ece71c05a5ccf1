"""What each candidate would show: its library spectra on the sample's ions, at warped energies. Imports numpy and `spectra` only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from spectra.mixture.accurate_candidates import Shortlist
from spectra.mixture.accurate_model import Float32, Model
from spectra.mixture.accurate_series import SeriesTable
from spectra.mixture.accurate_stack import TOTAL, Stack, clusters
from spectra.peaktable import PeakTable
from spectra.types import FloatArray

MOST_WARPS = 40


@dataclass(frozen=True, eq=False)
class Columns:
    """J columns over R rows (E energies × B ions, flattened).

    `y` (R,), `weight` (R,), `expected` (J, R) each energy sums to 1000, `candidate` (J,) place in the shortlist,
    `penalty` (J,), `mz` (B,).
    """

    mz: FloatArray
    y: Float32
    weight: Float32
    expected: Float32
    candidate: NDArray[np.int64]
    penalty: Float32

    def only(self, keep: NDArray[np.int64]) -> Columns:
        """These columns, in this order."""
        return Columns(self.mz, self.y, self.weight, self.expected[keep], self.candidate[keep], self.penalty[keep])

    def on(self, rows: NDArray[np.int64]) -> Columns:
        """The columns on these rows only."""
        return replace(
            self, y=self.y[rows], weight=self.weight[rows], expected=np.ascontiguousarray(self.expected[:, rows])
        )


def columns(sample: Stack, table: PeakTable, series: SeriesTable, short: Shortlist, model: Model) -> Columns:
    """Every candidate at every allowed warp of its energies."""
    peaks = [_spectra(table, series, int(s), model) for s in short.series]
    mz, place = _axis(sample, peaks, series.precursor[short.series], model)
    energies, ions = sample.y.shape[0], mz.size
    y = np.zeros((energies, ions))
    y[:, : sample.mz.size] = sample.y
    blocks, owner, penalty = [], [], []
    for k, s in enumerate(short.series):
        level_of, _, height = peaks[k]
        levels = series.part(int(s))[1]
        if model.precursor_level and np.isfinite(series.precursor[s]):
            levels = np.r_[levels[0] - 1.0, levels]
        grid = np.zeros((levels.size, ions))
        keep = place[k] >= 0
        np.add.at(grid, (level_of[keep], place[k][keep]), height[keep])
        warps, cost = warp_table(tuple(levels.tolist()), energies, series.levelled, model)
        blocks.append(np.einsum("wel,lb->web", warps, grid).reshape(warps.shape[0], -1))
        owner.append(np.full(warps.shape[0], k))
        expected = _precursor_share(peaks[k], series.precursor[s], model)
        missing = model.precursor_penalty + model.precursor_slope * expected if short.seen[k] <= 0 else 0.0
        penalty.append(model.warp_penalty * cost + missing)
    weight = _weights(mz, series.precursor[short.series], model)
    return Columns(
        mz,
        y.reshape(-1).astype(np.float32),
        np.tile(weight, energies).astype(np.float32),
        np.concatenate(blocks).astype(np.float32),
        np.concatenate(owner).astype(np.int64),
        np.concatenate(penalty).astype(np.float32),
    )


@lru_cache(maxsize=256)
def warp_table(levels: tuple[float, ...], energies: int, levelled: bool, model: Model) -> tuple[FloatArray, FloatArray]:
    """Interpolation weights (W, E, L) of all monotone warps and their total shift (W,).

    Positions lie on the levels and half way between; with stated levels the shifts from 0, 1, 2… sum to at most
    `warp_reach`, and they cost. One query energy, or unstated levels, may lie anywhere for nothing.
    """
    axis = np.asarray(levels)
    free = energies == 1 or not levelled
    step = 0.5 if levelled or axis.size <= 2 else 1.0
    grid = np.unique(np.r_[np.arange(axis[0], axis[-1] + 0.25, step), axis])
    if energies > 4:
        whole = np.clip(np.arange(energies) + np.arange(-2, 2.25, 0.5)[:, None], axis[0], axis[-1])
        warps = np.unique(whole, axis=0)
    else:
        warps = np.array([w for w in product(grid, repeat=energies) if all(a <= b for a, b in pairwise(w))])
    nominal = np.clip(np.arange(energies), axis[0], axis[-1])
    cost = np.zeros(warps.shape[0]) if free else np.abs(warps - nominal).sum(axis=1)
    keep = np.flatnonzero(cost <= model.warp_reach + 1e-9) if not free else np.arange(warps.shape[0])
    keep = keep[np.argsort(cost[keep], kind="stable")][:MOST_WARPS]
    return _interpolation(axis, warps[keep]), cost[keep]


def _interpolation(axis: FloatArray, warps: FloatArray) -> FloatArray:
    if axis.size == 1:
        return np.ones((*warps.shape, 1))
    right = np.clip(np.searchsorted(axis, warps, side="left"), 1, axis.size - 1)
    part = (warps - axis[right - 1]) / (axis[right] - axis[right - 1])
    part = np.clip(part, 0.0, 1.0)
    out = np.zeros((*warps.shape, axis.size))
    np.put_along_axis(out, right[..., None], part[..., None], axis=-1)
    np.put_along_axis(out, right[..., None] - 1, 1.0 - part[..., None], axis=-1)
    return out


def _spectra(
    table: PeakTable, series: SeriesTable, s: int, model: Model
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Level index, m/z and intensity (each level sums to 1000) of the ions of one series that count."""
    level_of, mz, height = [], [], []
    lowest = 0
    if model.precursor_level and np.isfinite(series.precursor[s]):
        level_of, mz, height = [np.zeros(1, dtype=np.int64)], [series.precursor[s : s + 1]], [np.array([TOTAL])]
        lowest = 1
    for place, entry in enumerate(series.part(s)[0], start=lowest):
        peaks = table.peaks(int(entry))
        masses = _snapped(peaks.mz, peaks.precursor_mz, model)
        keep = peaks.intensity >= model.least_library * peaks.intensity.max(initial=0.0)
        if np.isfinite(peaks.precursor_mz):
            keep &= masses <= peaks.precursor_mz + model.above_precursor
        if not keep.any():
            continue
        level_of.append(np.full(int(keep.sum()), place, dtype=np.int64))
        mz.append(masses[keep])
        height.append(peaks.intensity[keep] * (TOTAL / peaks.intensity[keep].sum()))
    if not mz:
        return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
    return np.concatenate(level_of), np.concatenate(mz), np.concatenate(height)


def _precursor_share(peaks: tuple[NDArray[np.int64], FloatArray, FloatArray], precursor: float, model: Model) -> float:
    """Share (0–1) of the precursor in the spectrum of the lowest energy; 0 without a precursor."""
    level_of, mz, height = peaks
    if not np.isfinite(precursor):
        return 0.0
    first = level_of == (1 if model.precursor_level else 0)
    return float(height[first & (np.abs(mz - precursor) <= model.match_da)].sum() / TOTAL)


def _snapped(mz: FloatArray, precursor: float, model: Model) -> FloatArray:
    """The peak closest to the precursor is put on it: some library spectra stand tens of ppm off."""
    if not np.isfinite(precursor) or mz.size == 0:
        return mz
    k = int(np.argmin(np.abs(mz - precursor)))
    out = mz.copy()
    if abs(mz[k] - precursor) <= model.snap_da:
        out[k] = precursor
    return out


def _axis(
    sample: Stack, peaks: list[tuple[NDArray[np.int64], FloatArray, FloatArray]], precursor: FloatArray, model: Model
) -> tuple[FloatArray, list[NDArray[np.int64]]]:
    """The sample's ions and then those only candidates have, (B,); and each candidate peak's place on it, or −1."""
    place = [sample.nearest(mz, _reach(mz, float(pm), model)) for (_, mz, _), pm in zip(peaks, precursor, strict=True)]
    absent = [(p < 0) & (h >= model.least_absent * _base(lv, h)) for p, (lv, _, h) in zip(place, peaks, strict=True)]
    mz = np.concatenate([m[a] for a, (_, m, _) in zip(absent, peaks, strict=True)])
    label, centre = clusters(mz, np.ones(mz.size), model)
    start = 0
    for p, a in zip(place, absent, strict=True):
        size = int(a.sum())
        p[a] = sample.mz.size + label[start : start + size]
        start += size
    return np.r_[sample.mz, centre], place


def _reach(mz: FloatArray, precursor: float, model: Model) -> FloatArray:
    """How far each reference peak reaches: the intact molecule less far, its mass is known."""
    return np.where(mz == precursor, model.intact(mz), model.reach(mz))


def _base(level_of: NDArray[np.int64], height: FloatArray) -> FloatArray:
    """Base peak of the level each peak belongs to, (P,)."""
    top = np.zeros(int(level_of.max(initial=-1)) + 1)
    np.maximum.at(top, level_of, height)
    return top[level_of]


def _weights(mz: FloatArray, precursor: FloatArray, model: Model) -> FloatArray:
    """(m / mass_scale) ^ mass_power per ion, times `precursor_weight` at candidates' precursors, (B,)."""
    weight = (mz / model.mass_scale) ** model.mass_power
    known = precursor[np.isfinite(precursor)]
    if known.size:
        gap = np.abs(mz[:, None] - known[None, :]).min(axis=1)
        weight = np.where(gap <= model.intact(mz), weight * model.precursor_weight, weight)
    return weight
