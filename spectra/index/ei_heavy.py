"""The heavy index: each spectrum's few largest weights, inverted, and how much of the spectrum they leave out.

Why: a third of the peaks holds nine tenths of a spectrum's weight, and the rest can be bounded instead of read.
Imports numpy and `spectra` only; the compiled form in `ei_numba` gives the same arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectra.acceleration import Patience
from spectra.index.ei_tables import LEFT_OUT, Forward, Heavy, Weighing
from spectra.types import FloatArray

CHUNK = 64
"""Spectra per chunk: a block's maxima are kept per chunk."""
LARGEST_BLOCK = 1 << 16
"""Spectra per block: numbers inside a block fit 16 bits, its sums fit the second-level cache."""
_CHUNK_ROWS = 1 << 13
_patience = Patience()


def usual_block(n: int) -> int:
    """Spectra per block for a library of n: as few blocks as possible, all of one size.

    >>> usual_block(1_000_000), usual_block(100_000), usual_block(100)
    (62528, 50048, 128)
    """
    blocks = max(1, -(-n // LARGEST_BLOCK))
    return CHUNK * max(1, -(-n // (blocks * CHUNK)))


def build_heavy(forward: Forward, weighing: Weighing, block: int | None = None, accelerator: str = "auto") -> Heavy:
    """Heavy index of `forward`; `block` (a multiple of 64, at most 65536) is chosen by size when not given."""
    size = usual_block(forward.n) if block is None else block
    if size < CHUNK or size > LARGEST_BLOCK or size % CHUNK:
        raise ValueError(f"a block of {size} spectra is not possible: use a multiple of {CHUNK} up to {LARGEST_BLOCK}")
    if _patience.wants_numba(accelerator):
        from spectra.index.ei_numba_build import build

        energy, rest, ids, heights, starts = build(forward, weighing, size)
        return Heavy(energy, rest, ids, heights, starts, size)
    with _patience.counting():
        return _build(forward, weighing, size)


def _build(forward: Forward, weighing: Weighing, block: int) -> Heavy:
    n, masses = forward.n, forward.masses
    energy, rest = np.zeros(n), np.zeros(n, dtype=np.uint8)
    ids, heights, counts = [], [], [np.zeros(1, dtype=np.int64)]
    for low in range(0, n, block):
        high = min(n, low + block)
        kept = [_kept(forward, weighing, r, min(high, r + _CHUNK_ROWS)) for r in range(low, high, _CHUNK_ROWS)]
        energy[low:high] = np.concatenate([part[1] for part in kept])
        rest[low:high] = np.concatenate([part[2] for part in kept])
        height = np.concatenate([part[0] for part in kept])
        at = np.flatnonzero(height)
        mz = forward.mz[forward.offsets[low] : forward.offsets[high]][at]
        row = np.repeat(np.arange(high - low, dtype=np.uint16), np.diff(forward.offsets[low : high + 1]))[at]
        # Stable: inside one mass the spectra stay in rising order.
        order = np.argsort(mz, kind="stable")
        ids.append(row[order])
        heights.append(height[at][order])
        counts.append(np.bincount(mz, minlength=masses))
    starts = np.cumsum(np.concatenate(counts)).astype(np.uint32)
    none16, none8 = np.zeros(0, dtype=np.uint16), np.zeros(0, dtype=np.uint8)
    return Heavy(energy, rest, np.concatenate([none16, *ids]), np.concatenate([none8, *heights]), starts, block)


def _kept(
    forward: Forward, weighing: Weighing, low: int, high: int
) -> tuple[NDArray[np.uint8], FloatArray, NDArray[np.uint8]]:
    """Heights (P,) of the peaks of rows `low` to `high`, 0 where left out; energy and rest of the rows."""
    n, start, end = high - low, int(forward.offsets[low]), int(forward.offsets[high])
    row = np.repeat(np.arange(n), np.diff(forward.offsets[low : high + 1]))
    weight = weighing(forward.mz[start:end], forward.code[start:end])
    energy = np.bincount(row, weights=weight * weight, minlength=n).astype(np.float64)
    norm = np.sqrt(energy)
    unit = np.divide(weight, norm[row], out=np.zeros_like(weight), where=weight > 0)
    height = np.minimum(np.ceil(255.0 * unit), 255.0).astype(np.uint8)
    # Energy by height, lightest first: everything below the cut together stays within LEFT_OUT.
    by_height = np.bincount(row * 256 + height, weights=unit * unit, minlength=n * 256).reshape(n, 256)
    left = np.cumsum(by_height, axis=1)
    cut = (left <= LEFT_OUT).sum(axis=1)
    left_out = np.where(cut > 0, left[np.arange(n), np.maximum(cut, 1) - 1], 0.0)
    rest = np.minimum(np.ceil(255.0 * np.sqrt(left_out)), 255.0).astype(np.uint8)
    height[height < cut[row]] = 0
    return height, energy, rest
