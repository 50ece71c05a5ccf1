"""Candidates of an infrared reading: the exact first-derivative search, in the order of the aligned fit.

The first derivative is what chemists know and can compare with other software; alignment (shift, width, tilt,
baseline) is right more often about which compound it is, and is what the parts of a mixture rest on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.laboratory.identification.own_infrared import own_first
from app.laboratory.identification.parts import Alignment, Candidate
from app.laboratory.identification.ranking import SearchConditions, as_candidates, merged, regrouped, rounded, tagged
from app.laboratory.library.opened import Opened
from spectra import Candidate as Hit
from spectra import InfraredSpectrum, SpectrumError

SCORE = "first_derivative"
RANKED_BY = "aligned"
LOOKED_AT = 60
"""Compounds of each library that are put in order; as many as alignment looks at (`hits_by_alignment`)."""


class AlignedScores:
    """How well the compounds of a registry fit once aligned, 0 to 1: by library and compound as the library calls it."""

    def __init__(self, query: InfraredSpectrum, registry: Sequence[Opened], conditions: SearchConditions) -> None:
        self._scores: dict[tuple[str, str], float] = {}
        for one in registry:
            for row in _aligned(query, one):
                self._scores[one.key, conditions.index.unified(row).compound] = row.score

    def of(self, row: Hit) -> float | None:
        """The aligned score of a row of the registry; None for one that was not aligned."""
        return self._scores.get((row.library, row.compound))

    def ordered(self, rows: Sequence[Hit]) -> list[Hit]:
        """Best aligned first; what was not aligned behind, as it came. Groups and margins are those of this order."""
        best = sorted(rows, key=lambda row: -(self.of(row) or 0.0))
        out = regrouped([replace(row, rank=place) for place, row in enumerate(best, start=1)])
        return [replace(row, margin=self._margin(row, out)) for row in out]

    def _margin(self, row: Hit, rows: Sequence[Hit]) -> float | None:
        here = self.of(row)
        other = next((r for r in rows[row.rank :] if r.ambiguity_group != row.ambiguity_group), None)
        there = self.of(other) if other is not None else None
        return None if here is None or there is None else here - there


def _aligned(query: InfraredSpectrum, one: Opened) -> list[Hit]:
    try:
        return one.infrared.search_compounds(query, LOOKED_AT, score=RANKED_BY)
    except SpectrumError:  # too few points in common to fit anything to
        return []


def infrared_rows(
    query: InfraredSpectrum, registry: Sequence[Opened], conditions: SearchConditions
) -> tuple[list[Hit], AlignedScores]:
    """One ranking over all libraries, one row per compound, the laboratory's own references first where they fit.

    `score` of a row is its exact first-derivative correlation; `margin` is of the aligned scores.
    """
    found = [
        c for one in registry for c in tagged(one, one.infrared.search_compounds(query, LOOKED_AT, "first_derivative"))
    ]
    aligned, wide = AlignedScores(query, registry, conditions), replace(conditions, top=LOOKED_AT)
    return own_first(
        found, registry, conditions, lambda some: aligned.ordered(merged(some, wide))[: conditions.top]
    ), aligned


def with_aligned(
    rows: Sequence[Hit], aligned: AlignedScores, registry: Sequence[Opened], conditions: SearchConditions
) -> tuple[Candidate, ...]:
    """Rows as candidates, each with its aligned score beside the exact one."""
    candidates = as_candidates(rows, registry, conditions.index)
    scores = (Alignment(rounded(aligned.of(row))) for row in rows)
    return tuple(replace(row, alignment=score) for row, score in zip(candidates, scores, strict=True))


def order_sentences(rows: Sequence[Hit], aligned: AlignedScores) -> list[str]:
    """The best row with both scores, and the compound the first derivative alone would have put first."""
    best = rows[0]
    fit = aligned.of(best)
    after = f"{fit:.2f} of 1 once aligned, " if fit is not None else ""
    shift = f"shifted by {best.shift:+.0f} cm⁻¹" if best.shift else "not shifted"
    out = [f"Best match: {best.name}, {after}first-derivative correlation {best.score:.2f} of 1, {shift}."]
    alone = max(rows, key=lambda row: row.score)
    if alone.compound != best.compound and alone.ambiguity_group != best.ambiguity_group:
        out.append(f"By the first derivative alone {alone.name} would stand first, at {alone.score:.2f}.")
    return out
