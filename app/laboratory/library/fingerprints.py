"""When two spectra of libraries are the same: equal to four places. Imports arrays and `spectra` only."""

from __future__ import annotations

import hashlib

import numpy as np

from spectra import InfraredLibrary, MassLibrary
from spectra.types import FloatArray


def points(library: object, number: int) -> FloatArray:
    """What an entry holds, in one row: m/z and intensities, or the curve."""
    if isinstance(library, MassLibrary):
        spectrum = library.spectrum(number)
        return np.concatenate((spectrum.mz, spectrum.intensity))
    assert isinstance(library, InfraredLibrary)
    return np.nan_to_num(np.asarray(library.curves[number], dtype=np.float64))


def fingerprint(library: object, number: int) -> bytes:
    """Equal for entries with the same points."""
    return hashlib.sha256(np.round(points(library, number), 4).tobytes()).digest()
