"""The score "aligned": the entries most like the reading, each fitted with its own shift, blur and tilt.

Why: derivative scores lose 5 to 8 in 100 first places to blur, tilt and noise that alignment accounts for. Imports
numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.index.infrared_index import InfraredIndex
from spectra.infrared.align import align_nearest, relative_residual
from spectra.infrared.scene import FitProblem, covering, on_range, scene_of
from spectra.infrared.warp import IntArray
from spectra.infrared_grid import CO2, curve
from spectra.similarity.infrared import InfraredScore
from spectra.types import Candidate, FloatArray, InfraredSpectrum

ALIGNED = "aligned"


def hits_by_alignment(
    library: InfraredIndex, query: InfraredSpectrum, top: int, groups: IntArray | None = None
) -> list[Candidate]:
    """The best `top` entries by r = √(1 − |r|²/|y|²) after alignment; `groups` (N,): only the best entry of each.

    Approximate: aligned are the 60 entries (at least twice `top`) of the highest first-derivative score over shifts of
    ±10 cm⁻¹, at equal weights, baseline removed. The half that resembles the reading less after two steps takes no more of
    them. Entries of a smaller range are aligned on theirs.
    `explained_fraction` is r² times the share of the reading's points that was compared. Raises SpectrumError when
    reading and library have fewer than 100 points in common.
    """
    found = _Found.of(library, curve(query, library.raman), max(int(load("infrared")["align"]["screened"]), 2 * top))
    order = np.lexsort((found.entries, -found.scores))
    if groups is not None:
        _, first = np.unique(groups[found.entries[order]], return_index=True)
        order = order[np.sort(first)]
    registry = str(library.info.get("name", ""))
    return [
        Candidate(
            entry=e,
            name=library.names[e],
            compound=library.compounds[e],
            score=float(np.float32(found.scores[k])),
            score_name=ALIGNED,
            explained_fraction=float(found.scores[k] ** 2 * found.overlaps[k]),
            rank=rank,
            library=registry,
            entry_id=library.ids[e],
            shift=float(found.shifts[k]),
        )
        for rank, (k, e) in enumerate(((int(k), int(found.entries[k])) for k in order[:top]), start=1)
    ]


class _Found:
    """Entries (k,) with their aligned correlation, shift in cm⁻¹ and overlap."""

    def __init__(self, entries: IntArray, scores: FloatArray, shifts: FloatArray, overlaps: FloatArray) -> None:
        positive = scores > 0
        self.entries, self.scores = entries[positive], scores[positive]
        self.shifts, self.overlaps = shifts[positive], overlaps[positive]

    @classmethod
    def of(cls, library: InfraredIndex, query: FloatArray, count: int) -> _Found:
        """Screen and align."""
        reach = float(load("infrared")["align"]["screen_shift"])
        rule = InfraredScore("first_derivative", reach, air=not library.raman)
        screened, shifts, _ = rule.over(query, library.features("first_derivative"))
        scene_of(library.references, query)  # refuses what cannot be compared
        near = np.argsort(-screened, kind="stable")[:count]
        near = near[(screened[near] > 0) & (library.references.sizes[near] > 0)]
        known = max(int((np.isfinite(query) & ~(CO2 & library.references.air)).sum()), 1)
        parts = [np.zeros((4, 0))]
        for scene, rows in _by_range(library, query, near):
            fits = align_nearest(scene, rows, shifts[rows])
            scores = np.sqrt(np.clip(1.0 - relative_residual(fits), 0.0, 1.0))
            scores[[f.state.share[0] <= 0 for f in fits]] = 0.0
            moved = np.array([f.state.alignment.shift for f in fits])
            parts.append(np.stack([rows, scores, moved, np.full(rows.size, scene.used.sum() / known)]))
        entries, scores, moved, overlaps = np.concatenate(parts, axis=1)
        return cls(entries.astype(np.int64), scores, moved, overlaps)


def _by_range(library: InfraredIndex, query: FloatArray, near: IntArray) -> Iterator[tuple[FitProblem, IntArray]]:
    """The entries `near` in groups that can be compared on the same points, each with the scene of these points."""
    references = library.references
    known = np.isfinite(query) & ~(CO2 & references.air)
    shared: NDArray[np.bool_] = references.masks & known
    left = near
    while left.size:
        points = shared[references.pattern[left[0]]]
        if points.sum() < int(load("infrared")["align"]["least_points"]):
            left = left[1:]
            continue
        whole = shared[references.pattern[left]].sum(axis=1)
        same = np.isin(left, covering(references, points)) & (whole <= points.sum() / 0.98)
        yield on_range(references, left[same], points, query), left[same]
        left = left[~same]
