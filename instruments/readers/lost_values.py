"""Values that a binary file has lost: a copy that failed leaves blocks of zeros behind, and nothing else tells of it.

Imports numpy, spectra.types and validate only.
"""

from __future__ import annotations

import numpy as np

from spectra.types import FloatArray, Remark

from ..validate import warning

LEAST = 16  # zeros in a row, of four or eight bytes each
FEW_OTHERS = 4


def zeroed(y: FloatArray) -> tuple[Remark, ...]:
    """A warning of one row of exact zeros into which the signal (N,) jumps, and out of it, and that hardly holds others.

    At its ends a detector may be off; a threshold leaves many rows, and values near to zero beside them. A signal that mostly stands
    still (a gradient, a valve, rounded values) may be zero as well as anything else.
    """
    zeros = np.flatnonzero(y == 0)
    if zeros.size < LEAST:
        return ()
    breaks = np.flatnonzero(np.diff(zeros) > 1)
    firsts, lasts = zeros[np.append(0, breaks + 1)], zeros[np.append(breaks, zeros.size - 1)]
    longest = int(np.argmax(lasts - firsts))
    first, last = int(firsts[longest]), int(lasts[longest])
    length = last - first + 1
    if length < LEAST or FEW_OTHERS * (zeros.size - length) > length or first == 0 or last == y.size - 1:
        return ()
    step = float(np.median(np.abs(np.diff(y[y != 0]))))
    sides = np.abs(y[max(0, first - 2) : first]).max(), np.abs(y[last + 1 : last + 3]).max()  # one may be lost in part
    if step == 0 or not min(sides) > 2 * step:
        return ()
    text = (
        f"The points {first + 1:,} to {last + 1:,} are exactly zero, in the middle of a signal that is not: this part of the file may "
        "be lost, unless it was set to zero on purpose. Compare it with the original."
    )
    return (warning("zeroed", text),)
