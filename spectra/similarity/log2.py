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


# As arrays: a plain number is converted again by every call, which for few values is a third of its cost.
_SHIFT, _ROW, _FRACTION, _ONE, _EXPONENT = (np.array(i) for i in (52 - BITS, _STEPS - 1, FRACTION, ONE, 52))
_UNIT, _BIAS, _C1, _C2, _C3, _C4 = (np.array(c) for c in (1.0, 1023.0, C1, C2, C3, C4))


def log2(x: FloatArray) -> FloatArray:
    """log2 of `x` (any shape) > 0 and not subnormal, float64, within 4e-16 of the true value near 1.

    >>> log2(np.array([0.5, 1.0, 3.0])).round(12).tolist()
    [-1.0, 0.0, 1.584962500721]
    """
    bits: NDArray[np.int64] = np.ascontiguousarray(x, dtype=np.float64).view(np.int64)
    row = bits >> _SHIFT
    row &= _ROW
    mantissa = bits & _FRACTION
    mantissa |= _ONE
    t = mantissa.view(np.float64)
    t *= INVERSE.take(row)
    t -= _UNIT
    out: FloatArray = t * _C4
    for coefficient in (_C3, _C2, _C1):
        out += coefficient
        out *= t
    out += LOG.take(row)
    out += (bits >> _EXPONENT) - _BIAS
    return out


def gain(a: NDArray[np.floating], b: NDArray[np.floating]) -> FloatArray:
    """f(a+b) − f(a) − f(b) with f(x) = x log2 x, for a, b > 0: what one matched peak adds to the entropy score.

    Computed in float64 from float64 or float32 of one shape.

    >>> gain(np.array([0.5]), np.array([0.5])).tolist()
    [1.0]
    """
    # One call for all three: for a handful of peaks the calls cost more than the arithmetic.
    parts = np.empty((3, *a.shape))
    parts[1], parts[2] = a, b
    np.add(parts[1], parts[2], out=parts[0])
    parts *= log2(parts)
    return np.asarray(parts[0] - parts[1] - parts[2])
