"""Rows of an answer: what a chemist reads beside a score, for one query or for all scans of a run at once.

Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import pairwise, repeat
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectra.acceleration import HELPER, Patience
from spectra.index.mass_index import MassIndex
from spectra.index.precursor_error import error_ppm
from spectra.index.queries import Queries
from spectra.peaktable import IntArray, PeakTable, peak_weights
from spectra.preprocess import Peaks
from spectra.similarity import Score, WeightedCosine
from spectra.similarity.base import safe_ratio
from spectra.types import Candidate, FloatArray

_TOGETHER, _CELLS = 128, 1 << 17
"""Scans whose figures are computed together, and scans times masses: their columns stay in the second cache."""
_patience = Patience()


class _Row:
    """A Candidate while it is written: the same fields, frozen once they stand. A third of the usual price."""

    __slots__ = tuple(f.name for f in fields(Candidate))

    def __init__(
        self, entry: int, name: str, compound: str, score: float, score_name: str, reverse: float, matched: int,
        explained: float, rank: int, library: str, entry_id: str, precursor_error: float | None,
    ) -> None:  # fmt: skip
        self.entry, self.name, self.compound = entry, name, compound
        self.score, self.score_name, self.reverse_score = score, score_name, reverse
        self.matched_peaks, self.explained_fraction, self.rank = matched, explained, rank
        self.library, self.entry_id = library, entry_id
        self.ambiguity_group = self.shift = self.margin = None
        self.ambiguous_with = ()
        self.precursor_error = precursor_error
        self.__class__ = Candidate  # type: ignore[assignment]


def candidates(
    library: MassIndex,
    query: Peaks,
    rule: Score,
    entries: IntArray,
    scores: NDArray[np.float32],
    identity: bool = False,
) -> list[Candidate]:
    """One Candidate per entry, in this order: reverse score, matched peaks, share of the query explained.

    `identity`: with the error of their precursor.
    """
    part = library.table.take(entries)
    matches = part.match(query, rule.window)
    reverse = rule.reverse(query, part, matches).astype(np.float32)
    # Both sums run in rising mass: what is explained altogether is 1 and not a rounding more.
    explained = part.sums(matches.row, query.intensity[matches.query]) / np.add.accumulate(query.intensity)[-1]
    counts = np.bincount(matches.row, minlength=part.n)
    texts = [column.take(entries) for column in (library.names, library.compounds, library.ids)]
    rank = range(1, entries.size + 1)
    error = error_ppm(part.precursor, query.precursor_mz).tolist() if identity else repeat(None)
    return _rows(library, rule, texts, entries, rank, scores, reverse, counts, explained, error)


def candidates_of_run(
    library: MassIndex, queries: Queries, rule: WeightedCosine, entries: IntArray, scores: NDArray[np.float32],
    accelerator: str,
) -> list[list[Candidate]]:  # fmt: skip
    """`candidates` of every query by a cosine of unit mass: the same rows, computed together.

    `entries`, `scores` (Q, top): the answers, entry −1 where there is none left.
    """
    given = entries >= 0
    entry, (asked, place) = entries[given], np.nonzero(given)
    if entry.size == 0:
        return [[] for _ in range(len(queries))]
    used = np.zeros(len(library), dtype=bool)
    used[entry] = True
    known, own = np.flatnonzero(used), (np.cumsum(used) - 1)[entry]
    ends = np.searchsorted(asked, np.arange(len(queries) + 1))
    weight = peak_weights(queries.mz, queries.intensity, rule.a, rule.b)
    pairs = _Pairs(library.table.take(known), own, ends, queries, weight, rule)
    reverse, counts, explained = pairs.figures(accelerator)
    columns = library.names, library.compounds, library.ids
    texts = [np.array(column.take(known), dtype=object)[own].tolist() for column in columns]
    rank = (place + 1).tolist()
    with _collector_paused():
        shown = _rows(
            library,
            rule,
            texts,
            entry,
            rank,
            scores[given],
            reverse.astype(np.float32),
            counts,
            explained,
            repeat(None),
        )
        return [shown[a:b] for a, b in pairwise(ends.tolist())]


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No search for cycles in the meantime: rows refer to none, and looking through all else costs more than making them."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _rows(
    library: MassIndex, rule: Score, texts: Sequence[list[str]], entries: IntArray, rank: Iterable[int],
    scores: NDArray[np.float32], reverse: NDArray[np.float32], matched: IntArray, explained: FloatArray,
    error: Iterable[float | None],
) -> list[Candidate]:  # fmt: skip
    """One Candidate per pair, in this order; all arrays (K,), `texts` names, compounds and ids."""
    names, compounds, ids = texts
    registry = str(library.info.get("name", ""))
    rows = map(
        _Row, entries.tolist(), names, compounds, scores.tolist(), repeat(rule.name), reverse.tolist(),
        matched.tolist(), explained.tolist(), rank, repeat(registry), ids, error,
    )  # fmt: skip
    return cast("list[Candidate]", list(rows))


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of a query and a reference of `part`, by query: those of query q are `own[ends[q]:ends[q + 1]]`.

    `own` (pairs,) reference, `ends` (Q+1,); `weight` (S,) of the queries' peaks.
    """

    part: PeakTable
    own: IntArray
    ends: IntArray
    queries: Queries
    weight: FloatArray
    rule: WeightedCosine

    def figures(self, accelerator: str) -> tuple[FloatArray, IntArray, FloatArray]:
        """Reverse score, number of matched peaks and explained share of every pair, (pairs,) each."""
        if _patience.wants_numba(accelerator):
            sums, counts = self._compiled()
        else:
            with _patience.counting():
                sums, counts = self._sums()
        line = np.repeat(np.arange(len(self.queries)), np.diff(self.queries.offsets))
        total = np.bincount(line, weights=self.queries.intensity)
        energy = self.part.energies(self.rule.a, self.rule.b)[self.own]
        reverse = safe_ratio(sums[:, 0], np.sqrt(sums[:, 1] * energy))
        return reverse, counts, sums[:, 2] / np.repeat(total, np.diff(self.ends))

    @property
    def _masses(self) -> int:
        return int(self.part.mz.max()) + 1

    def _compiled(self) -> tuple[FloatArray, IntArray]:
        from spectra.index.candidates_numba import pair_sums

        part, asked = self.part, self.queries
        references = part.mz, part.weights(self.rule.a, self.rule.b), part.offsets
        sums, counts = np.empty((self.own.size, 3)), np.empty(self.own.size, dtype=np.int64)

        def some(of: slice) -> None:
            pair_sums(
                *references, asked.mz, asked.intensity, self.weight, asked.offsets[of], self.own, self.ends[of],
                self._masses, sums, counts,
            )  # fmt: skip

        half = len(asked) // 2
        HELPER.both(lambda: some(slice(0, half + 1)), lambda: some(slice(half, None)))
        return sums, counts

    def _sums(self) -> tuple[FloatArray, IntArray]:
        """Σ w_q·w_l, Σ w_q² and the sum of the query's intensities (pairs, 3), number of matched peaks (pairs,)."""
        n, part, masses = len(self.queries), self.part, self._masses
        weights = _matrix(
            part.weights(self.rule.a, self.rule.b), part.mz.astype(np.int32), part.offsets.astype(np.int32), masses
        )
        together = max(1, min(_TOGETHER, _CELLS // masses))
        steps = list(pairwise([*range(0, n, together), n]))

        def some(of: list[tuple[int, int]]) -> list[FloatArray]:
            spread, facts = np.zeros(together * masses), np.zeros((together * masses, 3))
            return [self._some(weights, spread, facts, first, last) for first, last in of]

        half = len(steps) // 2
        one, other = HELPER.both(lambda: some(steps[:half]), lambda: some(steps[half:]))
        found = np.concatenate([*one, *other])
        return found[:, :3], found[:, 3].astype(np.int64)

    def _some(self, weights: Any, spread: FloatArray, facts: FloatArray, first: int, last: int) -> FloatArray:
        """`_sums` for the queries first…last − 1; `spread`, `facts` hold 0 before and after."""
        masses, ends = int(weights.shape[1]), self.ends[first : last + 1]
        offsets = self.queries.offsets[first : last + 1]
        part = slice(int(offsets[0]), int(offsets[-1]))
        mz, height, weight = self.queries.mz[part], self.queries.intensity[part], self.weight[part]
        at = np.repeat(np.arange(last - first) * masses, np.diff(offsets)) + mz.astype(np.int64)
        inside = mz < masses
        if not inside.all():
            # What lies beyond is in no reference.
            at, weight, height = at[inside], weight[inside], height[inside]
        spread[at] = weight
        facts[at, 0], facts[at, 1], facts[at, 2] = weight**2, height, 1.0
        picked = weights[self.own[ends[0] : ends[-1]]]
        # Every pair looks into the row of its own query: one long vector, columns moved accordingly.
        shift = np.repeat(np.arange(last - first, dtype=np.int32) * np.int32(masses), np.diff(ends))
        columns = picked.indices + np.repeat(shift, np.diff(picked.indptr))
        out = np.empty((ends[-1] - ends[0], 4))
        out[:, 0] = _matrix(picked.data, columns, picked.indptr, spread.size) @ spread
        out[:, 1:] = _matrix(np.ones(columns.size), columns, picked.indptr, spread.size) @ facts
        spread[at] = 0.0
        facts[at] = 0.0
        return out


def _matrix(data: FloatArray, columns: NDArray[np.int32], ends: NDArray[np.int32], width: int) -> Any:
    """A sparse matrix of parts that are known to fit: checking them costs more than using them."""
    out = csr_array((ends.size - 1, width), dtype=np.float64)
    out.data, out.indices, out.indptr = data, columns, ends
    return out
