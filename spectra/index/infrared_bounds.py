"""Upper bounds of derivative correlations from a few leading directions: most entries need no exact score.

Why: 200,000 curves of 1,801 points at seven shifts are a gigabyte to read; 128 numbers per entry are not. The bound is
one product because what the directions leave over is one more column (Cauchy–Schwarz). Imports numpy, scipy and
`spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.acceleration import HELPER
from spectra.index.infrared_search import Search
from spectra.infrared_grid import GRID
from spectra.similarity.infrared import MIN_POINTS
from spectra.similarity.infrared_features import Features, Moved
from spectra.types import FloatArray

IntArray = NDArray[np.int64]
WORTH_IT = 1000
"""Entries of one mask from which bounds pay; fewer are scored by one product."""
BLOCK = 1024
"""Entries per block of the first level: 7 × 32 × 1024 multiplications stay on one thread of OpenBLAS."""
_FIRST, _SECOND = 32, 128
_SAMPLE = 4000
_PIECE = 128
_SLACK = 2e-4
"""More than all rounding in single precision: a coefficient of the query is summed in pieces of 128 products, so wrong by
at most 128 × 2⁻²⁴ = 8e-6, 127 of them together by 9e-5 and the square of their length by 1.8e-4; the bound itself is 128
products more, 8e-6; the basis and the stored numbers are rounded to 6e-8. Added to the bound and to what the query has
left over."""
_KEPT_FACTORS = 4
_STORED = ("rows", "basis", "first", "second")
_CHUNKS = 64
_EXTRA_SEEDS = 6
_TWO_WORKERS_FROM = 64
"""Blocks from which a second thread pays for the hand-over."""
_LOOSE = 1e-3
"""An entry with less than this part of its energy in the compared range gets no bound and is always scored."""


@dataclass(frozen=True, eq=False)
class Bounds:
    """Bounds for the entries of one mask; `rows` (n,) their numbers, rising.

    `basis` (1801, 128) float32: the 127 leading eigenvectors of Σ l lᵀ over up to 4,000 unit rows, and zeros. `second`
    (n, 128) float32: l·V and √(1 − |l·V|²); `first` (blocks, 32, 1024): the same with 31 directions, transposed.
    About 0.65 kB per entry.

    A bound is <q, l> over the whole range; the score is that over the length of l where query and entry are compared.
    That length is at least the one over the points compared at every shift (`Features.inner_energy`).
    """

    rows: IntArray
    basis: NDArray[np.float32]
    first: NDArray[np.float32]
    second: NDArray[np.float32]
    _factors: dict[bytes, tuple[NDArray[np.float32], IntArray]] = field(default_factory=dict)

    @classmethod
    def of(cls, references: Features) -> Bounds | None:
        """Bounds for the commonest mask of a library, None when it has fewer than `WORTH_IT` entries."""
        if not references.patterns or references.patterns[0][0].size < WORTH_IT:
            return None
        rows = references.patterns[0][0]
        basis = _directions(references, rows)
        n, blocks = rows.size, -(-rows.size // BLOCK)
        second = np.zeros((n, _SECOND), dtype=np.float32)
        first = np.zeros((blocks, _FIRST, BLOCK), dtype=np.float32)
        for b in range(blocks):
            part = slice(b * BLOCK, min(n, (b + 1) * BLOCK))
            unit = _unit_rows(references, rows[part])
            directed = unit @ basis
            second[part, :-1], second[part, -1] = directed, _left_over(directed)
            some = directed[:, : _FIRST - 1]
            first[b, :-1, : len(unit)], first[b, -1, : len(unit)] = some.T, _left_over(some)
        return cls(rows, np.pad(basis, ((0, 0), (0, 1))).astype(np.float32), first, second)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything to store."""
        return {f"bound_{name}": getattr(self, name) for name in _STORED}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Bounds | None:
        """What `arrays` stored, None when nothing was."""
        if "bound_rows" not in arrays:
            return None
        # Plain views: slicing a memmap object costs ten times as much.
        rows, basis, first, second = (arrays[f"bound_{name}"].view(np.ndarray) for name in _STORED)
        return cls(rows, basis, first, second)

    def __call__(self, search: Search, entries: IntArray, moved: Moved) -> bool:
        """Take the entries of this mask over; False when bounds cannot help."""
        top, n = search.ranking.top, self.rows.size
        if entries.size != n or entries[0] != self.rows[0] or 8 * top > n:
            return False
        usable = (moved.count >= MIN_POINTS) & (moved.energy > 0)
        if not usable.any():
            return True
        factor, loose = self._factor(search.references, moved)
        if loose.size > n // 8:
            return False
        query = np.asarray(moved.values[usable] / np.sqrt(moved.energy[usable])[:, None], dtype=np.float32)
        directed = _directed(query, self.basis)
        coarse = self._coarse(directed[:, : _FIRST - 1], factor)
        fine = np.ascontiguousarray(np.column_stack([directed, _left_over(directed, _SLACK)]).T, dtype=np.float32)
        scored = self._seed(search, moved, coarse, fine, factor)
        flat = coarse.reshape(-1)[:n]
        flat[loose] = 2.0
        flat[scored] = -2.0
        left = np.flatnonzero(flat >= search.ranking.least())
        bounds = self._fine(left, fine, factor)
        bounds[flat[left] == 2.0] = 2.0
        keep = np.flatnonzero(bounds >= search.ranking.least())
        return search.by_bound(moved, self.rows[left[keep]], bounds[keep], 24, n // 8)

    def _factor(self, references: Features, moved: Moved) -> tuple[NDArray[np.float32], IntArray]:
        """By what a bound grows because not all of an entry is compared, (blocks, 1024), and entries without one."""
        key = moved.inner.tobytes()
        found = self._factors.get(key)
        if found is None:
            whole = references.energy[self.rows]
            left = references.inner_energy(moved.inner)[self.rows] / np.where(whole > 0, whole, 1.0)
            loose = np.flatnonzero((left < _LOOSE) & (whole > 0))
            grow = np.ones(len(self.first) * BLOCK, dtype=np.float32)
            grow[: left.size] = (1.0 + 1e-6) / np.sqrt(np.maximum(left, _LOOSE))
            found = grow.reshape(-1, BLOCK), loose
            if len(self._factors) >= _KEPT_FACTORS:
                self._factors.clear()
            self._factors[key] = found
        return found

    def _coarse(self, directed: FloatArray, factor: NDArray[np.float32]) -> NDArray[np.float32]:
        """First-level bounds, (blocks, 1024): the best over the shifts. Two threads share the blocks."""
        query = np.column_stack([directed, _left_over(directed, _SLACK)]).astype(np.float32)
        blocks = len(self.first)
        out = np.empty((blocks, BLOCK), dtype=np.float32)

        def work(start: int, stop: int) -> None:
            product = np.empty((len(query), BLOCK), dtype=np.float32)
            for b in range(start, stop):
                np.dot(query, self.first[b], out=product)
                np.maximum.reduce(product, axis=0, out=out[b])
            out[start:stop] += _SLACK
            out[start:stop] *= factor[start:stop]

        if blocks < _TWO_WORKERS_FROM:
            work(0, blocks)
        else:
            HELPER.both(lambda: work(0, blocks // 2), lambda: work(blocks // 2, blocks))
        return out

    def _seed(
        self,
        search: Search,
        moved: Moved,
        coarse: NDArray[np.float32],
        fine: NDArray[np.float32],
        factor: NDArray[np.float32],
    ) -> IntArray:
        """Score a few entries with high bounds, so that the ranking asks for something before the rest is looked at.

        Their places are returned.
        """
        blocks, top = len(coarse), search.ranking.top
        columns = coarse.reshape(blocks, BLOCK // _CHUNKS, _CHUNKS)
        peaks = columns.max(axis=1).reshape(-1)
        wanted = min(max(64, 4 * top), peaks.size)
        chosen = np.argpartition(peaks, peaks.size - wanted)[peaks.size - wanted :]
        block, column = np.divmod(chosen, _CHUNKS)
        place = block * BLOCK + np.argmax(columns[block, :, column], axis=1) * _CHUNKS + column
        place = place[place < self.rows.size]
        order = np.argsort(-self._fine(place, fine, factor), kind="stable")
        if search.ranking.groups is not None:
            groups = search.ranking.groups[self.rows[place[order]]]
            order = order[np.sort(np.unique(groups, return_index=True)[1])]
        chosen = np.sort(place[order[: top + _EXTRA_SEEDS]])
        search.score(moved, self.rows[chosen])
        return chosen

    def _fine(self, place: IntArray, query: NDArray[np.float32], factor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Second-level bounds of some places, (k,); `query` (128, S)."""
        out = np.empty(place.size, dtype=np.float32)
        for at in range(0, place.size, 256):
            some = slice(at, at + 256)
            np.maximum.reduce(self.second[place[some]] @ query, axis=1, out=out[some])
        return (out + np.float32(_SLACK)) * factor.reshape(-1)[place]


def _unit_rows(references: Features, rows: IntArray) -> FloatArray:
    energy = references.energy[rows]
    return references.take(rows) / np.sqrt(np.where(energy > 0, energy, 1.0))[:, None]


def _directions(references: Features, rows: IntArray) -> FloatArray:
    """127 orthonormal directions (1801, 127) that hold most of the energy of evenly chosen rows, strongest first."""
    from scipy.linalg import eigh

    chosen = rows[np.unique(np.linspace(0, rows.size - 1, min(rows.size, _SAMPLE)).astype(np.int64))]
    total = np.zeros((GRID.size, GRID.size))
    for at in range(0, chosen.size, BLOCK):
        unit = _unit_rows(references, chosen[at : at + BLOCK])
        total += unit.T @ unit
    wanted = [GRID.size - _SECOND + 1, GRID.size - 1]
    return np.ascontiguousarray(eigh(total, subset_by_index=wanted)[1][:, ::-1])


def _left_over(directed: FloatArray, slack: float = 1e-9) -> FloatArray:
    """Length of what the directions leave over of unit rows, (k,), a little too long rather than too short."""
    return np.asarray(np.sqrt(np.maximum(0.0, 1.0 - (directed**2).sum(axis=1)) + slack))


def _directed(query: NDArray[np.float32], basis: NDArray[np.float32]) -> FloatArray:
    """`query` (S, 1801) times the basis, (S, 127), in pieces of 128 points: less rounding, each on one thread."""
    # Products of 8 by 128 run a third faster than those of 7 by 127.
    even = np.zeros((-(-len(query) // 8) * 8, GRID.size), dtype=np.float32)
    even[: len(query)] = query
    out = np.zeros((len(even), basis.shape[1]))
    for at in range(0, GRID.size, _PIECE):
        out += even[:, at : at + _PIECE] @ basis[at : at + _PIECE]
    return out[: len(query), :-1]
