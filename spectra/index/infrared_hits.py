"""Rows of an infrared answer: candidates in order, with shift, overlap and the margin to the next different compound.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.grouping import group_by_compound
from spectra.index.infrared_index import InfraredIndex
from spectra.index.infrared_resolution import resolution_of
from spectra.index.infrared_search import Ranking
from spectra.infrared_grid import curve
from spectra.similarity.infrared import InfraredScore
from spectra.types import Candidate, InfraredSpectrum

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def hits_by_score(
    library: InfraredIndex, query: InfraredSpectrum, rule: InfraredScore, top: int, groups: IntArray | None
) -> list[Candidate]:
    """The best entries by a correlation; `groups` (N,): only the best entry of each."""
    found = library.engine.find(curve(query, library.raman), resolution_of(query), rule, top, groups)
    registry = str(library.info.get("name", ""))
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
            library=registry,
            entry_id=library.ids[e],
            shift=shift,
        )
        for rank, (e, score, shift, overlap) in enumerate(rows, start=1)
    ]


def hits_by_peaks(
    library: InfraredIndex, query: InfraredSpectrum, score: str, tolerance: float, top: int, groups: IntArray | None
) -> list[Candidate]:
    """The best entries by peak positions, forward or reverse; the other of the two stands beside it."""
    found = library.engine.peaks().answer(curve(query, library.raman), tolerance, library.engine.air)
    main, other = (found.forward, found.reverse) if score == "peaks" else (found.reverse, found.forward)
    ranking = Ranking(top, groups)
    ranking.add(np.arange(len(library), dtype=np.int64), main, found.shift, found.explained)
    answer, registry = ranking.found(), str(library.info.get("name", ""))
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
            library=registry,
            entry_id=library.ids[e],
            shift=float(answer.shifts[k]),
        )
        for k, e in enumerate(answer.entries.tolist())
    ]


def grouped(library: InfraredIndex, found: Sequence[Candidate]) -> list[Candidate]:
    """One row per compound with what cannot be told from it, and the margin to the next that is chemically different."""
    near = library.alike([row.entry for row in found])
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
