"""Constants and the heavy-tailed loss of the accurate-mass mixture engine. Imports numpy and `spectra` only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Model:
    """Constants of `data/mixtures_accurate.toml`, sections model and search; intensities per energy sum to 1000."""

    gap_da: float
    gap_ppm: float
    match_da: float
    match_ppm: float
    snap_da: float
    intact_da: float
    intact_ppm: float
    least_library: float
    least_absent: float
    above_precursor: float
    floor: float
    scatter: float
    freedom: float
    mass_power: float
    mass_scale: float
    precursor_weight: float
    precursor_penalty: float
    precursor_slope: float
    warp_penalty: float
    warp_reach: float
    precursor_level: float
    shortlist: int
    least_candidate: float
    precursor_bonus: float
    warps_kept: int
    beam: int
    tried: int

    def width(self, mz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Widest gap (Da) between neighbouring peaks of the sample that are one ion, per m/z."""
        return np.maximum(self.gap_da, self.gap_ppm * 1e-6 * mz)

    def reach(self, mz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Widest distance (Da) between a reference peak and an ion of the sample, per m/z."""
        return np.maximum(self.match_da, self.match_ppm * 1e-6 * mz)

    def intact(self, mz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Widest distance (Da) between a stated precursor and an ion of the sample, per m/z."""
        return np.maximum(self.intact_da, self.intact_ppm * 1e-6 * mz)


@lru_cache(maxsize=1)
def default_model() -> Model:
    """The constants as reviewed in the data file."""
    data = load("mixtures_accurate")
    return Model(**data["model"], **data["search"])
