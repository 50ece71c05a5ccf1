"""The composite score of many unit-mass spectra, compiled. Loaded only where numba is installed and pays.

Every sum runs in the order of the numpy form, without fused or reassociated arithmetic: answers are the same bits.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from spectra.numba_cache import compiled, read_only

_ARGUMENTS = (
    read_only(nb.uint16),
    read_only(nb.float32),
    read_only(nb.int64),
    read_only(nb.float64),
    read_only(nb.float64),
    read_only(nb.int32),
    read_only(nb.float64),
    read_only(nb.float64),
    read_only(nb.float64),
    nb.int64,
    nb.float64[::1],
)


@compiled()
def _ratio_term(mass, ratio):  # type: ignore[no-untyped-def]
    """Σ m·min(r, 1/r) / Σ m over neighbouring pairs with `ratio` r² (K,); 0 without any."""
    for k in range(ratio.size):
        root = np.sqrt(ratio[k])
        inverse = 1.0 / root
        ratio[k] = root if root < inverse else inverse
    up = down = 0.0
    for k in range(ratio.size):
        up += mass[k] * ratio[k]
        down += mass[k]
    return up / down if down > 0.0 else 0.0


@compiled(nb.void(*_ARGUMENTS))
def match_factors(mz, intensity, offsets, weight, energy, position, tail, q_intensity, q_weight, q_first, out):  # type: ignore[no-untyped-def]
    """Match factors of one query: see `Composite`.

    Library: `mz`, `intensity`, `weight` (P,), `offsets` (N+1,), `energy` (N,). Query: `position` (M,) 1 + index of
    the query peak at this mass, `tail` (M,) query energy from this mass upwards, `q_intensity`, `q_weight`, and the
    lowest mass `q_first`. `out` (N,) receives 1000·(F·n1 + R·n2)/(n1 + n2).
    """
    longest = np.int64(1)
    for r in range(offsets.size - 1):
        longest = max(longest, offsets[r + 1] - offsets[r])
    hit, relative = np.empty(longest, dtype=np.int64), np.empty(longest)
    mass, ratio = np.empty(longest), np.empty(longest)
    for r in range(offsets.size - 1):
        out[r] = 0.0
        start, end = offsets[r], offsets[r + 1]
        below, p = 0.0, start
        while p < end and mz[p] < q_first:
            below += weight[p] * weight[p]
            p += 1
        # Compressed without branches: whether a peak is met cannot be predicted, and a wrong guess costs 15 cycles.
        n1 = 0
        while p < end:
            hit[n1] = p
            n1 += position[mz[p]] > 0
            p += 1
        if n1 == 0:
            continue
        dot = 0.0
        for k in range(n1):
            i = position[mz[hit[k]]] - 1
            dot += q_weight[i] * weight[hit[k]]
            relative[k] = q_intensity[i] / np.float64(intensity[hit[k]])
        n2 = 0
        for k in range(1, n1):
            m, before = mz[hit[k]], mz[hit[k - 1]]
            mass[n2], ratio[n2] = m, relative[k] / relative[k - 1]
            n2 += (hit[k] - hit[k - 1] == 1) & (position[m] - position[before] == 1)
        scale = tail[max(np.int64(mz[start]), q_first)] * (energy[r] - below)
        first = dot * dot / scale if scale > 0.0 else 0.0
        second = _ratio_term(mass[:n2], ratio[:n2])
        out[r] = 1000.0 * ((first * n1 + second * n2) / (n1 + n2))
