"""Exact entropy search of accurate libraries, by numpy or numba. Imports numpy and `spectra` only; numba when it pays."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.acceleration import Patience
from spectra.index import ms2_numpy, ms2_numpy_identity
from spectra.index.ms2_arrays import BEYOND, BLOCK, MOST_PEAKS, Ms2Arrays
from spectra.index.ms2_numpy import Ms2Query, Ms2Sums
from spectra.peaktable import IntArray, PeakTable
from spectra.preprocess import MICRO, Peaks, micro
from spectra.similarity.entropy import LEAST_INTENSITY, weigh
from spectra.types import FloatArray

Answer = tuple[IntArray, NDArray[np.float32]]
Workspace = tuple[NDArray[np.uint16], NDArray[np.int32]]
_ROWS = 1 << 16
_patience = Patience()


class Ms2Index:
    """Exact top-k of the entropy score over N accurate spectra: score falling, then entry rising.

    Masses are whole micro-Da, edges of a tolerance included; scores are those of `Entropy` to the bit, with numba
    and without. Safe to share between threads. Method: bounds from 8-bit weights, exact scores for what is left.

    >>> from spectra.types import MassSpectrum
    >>> from spectra.preprocess import prepare
    >>> spectra = [MassSpectrum([58.065, 91.054], [9, 4], m, "ESI") for m in (150.128, 136.112)]
    >>> index = Ms2Index.build(PeakTable.of(spectra, accurate=True))
    >>> entries, scores = index.search(prepare(spectra[1], accurate=True), 0.01, top=2)
    >>> entries.tolist(), scores.tolist()
    ([0, 1], [1.0, 1.0])
    >>> index.search(prepare(spectra[1], accurate=True), 0.01, top=2, precursor_tolerance=0.002)[0].tolist()
    [1]
    """

    def __init__(self, arrays: Ms2Arrays) -> None:
        self.stored = arrays
        # Working memory between searches, one for every search that ever ran at the same time.
        self._spare: list[Workspace] = []
        self._sums: list[Ms2Sums] = []

    @classmethod
    def build(cls, table: PeakTable, block: int = BLOCK) -> Ms2Index:
        """Index of an accurate table."""
        return cls(Ms2Arrays.build(table, block))

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Ms2Index:
        """The index that `arrays` stored."""
        return cls(Ms2Arrays.from_arrays(arrays))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything to store, by name."""
        return self.stored.arrays()

    def search(
        self,
        query: Peaks,
        tolerance: float,
        top: int,
        precursor_tolerance: float | None = None,
        accelerator: str = "auto",
    ) -> Answer:
        """Entries (K,) and float32 scores (K,) of the `top` best, K ≤ top; score 0 is no answer.

        `tolerance` in Da, at most 0.0245. `precursor_tolerance` (Da) keeps entries whose known precursor lies that
        close to the query's; None searches all entries.
        """
        top = min(top, self.stored.n)
        if top == 0 or self.stored.mz.size == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        width, near = _micro(tolerance), None
        if precursor_tolerance is not None:
            centre, reach = _micro(query.precursor_mz), _micro(precursor_tolerance)
            near = (centre - reach, centre + reach)
        counted = query.intensity >= LEAST_INTENSITY
        share = weigh(query.intensity[counted])
        if share.size <= MOST_PEAKS and _patience.wants_numba(accelerator):
            return self._compiled(query, share, width, top, near)
        mz, weight = query.mz[counted], (0.5 * share).astype(np.float32)
        if mz.size and mz[-1] > BEYOND:
            # Peaks beyond every library keep their share of the weights, but need no search.
            mz, weight = mz[mz <= BEYOND], weight[mz <= BEYOND]
        q = Ms2Query(micro(mz), weight, width)
        if q.mz.size == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        if q.mz.size > MOST_PEAKS:
            return self._everything(q, top, near)
        if accelerator == "numpy":
            return self._plain(q, top, near)
        with _patience.counting():
            return self._plain(q, top, near)

    def _plain(self, q: Ms2Query, top: int, near: tuple[int, int] | None) -> Answer:
        if near is not None:
            return self._ordered(*ms2_numpy_identity.identity_search(self.stored, q, top, *near), top)
        try:
            sums = self._sums.pop()
        except IndexError:
            sums = Ms2Sums(self.stored)
        found = ms2_numpy.open_search(self.stored, q, top, sums)
        self._sums.append(sums)
        return self._ordered(*found, top)

    def _ordered(self, rows: IntArray, scores: NDArray[np.float32], top: int) -> Answer:
        entries = self.stored.order[rows].astype(np.int64)
        order = np.lexsort((entries, -scores))[:top]
        order = order[scores[order] > 0]
        return entries[order], scores[order]

    def _everything(self, q: Ms2Query, top: int, near: tuple[int, int] | None) -> Answer:
        """Exact scores without bounds, for queries with very many peaks."""
        a = self.stored
        first, last = (0, a.n) if near is None else np.searchsorted(a.precursor, [near[0], near[1] + 1]).tolist()
        rows = np.arange(first, last)
        parts = [ms2_numpy.exact(a, q, rows[at : at + _ROWS]) for at in range(0, rows.size, _ROWS)]
        return self._ordered(rows, np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32), top)

    def _compiled(self, query: Peaks, share: FloatArray, width: int, top: int, near: tuple[int, int] | None) -> Answer:
        identity_search, open_search = _compiled_searches()
        a = self.stored
        # The rest of the preparation is compiled: one call of numpy costs as much as the whole of it.
        asked = query.mz, query.intensity, share, width
        scores, entries = np.zeros(top, dtype=np.float32), np.zeros(top, dtype=np.int64)
        if near is not None:
            found = identity_search(
                a.offsets, a.mz, a.weight, a.code, a.order, a.precursor, *near, *asked, scores, entries
            )
            return entries[:found], scores[:found]
        centre = _micro(query.precursor_mz) if math.isfinite(query.precursor_mz) else -1
        space = self._workspace(int(a.block[0]))
        found = open_search(
            a.offsets, a.mz, a.weight, a.code, a.order, a.precursor, a.p_mz, a.p_id, a.p_code, a.cells, a.n_blocks,
            centre, *asked, *space, scores, entries,
        )  # fmt: skip
        self._spare.append(space)
        return entries[:found], scores[:found]

    def _workspace(self, block: int) -> Workspace:
        """Sums and noted rows of one block; one set per search that runs at the same time."""
        try:
            return self._spare.pop()
        except IndexError:
            return np.zeros(block, dtype=np.uint16), np.zeros(block + 1, dtype=np.int32)


@cache
def _compiled_searches() -> tuple[Any, Any]:
    from spectra.index import ms2_numba

    return ms2_numba.identity_search, ms2_numba.open_search


def _micro(mass: float) -> int:
    """`micro` of one number, at a tenth of the cost."""
    return round(mass * MICRO)
