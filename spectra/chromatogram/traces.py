"""A run of scans as one matrix, scans by unit masses: what every later step works on.

Why a matrix: peak finding is one filter along time for all ions at once. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.preprocess import nominal_mass
from spectra.types import FloatArray, MassRun, SpectrumError

MOST_CELLS = 60_000_000
"""Scans × masses of one matrix: 240 MB. A run above it is no unit-mass GC-MS run."""


@dataclass(frozen=True, eq=False)
class Traces:
    """S scans by M unit masses of one run, in order of time.

    `time` (S,) seconds rising; `mass` (M,) unit masses rising; `height` (S, M) float32 as recorded, 0 where nothing
    was; `scan` (S,) the number of each scan in the run it came from.
    """

    time: FloatArray
    mass: NDArray[np.int64]
    height: NDArray[np.float32]
    scan: NDArray[np.int64]

    @property
    def total(self) -> FloatArray:
        """Total ion current, (S,)."""
        return np.asarray(self.height.sum(axis=1, dtype=np.float64))


def traces_of(run: MassRun) -> Traces:
    """The matrix of a run: scans of level 1 (all, when none says its level), unit masses with the boundary at .649.

    Scans may stand in any order. Accurate masses are binned too: for finding peaks only. Raises SpectrumError on a
    retention time that is not finite and on a matrix above MOST_CELLS.

    >>> from spectra.types import MassSpectrum
    >>> found = traces_of(MassRun([MassSpectrum([58.1, 58.3], [1, 2]), MassSpectrum([91.0], [5])], [2.0, 1.0]))
    >>> found.mass.tolist(), found.height.tolist(), found.time.tolist()
    ([58, 91], [[0.0, 5.0], [3.0, 0.0]], [1.0, 2.0])
    """
    rows = [k for k, scan in enumerate(run.scans) if scan.ms_level in (None, 1)] or list(range(len(run.scans)))
    kept = np.asarray(rows, dtype=np.int64)
    times = run.retention_time[kept]
    if not np.isfinite(times).all():
        raise SpectrumError("a retention time is not a finite number: export the run again with its times")
    kept = kept[np.argsort(times, kind="stable")]
    scans = [run.scans[k] for k in kept]
    if not scans:
        return Traces(np.zeros(0), np.zeros(0, np.int64), np.zeros((0, 0), np.float32), kept)
    row = np.repeat(np.arange(kept.size), [scan.mz.size for scan in scans])
    column = nominal_mass(np.concatenate([scan.mz for scan in scans]))
    weight = np.concatenate([scan.intensity for scan in scans])
    lit = weight > 0
    row, column, weight = row[lit], column[lit], weight[lit]
    mass, place = _columns(column)
    if kept.size * mass.size > MOST_CELLS:
        raise SpectrumError(f"{kept.size:,} scans of {mass.size:,} masses are too many for one run: split the run")
    cells = np.bincount(row * mass.size + place, weights=weight, minlength=kept.size * mass.size)
    height = cells.astype(np.float32).reshape(kept.size, mass.size)
    return Traces(run.retention_time[kept], mass, height, kept)


def _columns(column: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Masses that occur, and the place of each point among them: a table of a few thousand beats a sort."""
    if column.size == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    low = int(column.min())
    if int(column.max()) - low > 100_000:
        raise SpectrumError("masses of this run span more than 100,000 Da: this is not a mass spectrum")
    seen = np.bincount(column - low) > 0
    return np.flatnonzero(seen) + low, (np.cumsum(seen) - 1)[column - low]
