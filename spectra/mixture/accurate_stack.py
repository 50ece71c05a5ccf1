"""One sample at several energies as one table of ions: peaks of all energies clustered. Imports numpy and `spectra` only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.mixture.accurate_model import Model
from spectra.types import FloatArray, MassSpectrum, SpectrumError

TOTAL = 1000.0
MOST_PEAKS = 1000
"""Peaks of one energy that are looked at, the strongest: more are noise, and the fit takes memory for each."""


@dataclass(frozen=True, eq=False)
class Stack:
    """`mz` (B,) rising, Da; `y` (E, B) intensities, each energy sums to 1000."""

    mz: FloatArray
    y: FloatArray

    def nearest(self, mz: FloatArray, width: FloatArray) -> NDArray[np.int64]:
        """Ion of each m/z (any length) within `width` (Da), −1 where there is none."""
        return nearest(self.mz, mz, width)


def nearest(axis: FloatArray, mz: FloatArray, width: FloatArray) -> NDArray[np.int64]:
    """Index of the closest value of `axis` (rising) within `width`, −1 where none is."""
    if axis.size == 0:
        return np.full(mz.shape, -1, dtype=np.int64)
    right = np.clip(np.searchsorted(axis, mz), 0, axis.size - 1)
    left = np.maximum(right - 1, 0)
    best = np.where(np.abs(axis[left] - mz) <= np.abs(axis[right] - mz), left, right)
    return np.where(np.abs(axis[best] - mz) <= width, best, -1)


def clusters(mz: FloatArray, weight: FloatArray, model: Model) -> tuple[NDArray[np.int64], FloatArray]:
    """Cluster of every m/z (P,) and the weighted mean m/z of each cluster, rising; gaps wider than `width` part."""
    order = np.argsort(mz, kind="stable")
    rising = mz[order]
    label = np.zeros(mz.size, dtype=np.int64)
    label[order] = np.cumsum(np.r_[False, np.diff(rising) > model.width(rising[1:])]) if mz.size else 0
    size = np.bincount(label, weights=weight)
    return label, np.bincount(label, weights=weight * mz) / np.where(size > 0, size, 1.0)


def stack(queries: Sequence[MassSpectrum], model: Model) -> Stack:
    """Cluster the peaks of all energies. Raises SpectrumError when an energy has no peak above zero."""
    mz, height, energy = [], [], []
    for e, query in enumerate(queries):
        order = np.argsort(-query.intensity, kind="stable")[:MOST_PEAKS]
        keep = np.sort(order[query.intensity[order] > 0])
        if not keep.size:
            raise SpectrumError(f"spectrum {e + 1} of {len(queries)} has no peak with an intensity above zero")
        part = query.intensity[keep] / query.intensity[keep].max()
        mz.append(query.mz[keep])
        height.append(part * (TOTAL / part.sum()))
        energy.append(np.full(keep.size, e))
    m, h, e_of = np.concatenate(mz), np.concatenate(height), np.concatenate(energy)
    label, centre = clusters(m, h, model)
    y = np.zeros((len(queries), centre.size))
    np.add.at(y, (e_of, label), h)
    return Stack(centre, y)
