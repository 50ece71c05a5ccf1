"""Accurate masses of a component: the points of the scans around its maximum, for the unit masses that are its own.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

import numpy as np

from spectra.chromatogram.deconvolution import Prepared, Raw
from spectra.preprocess import nominal_mass
from spectra.types import MassRun, MassSpectrum

GAP_DA = 0.005
"""Points of neighbouring scans closer than this are one peak."""


def accurate_spectrum(run: MassRun, ready: Prepared, raw: Raw, unit: MassSpectrum) -> MassSpectrum:
    """The component's spectrum with accurate masses: centroids over the scans at half height and above.

    Each unit mass keeps its intensity from `unit`, shared among its centroids as they were measured; two substances
    with different masses of one nominal mass at the same time are not separated.
    """
    rows = raw.first + np.flatnonzero(raw.shape >= 0.5)
    scans = [run.scans[int(ready.traces.scan[row])] for row in rows]
    first = scans[len(scans) // 2]
    mz = np.concatenate([scan.mz for scan in scans])
    height = np.concatenate([scan.intensity for scan in scans])
    lit = height > 0
    order = np.argsort(mz[lit], kind="stable")
    mz, height = mz[lit][order], height[lit][order]
    group = np.cumsum(np.r_[0, (np.diff(mz) > GAP_DA).astype(np.int64)])
    summed = np.bincount(group, weights=height)
    centre = np.bincount(group, weights=mz * height) / summed
    mass = nominal_mass(centre)
    total = np.bincount(mass, weights=summed)
    wanted = np.zeros(max(int(total.size), int(unit.mz[-1]) + 1))
    wanted[unit.mz.astype(np.int64)] = unit.intensity
    share = summed / total[mass] * wanted[mass]
    keep = share > 0
    if not keep.any():
        return unit
    return MassSpectrum(centre[keep], share[keep], None, first.ionisation, unit.retention_time_s, 1)
