"""Many query spectra, checked and prepared together: what a whole run is asked with.

Why: 3,000 scans prepared one by one cost more than their search. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spectra.acceleration import HELPER
from spectra.peaktable import IntArray
from spectra.preprocess import (
    LARGEST_MZ,
    PROFILE_POINTS,
    Peaks,
    precursor_position,
    prepare_many,
    refuse_what_is_no_peak_list,
)
from spectra.types import FloatArray, MassSpectrum, SpectrumError

_TOGETHER = 1 << 15
"""Below this number of peaks the second thread costs more than it saves."""


@dataclass(frozen=True, eq=False)
class Queries:
    """Q prepared spectra end to end: query q owns peaks `offsets[q]:offsets[q+1]` of `mz` and `intensity` (P,).

    Values as `prepare` gives them for each spectrum alone; `precursor` (Q,), NaN where unknown.
    """

    mz: FloatArray
    intensity: FloatArray
    offsets: IntArray
    precursor: FloatArray

    @classmethod
    def of(cls, spectra: Sequence[MassSpectrum], accurate: bool) -> Queries:
        """Checked and prepared spectra.

        Raises SpectrumError as `prepare` does, for the first spectrum that is no peak list or has no signal.

        >>> asked = Queries.of([MassSpectrum([58.1, 91.0], [2, 1]), MassSpectrum([44.0], [7])], accurate=False)
        >>> asked.mz.tolist(), asked.intensity.tolist(), asked.offsets.tolist()
        ([58.0, 91.0, 44.0], [999.0, 499.5, 999.0], [0, 2, 3])
        """
        known = np.array([np.nan if s.precursor_mz is None else float(s.precursor_mz) for s in spectra])
        offsets = np.zeros(len(spectra) + 1, dtype=np.int64)
        np.cumsum([s.mz.size for s in spectra], out=offsets[1:])
        if not spectra:
            return cls(np.zeros(0), np.zeros(0), offsets, known)
        mz, intensity = np.concatenate([s.mz for s in spectra]), np.concatenate([s.intensity for s in spectra])
        for k in np.flatnonzero((np.diff(offsets) >= PROFILE_POINTS) | (mz[offsets[1:] - 1] > LARGEST_MZ)).tolist():
            refuse_what_is_no_peak_list(spectra[k])
        mz, intensity, offsets = _prepared(mz, intensity, offsets, accurate)
        if (np.diff(offsets) == 0).any():
            raise SpectrumError("the spectrum has no peak with an intensity above zero")
        return cls(mz, intensity, offsets, precursor_position(known, accurate))

    def __len__(self) -> int:
        return int(self.offsets.size - 1)

    def each(self) -> list[Peaks]:
        """The spectra one by one."""
        parts = zip(pairwise(self.offsets.tolist()), self.precursor.tolist(), strict=True)
        return [Peaks(self.mz[a:b], self.intensity[a:b], precursor) for (a, b), precursor in parts]


def _prepared(
    mz: FloatArray, intensity: FloatArray, offsets: IntArray, accurate: bool
) -> tuple[FloatArray, FloatArray, IntArray]:
    """`prepare_many`, the second half by the second thread where that pays."""
    if mz.size < _TOGETHER:
        return prepare_many(mz, intensity, offsets, accurate)
    middle = int(np.searchsorted(offsets, mz.size // 2))
    at = int(offsets[middle])
    one, other = HELPER.both(
        lambda: prepare_many(mz[:at], intensity[:at], offsets[: middle + 1], accurate),
        lambda: prepare_many(mz[at:], intensity[at:], offsets[middle:] - at, accurate),
    )
    ends = np.concatenate([one[2], other[2][1:] + one[2][-1]])
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]]), ends
