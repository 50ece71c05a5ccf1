"""What stands beside the scores of many pairs of query and reference, compiled.

Loaded only where numba is installed and pays. Sums run in rising mass, without fused arithmetic: the bits of the
numpy form. Imports numba, numpy and `spectra` only.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from spectra.numba_cache import compiled
from spectra.numba_cache import read_only as _read


@compiled(
    nb.void(
        _read(nb.uint16), _read(nb.float64), _read(nb.int64), _read(nb.float64), _read(nb.float64), _read(nb.float64),
        _read(nb.int64), _read(nb.int64), _read(nb.int64), nb.int64, nb.float64[:, ::1], nb.int64[::1],
    )
)  # fmt: skip
def pair_sums(  # type: ignore[no-untyped-def]
    mz, weight, offsets, q_mz, q_height, q_weight, q_offsets, own, ends, masses, sums, counts
):
    """Sums over the matched peaks of every pair; all masses of the references are below `masses`.

    References: `mz`, `weight` (P,), `offsets` (R+1,). Queries: `q_mz`, `q_height`, `q_weight` (S,), `q_offsets` (Q+1,).
    Pairs: query q has the references `own[ends[q]:ends[q + 1]]`. `sums` (pairs, 3) receives Σ w_q·w_l, Σ w_q² and the
    sum of the query's intensities, `counts` (pairs,) the number of peaks.
    """
    height, heavy = np.zeros(masses), np.zeros(masses)
    for q in range(q_offsets.size - 1):
        start, end = q_offsets[q], q_offsets[q + 1]
        while end > start and q_mz[end - 1] >= masses:
            end -= 1
        for p in range(start, end):
            height[np.int64(q_mz[p])], heavy[np.int64(q_mz[p])] = q_height[p], q_weight[p]
        for pair in range(ends[q], ends[q + 1]):
            dot = energy = total = 0.0
            n = 0
            for p in range(offsets[own[pair]], offsets[own[pair] + 1]):
                m = mz[p]
                # No peak adds 0, which changes no sum; whether there is one cannot be predicted.
                dot += heavy[m] * weight[p]
                energy += heavy[m] * heavy[m]
                total += height[m]
                n += height[m] > 0.0
            sums[pair, 0], sums[pair, 1], sums[pair, 2], counts[pair] = dot, energy, total, n
        for p in range(start, end):
            height[np.int64(q_mz[p])] = heavy[np.int64(q_mz[p])] = 0.0
