"""Which compounds of a library could be in an accurate-mass sample: a cheap first look. Imports numpy and `spectra` only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.mixture.accurate_model import Model
from spectra.mixture.accurate_series import SeriesTable
from spectra.mixture.accurate_stack import Stack
from spectra.peaktable import PeakTable
from spectra.preprocess import MAX_TOLERANCE_DA, Peaks
from spectra.similarity.base import safe_ratio
from spectra.types import FloatArray


@dataclass(frozen=True, eq=False)
class Shortlist:
    """K series, best first: `series` (K,), `value` (K,) mean reverse · explained + bonus, `seen` (K,) share of energies
    with the precursor (NaN where unknown)."""

    series: NDArray[np.int64]
    value: FloatArray
    seen: FloatArray


def shortlist(sample: Stack, table: PeakTable, series: SeriesTable, model: Model) -> Shortlist:
    """Series by mean over energies of rev · expl, + bonus where the precursor is in the sample.

    rev = (Σ√(y m · A m))² / (Σ_{A>0} y m · Σ A m), expl = Σ_{y>0} A / Σ A, per energy with the best entry of the
    series at that level or a neighbouring one.
    """
    fits = _entry_fit(sample, table, model)
    value = _series_value(fits, series)
    seen = precursor_seen(sample, series.precursor, model)
    value = value + model.precursor_bonus * np.where(np.nan_to_num(seen) > 0, 1.0, 0.0)
    order = np.lexsort((np.arange(value.size), -value))[: model.shortlist]
    order = order[value[order] > model.least_candidate]
    return Shortlist(order, value[order], seen[order])


def precursor_seen(sample: Stack, precursor: FloatArray, model: Model) -> FloatArray:
    """Largest share (0–1) of one energy's signal at each precursor (S,); NaN where the precursor is unknown."""
    known = np.isfinite(precursor)
    wanted = np.where(known, precursor, 0.0)
    at = sample.nearest(wanted, model.intact(wanted))
    top = sample.y.max(axis=0) / 1000.0
    return np.where(known, np.where(at >= 0, top[np.maximum(at, 0)], 0.0), np.nan)


def _entry_fit(sample: Stack, table: PeakTable, model: Model) -> FloatArray:
    """rev · expl of every entry with every energy, (E, N)."""
    query = Peaks(sample.mz, np.ones(sample.mz.size))
    width = float(model.reach(sample.mz).max())
    pairs = table.match(query, min(width, MAX_TOLERANCE_DA))
    mass = np.asarray(table.mz, dtype=np.float64)[pairs.lib]
    near = np.abs(mass - sample.mz[pairs.query]) <= model.reach(mass)
    pairs = pairs.only(near)
    height = np.asarray(table.intensity)[pairs.lib].astype(np.float64)
    heavy = height * sample.mz[pairs.query]
    whole = table.sums(table.row, table.weights(0.0, 1.0))
    whole_heavy = table.sums(table.row, table.weights(1.0, 1.0))
    out = np.zeros((sample.y.shape[0], table.n))
    for e, y in enumerate(sample.y):
        y_m = (y * sample.mz)[pairs.query]
        cross = table.sums(pairs.row, np.sqrt(y_m * heavy))
        found = table.sums(pairs.row, np.where(y_m > 0, height, 0.0))
        reverse = safe_ratio(cross**2, table.sums(pairs.row, y_m) * whole_heavy)
        out[e] = reverse * safe_ratio(found, whole)
    return out


def _series_value(fits: FloatArray, series: SeriesTable) -> FloatArray:
    """Mean over energies of the best entry at most one level away (any entry where levels are unknown), (S,)."""
    per_energy = []
    owner = np.repeat(np.arange(series.compound.size), np.diff(series.offsets))
    for e, fit in enumerate(fits):
        near = np.ones(owner.size, dtype=bool)
        if series.levelled and fits.shape[0] > 1:
            near = np.abs(series.levels - e) <= 1
        best = np.zeros(series.compound.size)
        np.maximum.at(best, owner[near], fit[series.entries[near]])
        per_energy.append(best)
    return np.asarray(np.mean(per_energy, axis=0))
