"""Rows of an infrared answer: candidates in order, with shift, overlap and the margin to the next different compound.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import decision
from spectra.index.infrared_resolution import resolution_of
from spectra.index.infrared_search import Ranking
from spectra.infrared_grid import GRID, curve
from spectra.similarity.base import safe_ratio
from spectra.similarity.infrared import MIN_POINTS, InfraredScore
from spectra.types import Candidate, FloatArray, InfraredSpectrum

if TYPE_CHECKING:
    from spectra.index.infrared import InfraredLibrary

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def hits_by_score(
    library: InfraredLibrary, query: InfraredSpectrum, rule: InfraredScore, top: int, groups: IntArray | None
) -> list[Candidate]:
    """The best entries by a correlation; `groups` (N,): only the best entry of each."""
    found = library.engine.find(curve(query, library.raman), resolution_of(query), rule, top, groups)
    shelf = str(library.info.get("name", ""))
    rows = zip(
        found.entries.tolist(), found.scores.tolist(), found.shifts.tolist(), found.overlaps.tolist(), strict=True
    )
    return [
        Candidate(
            entry=e,
            name=library.names[e],
            compound=library.compounds[e],
            score=score,
            score_name=rule.name,
            explained_fraction=min(1.0, score**2 * overlap),
            rank=rank,
            library=shelf,
            entry_id=library.ids[e],
            shift=shift,
        )
        for rank, (e, score, shift, overlap) in enumerate(rows, start=1)
    ]


def hits_by_peaks(
    library: InfraredLibrary, query: InfraredSpectrum, score: str, tolerance: float, top: int, groups: IntArray | None
) -> list[Candidate]:
    """The best entries by peak positions, forward or reverse; the other of the two stands beside it."""
    found = library.engine.peaks().answer(curve(query, library.raman), tolerance, library.engine.air)
    main, other = (found.forward, found.reverse) if score == "peaks" else (found.reverse, found.forward)
    ranking = Ranking(top, groups)
    ranking.add(np.arange(len(library), dtype=np.int64), main, found.shift, found.explained)
    answer, shelf = ranking.found(), str(library.info.get("name", ""))
    return [
        Candidate(
            entry=e,
            name=library.names[e],
            compound=library.compounds[e],
            score=float(answer.scores[k]),
            score_name=score,
            reverse_score=float(np.float32(other[e])),
            matched_peaks=int(found.matched[e]),
            explained_fraction=float(answer.overlaps[k]),
            rank=k + 1,
            library=shelf,
            entry_id=library.ids[e],
            shift=float(answer.shifts[k]),
        )
        for k, e in enumerate(answer.entries.tolist())
    ]


def grouped(library: InfraredLibrary, found: Sequence[Candidate]) -> list[Candidate]:
    """One row per compound with what cannot be told from it, and the margin to the next that is chemically different."""
    from spectra.confidence.grouping import group_by_compound

    near = alike(library, [row.entry for row in found])
    place = {row.entry: k for k, row in enumerate(found)}

    class Known:
        """The likeness of these entries, computed once."""

        def alike(self, entries: Sequence[int]) -> NDArray[np.bool_]:
            """Which of them are too similar to tell apart."""
            at = [place[e] for e in entries]
            return near[np.ix_(at, at)]

    rows, out = group_by_compound(found, Known()), []
    for k, row in enumerate(rows):
        other = next((r.score for r in rows[k + 1 :] if not near[place[row.entry], place[r.entry]]), None)
        out.append(replace(row, margin=None if other is None else row.score - other))
    return out


def alike(library: InfraredLibrary, entries: Sequence[int]) -> NDArray[np.bool_]:
    """Which of these k entries are too similar to tell apart (first derivative r ≥ 0.97, best over ±6 cm⁻¹), (k, k)."""
    held, rows = library.features("first_derivative"), np.asarray(entries, dtype=np.int64)
    values, pattern = held.take(rows), held.pattern[rows]
    found = np.zeros((rows.size, rows.size))
    for one in np.unique(pattern):
        for other in np.unique(pattern):
            a, b = np.flatnonzero(pattern == one), np.flatnonzero(pattern == other)
            found[np.ix_(a, b)] = _between(values[a], held.masks[one], values[b], held.masks[other])
    close = found >= decision("infrared", "twin_correlation")
    return np.asarray(close | close.T)


def _between(first: FloatArray, mask: BoolArray, second: FloatArray, other: BoolArray) -> FloatArray:
    """Correlations of features (k, 1801) of one mask with those (l, 1801) of another, best over ±6 cm⁻¹, (k, l)."""
    best = np.zeros((len(first), len(second)))
    for step in InfraredScore().steps:
        here = slice(max(step, 0), GRID.size + min(step, 0))
        there = slice(max(-step, 0), GRID.size + min(-step, 0))
        shared = mask[here] & other[there]
        if np.count_nonzero(shared) >= MIN_POINTS:
            q, r = first[:, here] * shared, second[:, there] * shared
            size = np.sqrt((q**2).sum(axis=1)[:, None] * (r**2).sum(axis=1))
            np.maximum(best, safe_ratio(q @ r.T, size), out=best)
    return best
