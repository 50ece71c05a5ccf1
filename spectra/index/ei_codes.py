"""Intensities of unit-mass libraries as 16-bit logarithmic codes: half the memory, a known and tiny error.

Why: an intensity is stored once, and every score is exact for what is stored. Imports numpy only.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

BASE = 999.0
"""Intensity of the strongest peak, code 65535."""
FULL = 65535
STEP = math.log(1e6) / (FULL - 1)
"""Natural logarithm between two codes; a millionth of the base peak is code 1, code 0 is no intensity."""
RELATIVE_ERROR = math.expm1(STEP / 2)
"""Largest relative error of a decoded intensity above the floor: 1.05e-4."""
_CHUNK = 1 << 20

Codes = NDArray[np.uint16]
Intensities = NDArray[np.float32]


@cache
def intensity_of_code() -> Intensities:
    """Intensity of every code, (65536,) float32, base 999; read-only.

    >>> [round(float(intensity_of_code()[c]), 4) for c in (0, 1, 65535)]
    [0.0, 0.001, 999.0]
    """
    steps = np.arange(FULL + 1, dtype=np.float64) - FULL
    table = (BASE * np.exp(steps * STEP)).astype(np.float32)
    table[0], table[FULL] = 0.0, BASE
    table.setflags(write=False)
    return table


def encode(intensity: NDArray[np.floating], offsets: NDArray[np.integer]) -> Codes:
    """Codes (P,) of the intensities (P,) ≥ 0 of N spectra with `offsets` (N+1,), each relative to its strongest peak.

    round(65535 + ln(I/max)/STEP), at least 1 where I > 0: |I′/I − 1| ≤ 1.05e-4 down to a millionth of the base
    peak, smaller peaks are raised to that. Encoding what was decoded changes nothing.

    >>> encode(np.array([999.0, 99.9, 0.0]), np.array([0, 3])).tolist()
    [65535, 54613, 0]
    """
    out = np.zeros(intensity.size, dtype=np.uint16)
    counts = np.diff(offsets)
    filled = np.flatnonzero(counts)
    if filled.size == 0:
        return out
    strongest = np.maximum.reduceat(intensity, np.asarray(offsets[:-1])[filled]).astype(np.float64)
    # Row by row in chunks: the float64 columns of a million spectra would be gigabytes.
    ends = np.asarray(offsets[1:])[filled]
    first = 0
    while first < filled.size:
        start = int(offsets[filled[first]])
        last = max(first + 1, int(np.searchsorted(ends, start + _CHUNK, side="right")))
        end = int(ends[last - 1])
        top = np.repeat(strongest[first:last], counts[filled[first:last]])
        out[start:end] = _codes(np.asarray(intensity[start:end], dtype=np.float64), top)
        first = last
    return out


def _codes(height: NDArray[np.float64], top: NDArray[np.float64]) -> Codes:
    ratio = np.divide(height, top, out=np.zeros_like(height), where=height > 0)
    steps = np.log(ratio, out=np.full_like(ratio, -np.inf), where=ratio > 0)
    code = np.clip(np.rint(FULL + steps / STEP), 1.0, FULL)
    return np.asarray(np.where(height > 0, code, 0.0), dtype=np.uint16)


def decode(codes: Codes) -> Intensities:
    """Intensities (P,) float32, base 999, of `codes` (P,)."""
    return np.asarray(intensity_of_code()[codes])


def quantised(intensity: NDArray[np.floating], offsets: NDArray[np.integer]) -> Intensities:
    """The nearest intensities a stored library can hold, (P,) float32, base 999; see `encode`.

    >>> [round(float(i), 2) for i in quantised(np.array([50.0, 20.0]), np.array([0, 2]))]
    [999.0, 399.64]
    """
    return decode(encode(intensity, offsets))
