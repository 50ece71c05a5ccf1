"""Rows of an answer: what a chemist reads beside a score, for one query or for all scans of a run at once.

Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import chain, pairwise, repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectra.acceleration import HELPER
from spectra.index.queries import Queries
from spectra.peaktable import IntArray, PeakTable, peak_weights
from spectra.preprocess import Peaks
from spectra.similarity import Score, WeightedCosine
from spectra.similarity.base import safe_ratio
from spectra.types import Candidate, FloatArray

if TYPE_CHECKING:
    from spectra.index.mass import MassLibrary

_TOGETHER = 128
"""Scans whose figures are computed together: their columns stay in the second cache."""


class _Row:
    """A Candidate while it is written: the same fields, frozen once they stand. A third of the usual price."""

    __slots__ = tuple(f.name for f in fields(Candidate))

    def __init__(
        self, entry: int, name: str, compound: str, score: float, score_name: str, reverse: float, matched: int,
        explained: float, rank: int, library: str, entry_id: str,
    ) -> None:  # fmt: skip
        self.entry, self.name, self.compound = entry, name, compound  # type: ignore[misc]
        self.score, self.score_name, self.reverse_score = score, score_name, reverse  # type: ignore[misc]
        self.matched_peaks, self.explained_fraction, self.rank = matched, explained, rank  # type: ignore[misc]
        self.library, self.entry_id = library, entry_id  # type: ignore[misc]
        self.ambiguity_group = self.shift = self.margin = None  # type: ignore[misc]
        self.ambiguous_with = ()  # type: ignore[misc]
        self.__class__ = Candidate  # type: ignore[assignment]


def candidates(
    library: MassLibrary, query: Peaks, rule: Score, entries: IntArray, scores: NDArray[np.float32]
) -> list[Candidate]:
    """One Candidate per entry, in this order: reverse score, matched peaks, share of the query explained."""
    part = library.table.take(entries)
    matches = part.match(query, rule.window)
    reverse = rule.reverse(query, part, matches).astype(np.float32)
    explained = part.sums(matches.row, query.intensity[matches.query]) / query.intensity.sum()
    counts = np.bincount(matches.row, minlength=part.n)
    return _rows(library, rule.name, entries, np.arange(1, entries.size + 1), scores, reverse, counts, explained)


def candidates_of_run(
    library: MassLibrary, queries: Queries, rule: WeightedCosine, entries: IntArray, scores: NDArray[np.float32]
) -> list[list[Candidate]]:
    """`candidates` of every query by a cosine of unit mass: the same rows, computed together.

    `entries`, `scores` (Q, top): the answers, entry −1 where there is none left.
    """
    given = entries >= 0
    sizes = given.sum(axis=1)
    entry, rank = entries[given], np.nonzero(given)[1] + 1
    known, own = np.unique(entry, return_inverse=True)
    references, ends = _References.of(library.table.take(known), rule), np.r_[0, np.cumsum(sizes)]
    steps = [*range(0, len(queries), _TOGETHER), len(queries)]

    def figures(parts: list[tuple[int, int]]) -> list[tuple[FloatArray, ...]]:
        return [_figures(references, own[ends[a] : ends[b]], sizes[a:b], queries, rule, a, b) for a, b in parts]

    parts = list(pairwise(steps))
    half = len(parts) // 2
    done = chain(*HELPER.both(lambda: figures(parts[:half]), lambda: figures(parts[half:])))
    reverse, counts, explained = (np.concatenate(column) for column in zip(*done, strict=True))
    shown = _rows(library, rule.name, entry, rank, scores[given], reverse.astype(np.float32), counts, explained)
    return [shown[a:b] for a, b in pairwise(ends.tolist())]


@dataclass(frozen=True, eq=False)
class _References:
    """R references as sparse rows (R, masses): `weights`, and `ones` at the same places; `energy` (R,)."""

    weights: csr_array
    ones: csr_array
    energy: FloatArray

    @classmethod
    def of(cls, part: PeakTable, rule: WeightedCosine) -> _References:
        columns, ends = part.mz.astype(np.int32), part.offsets.astype(np.int32)
        shape = part.n, int(columns.max(initial=0)) + 1
        weights = csr_array((part.weights(rule.a, rule.b), columns, ends), shape=shape)
        ones = csr_array((np.ones(columns.size), columns, ends), shape=shape)
        return cls(weights, ones, part.energies(rule.a, rule.b))


def _figures(
    references: _References, own: IntArray, sizes: IntArray, queries: Queries, rule: WeightedCosine, first: int, last: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Reverse score, matched peaks and explained share of the pairs of some queries; sums run in rising mass."""
    masses = int(references.weights.shape[1])
    start, end = int(queries.offsets[first]), int(queries.offsets[last])
    mz, height = queries.mz[start:end], queries.intensity[start:end]
    line = np.repeat(np.arange(last - first), np.diff(queries.offsets[first : last + 1]))
    inside = mz < masses
    at = line[inside] * masses + mz[inside].astype(np.int64)
    weight = peak_weights(mz, height, rule.a, rule.b)[inside]
    spread, facts = np.zeros((last - first) * masses), np.zeros(((last - first) * masses, 3))
    spread[at] = weight
    facts[at, 0], facts[at, 1], facts[at, 2] = height[inside], weight**2, 1.0
    asked = np.repeat(np.arange(last - first), sizes)
    # Every pair looks into the row of its own query: one long vector, columns moved accordingly.
    picked = references.weights[own]
    shift = np.repeat((asked * masses).astype(np.int32), np.diff(picked.indptr))
    dot = _matrix(picked.data, picked.indices + shift, picked.indptr, spread.size) @ spread
    sums = _matrix(np.ones(shift.size), picked.indices + shift, picked.indptr, spread.size) @ facts
    total = np.array([np.add.reduce(height[a:b]) for a, b in pairwise((queries.offsets[first : last + 1] - start).tolist())])
    reverse = safe_ratio(dot, np.sqrt(sums[:, 1] * references.energy[own]))
    return reverse, sums[:, 2], sums[:, 0] / total[asked]


def _matrix(data: FloatArray, columns: NDArray[np.int32], ends: NDArray[np.int32], width: int) -> Any:
    """A sparse matrix of these parts, which are known to fit: checking them costs more than using them."""
    out = csr_array((ends.size - 1, width), dtype=np.float64)
    out.data, out.indices, out.indptr = data, columns, ends
    return out


def _rows(
    library: MassLibrary, score_name: str, entry: IntArray, rank: IntArray, scores: NDArray[np.float32],
    reverse: NDArray[np.float32], matched: NDArray[Any], explained: FloatArray,
) -> list[Candidate]:  # fmt: skip
    """One Candidate per pair, in this order; all arrays (K,)."""
    known, own = np.unique(entry, return_inverse=True)
    columns = library.names, library.compounds, library.ids
    names, compounds, ids = (np.array(column.take(known), dtype=object)[own].tolist() for column in columns)
    shelf = str(library.info.get("name", ""))
    rows = map(
        _Row, entry.tolist(), names, compounds, scores.tolist(), repeat(score_name), reverse.tolist(),
        matched.astype(np.int64).tolist(), explained.tolist(), rank.tolist(), repeat(shelf), ids,
    )  # fmt: skip
    return list(rows)  # type: ignore[arg-type]
