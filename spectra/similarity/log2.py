"""log2 from a table, in additions and multiplications only.

Why: numpy and compiled code take log2 from different libraries, which differ in the last bit; the entropy score has
to be the same number in both. Imports numpy only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectra.types import FloatArray

BITS = 11
"""The leading bits of the mantissa that choose a table row; the rest is a polynomial of |t| < 2^-11."""
_STEPS = 2**BITS
LOG = np.log2(1.0 + np.arange(_STEPS) / _STEPS)
"""log2(1 + i/2048), (2048,)."""
INVERSE = 1.0 / (1.0 + np.arange(_STEPS) / _STEPS)
"""1/(1 + i/2048), (2048,)."""
C1, C2, C3, C4 = (1.0 / np.log(2.0), -0.5 / np.log(2.0), 1.0 / (3.0 * np.log(2.0)), -0.25 / np.log(2.0))
"""log2(1 + t) = t·(C1 + t·(C2 + t·(C3 + t·C4))) to 1e-17."""
FRACTION = (1 << 52) - 1
ONE = 1023 << 52


def log2(x: FloatArray) -> FloatArray:
    """log2 of `x` (any shape) > 0 and not subnormal, float64, within 4e-16 of the true value near 1.

    >>> log2(np.array([0.5, 1.0, 3.0])).round(12).tolist()
    [-1.0, 0.0, 1.584962500721]
    """
    bits: NDArray[np.int64] = np.ascontiguousarray(x, dtype=np.float64).view(np.int64)
    row = (bits >> (52 - BITS)) & (_STEPS - 1)
    t = ((bits & FRACTION) | ONE).view(np.float64) * INVERSE.take(row) - 1.0
    series = t * (C1 + t * (C2 + t * (C3 + t * C4)))
    return np.asarray(((bits >> 52) - 1023).astype(np.float64) + (LOG.take(row) + series))


def gain(a: FloatArray, b: FloatArray) -> FloatArray:
    """f(a+b) − f(a) − f(b) with f(x) = x log2 x, for a, b > 0: what one matched peak adds to the entropy score.

    >>> gain(np.array([0.5]), np.array([0.5])).tolist()
    [1.0]
    """
    # One call for all three: for a handful of peaks the calls cost more than the arithmetic.
    both = a + b
    parts = np.empty((3, *both.shape))
    parts[0], parts[1], parts[2] = both, a, b
    parts *= log2(parts)
    return np.asarray(parts[0] - parts[1] - parts[2])
