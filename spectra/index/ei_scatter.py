"""The inner loop of the numpy search: posting lists added to the sums of a block while it is in the cache.

Why: the time of a query is spent here. The lists are copied once as the 32-bit columns scipy wants, and added by its
sparse matrix-vector product. Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from spectra.index.ei_tables import Heavy
from spectra.types import FloatArray

try:
    from scipy.sparse._sparsetools import csc_matvec
except ImportError:
    csc_matvec = None
SCALE = 1 << 20
"""Units of the sums: 1.0 is 2^20."""
IntArray = NDArray[np.int64]
Sums = NDArray[np.int32]


class Scatter:
    """Working memory of one thread: rows and heights of the postings of one block."""

    def __init__(self) -> None:
        self._rows, self._heights = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)

    def add(
        self, heavy: Heavy, bins: IntArray, unit: FloatArray, starts: IntArray, ends: IntArray, sums: Sums, peaks: Sums,
        afresh: bool,
    ) -> None:  # fmt: skip
        """Add masses `bins` (K,) rising, times `unit` (K,), to `sums` (blocks, CHUNK, W) or, `afresh`, to zeros.

        Their lists are `starts` to `ends` (blocks, K). `peaks` (blocks, W) receives the maximum of every chunk.
        """
        factor = np.ceil(unit * (SCALE / 255.0)).astype(np.int32)
        edges = np.zeros((starts.shape[0], bins.size + 1), dtype=np.int32)
        np.cumsum(ends - starts, axis=1, out=edges[:, 1:])
        self._reserve(int(edges[:, -1].max(initial=0)))
        # Lists of neighbouring masses are neighbours: one copy for each run of them.
        first, last = np.ones(bins.size, dtype=bool), np.ones(bins.size, dtype=bool)
        first[1:] = last[:-1] = bins[1:] - bins[:-1] > 1
        starts, ends = starts[:, first], ends[:, last]
        for k in range(starts.shape[0]):
            mine = sums[k].reshape(-1)
            if afresh:
                mine.fill(0)
            count = self._copy(heavy, starts[k].tolist(), ends[k].tolist())
            _product(edges[k], self._rows[:count], self._heights[:count], factor, mine)
            sums[k].max(axis=0, out=peaks[k])

    def _reserve(self, most: int) -> None:
        if self._rows.size < most:
            self._rows, self._heights = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)

    def _copy(self, heavy: Heavy, starts: list[int], ends: list[int]) -> int:
        ids, heights, to_rows, to_heights = heavy.ids, heavy.heights, self._rows, self._heights
        at = 0
        for start, end in zip(starts, ends, strict=True):
            after = at + end - start
            to_rows[at:after] = ids[start:end]
            to_heights[at:after] = heights[start:end]
            at = after
        return at


def _product(edges: Sums, rows: Sums, heights: Sums, factor: Sums, sums: Sums) -> None:
    """Add the product of the sparse matrix (sums.size, K) and `factor` (K,) to `sums`."""
    if csc_matvec is not None:
        # What `csc_array @ factor` calls, without a new array for every product.
        csc_matvec(sums.size, factor.size, edges, rows, heights, factor, sums)
        return
    matrix = csc_array((sums.size, factor.size), dtype=np.int32)
    matrix.data, matrix.indices, matrix.indptr = heights, rows, edges
    sums += matrix @ factor
