"""Building of the heavy index, compiled. Loaded only where numba is installed and pays; releases the GIL.

Same arrays as `ei_heavy`, to the bit. Imports numba, numpy and `spectra` only.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from spectra.index.ei_tables import LEFT_OUT, Forward, Weighing
from spectra.numba_cache import compiled, read_only

_U8, _U16, _I64, _F64 = (read_only(t) for t in (nb.uint8, nb.uint16, nb.int64, nb.float64))
_FORWARD = (_U16, _U16, _I64)
_WEIGHING = (_F64, _F64)


def build(forward: Forward, weighing: Weighing, block: int) -> tuple[NDArray[Any], ...]:
    """Arrays of the heavy index: energy, rest, ids, heights, starts."""
    n, masses = forward.n, forward.masses
    blocks = -(-n // block)
    energy, rest = np.zeros(n), np.zeros(n, dtype=np.uint8)
    height = np.zeros(forward.mz.size, dtype=np.uint8)
    starts = np.zeros(blocks * masses + 1, dtype=np.int64)
    columns = forward.mz, forward.code, forward.offsets
    _keep(*columns, weighing.height, weighing.mass, block, masses, energy, rest, height, starts)
    np.cumsum(starts, out=starts)
    ids, heights = np.empty(int(starts[-1]), dtype=np.uint16), np.empty(int(starts[-1]), dtype=np.uint8)
    _scatter(forward.mz, forward.offsets, height, block, masses, starts[:-1].copy(), ids, heights)
    return energy, rest, ids, heights, starts.astype(np.uint32)


@compiled(
    nb.void(*_FORWARD, *_WEIGHING, nb.int64, nb.int64, nb.float64[::1], nb.uint8[::1], nb.uint8[::1], nb.int64[::1])
)
def _keep(mz, code, offsets, w_code, w_mass, block, masses, energy, rest, height, counts):  # type: ignore[no-untyped-def]
    by_height = np.zeros(256)
    for r in range(offsets.size - 1):
        start, end = offsets[r], offsets[r + 1]
        total = 0.0
        for p in range(start, end):
            w = w_code[code[p]] * w_mass[mz[p]]
            total += w * w
        energy[r] = total
        norm = np.sqrt(total)
        by_height[:] = 0.0
        for p in range(start, end):
            w = w_code[code[p]] * w_mass[mz[p]]
            unit = w / norm if w > 0.0 else 0.0
            h = np.int64(min(np.ceil(255.0 * unit), 255.0))
            height[p] = h
            by_height[h] += unit * unit
        left, cut = 0.0, 0
        while cut < 256 and left + by_height[cut] <= LEFT_OUT:
            left += by_height[cut]
            cut += 1
        rest[r] = np.int64(min(np.ceil(255.0 * np.sqrt(left)), 255.0))
        base = (r // block) * masses + 1
        for p in range(start, end):
            if height[p] < cut:
                height[p] = 0
            elif height[p] > 0:
                counts[base + mz[p]] += 1


@compiled(nb.void(_U16, _I64, _U8, nb.int64, nb.int64, nb.int64[::1], nb.uint16[::1], nb.uint8[::1]))
def _scatter(mz, offsets, height, block, masses, free, ids, heights):  # type: ignore[no-untyped-def]
    for r in range(offsets.size - 1):
        base = (r // block) * masses
        for p in range(offsets[r], offsets[r + 1]):
            if height[p] > 0:
                at = free[base + mz[p]]
                free[base + mz[p]] += 1
                ids[at], heights[at] = r % block, height[p]
