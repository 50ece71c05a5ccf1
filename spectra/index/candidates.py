"""Rows of an answer: what a chemist reads beside a score, for one query or for all scans of a run at once.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spectra.peaktable import IntArray, peak_weights
from spectra.preprocess import Peaks
from spectra.similarity import Score, WeightedCosine
from spectra.similarity.base import safe_ratio
from spectra.types import Candidate

if TYPE_CHECKING:
    from spectra.index.mass import MassLibrary

_TOGETHER = 1_000
"""Scans whose rows are computed together: bounds the memory."""


def candidates(
    library: MassLibrary, query: Peaks, rule: Score, entries: IntArray, scores: NDArray[np.float32]
) -> list[Candidate]:
    """One Candidate per entry, in this order: reverse score, matched peaks, share of the query explained."""
    part = library.table.take(entries)
    matches = part.match(query, rule.window)
    reverse = rule.reverse(query, part, matches).astype(np.float32).tolist()
    explained = (part.sums(matches.row, query.intensity[matches.query]) / query.intensity.sum()).tolist()
    counts = np.bincount(matches.row, minlength=part.n).tolist()
    shelf = str(library.info.get("name", ""))
    names, compounds, ids = library.names, library.compounds, library.ids
    return [
        Candidate(
            entry=e,
            name=names[e],
            compound=compounds[e],
            score=s,
            score_name=rule.name,
            reverse_score=reverse[k],
            matched_peaks=counts[k],
            explained_fraction=explained[k],
            rank=k + 1,
            library=shelf,
            entry_id=ids[e],
        )
        for k, (e, s) in enumerate(zip(entries.tolist(), scores.tolist(), strict=True))
    ]


def candidates_of_run(
    library: MassLibrary,
    queries: Sequence[Peaks],
    rule: WeightedCosine,
    answers: Sequence[tuple[IntArray, NDArray[np.float32]]],
) -> list[list[Candidate]]:
    """`candidates` of every query by a cosine of unit mass: the same rows, computed together."""
    out: list[list[Candidate]] = []
    for start in range(0, len(queries), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        out += _together(library, queries[some], rule, answers[some])
    return out


def _together(
    library: MassLibrary,
    queries: Sequence[Peaks],
    rule: WeightedCosine,
    answers: Sequence[tuple[IntArray, NDArray[np.float32]]],
) -> list[list[Candidate]]:
    sizes = [entries.size for entries, _ in answers]
    entries = np.concatenate([e for e, _ in answers])
    part = library.table.take(entries)
    pair, asked = part.row, np.repeat(np.arange(len(queries)), sizes)
    height = _dense(queries, int(part.mz.max()) + 1 if part.mz.size else 1)
    query = height[asked[pair], part.mz]
    met = np.flatnonzero(query)
    mass, query, pair = np.asarray(part.mz[met], dtype=np.float64), query[met], pair[met]
    own, theirs = peak_weights(mass, query, rule.a, rule.b), part.weights(rule.a, rule.b)[met]
    dot, energy = part.sums(pair, own * theirs), part.sums(pair, own**2)
    reverse = safe_ratio(dot, np.sqrt(energy * part.energies(rule.a, rule.b))).astype(np.float32).tolist()
    totals = np.array([q.intensity.sum() for q in queries])
    explained = (part.sums(pair, query) / totals[asked]).tolist()
    counts = np.bincount(pair, minlength=part.n).tolist()
    scores = np.concatenate([s for _, s in answers]).tolist()
    known = {e: (library.names[e], library.compounds[e], library.ids[e]) for e in set(entries.tolist())}
    shelf, name = str(library.info.get("name", "")), rule.name
    rows, at = iter(zip(entries.tolist(), scores, reverse, counts, explained, strict=True)), []
    for size in sizes:
        mine = []
        for rank, (e, score, back, matched, share) in enumerate(islice(rows, size), start=1):
            substance, compound, key = known[e]
            mine.append(Candidate(e, substance, compound, score, name, back, matched, share, rank, shelf, key))
        at.append(mine)
    return at


def _dense(queries: Sequence[Peaks], masses: int) -> NDArray[np.float64]:
    """Intensities (Q, masses) of queries of unit mass; what lies beyond is in no reference."""
    out = np.zeros((len(queries), masses))
    for row, query in zip(out, queries, strict=True):
        known = int(np.searchsorted(query.mz, masses))
        row[query.mz[:known].astype(np.int64)] = query.intensity[:known]
    return out
