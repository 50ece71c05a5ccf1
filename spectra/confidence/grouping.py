"""Candidates by compound: one row each, with what cannot be told from it and the margin to the next.

Why: a chemist asks which compound, not which entry; ten entries of one drug must not hide the second one.
Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import decision
from spectra.types import Candidate


class LooksAlike(Protocol):
    """A library that knows which of its entries this method cannot tell apart."""

    def alike(self, entries: Sequence[int]) -> NDArray[np.bool_]:
        """Which of these k entries have references too similar to tell apart, (k, k)."""
        ...


def default_margin(score_name: str) -> float:
    """Score difference below which two compounds count as not told apart, in the scale of the score.

    >>> default_margin("composite"), default_margin("first_derivative")
    (30.0, 0.03)
    """
    if score_name == "composite":
        return decision("mass", "margin_composite")
    infrared = ("first_derivative", "second_derivative", "correlation", "euclid", "peaks", "peaks_reverse", "aligned")
    return decision("infrared", "margin") if score_name in infrared else decision("mass", "margin_fraction")


def group_by_compound(
    candidates: Sequence[Candidate], library: LooksAlike | None = None, margin: float | None = None
) -> list[Candidate]:
    """One candidate per compound (its best entry), ranked by score, with ambiguity filled in.

    `ambiguous_with`: names of other compounds here whose score lies within `margin` of this one, plus, given the
    `library`, compounds whose references look alike. `ambiguity_group`: compounds linked that way share a
    number, from 1 at the top. `margin`: distance to the next lower compound of another group (None when there
    is none). Input order does not matter.
    """
    ordered = sorted(candidates, key=lambda c: (-c.score, c.library, c.entry))
    rows: dict[str, Candidate] = {}
    for candidate in ordered:
        rows.setdefault(candidate.compound, candidate)
    best = list(rows.values())
    if not best:
        return []
    width = default_margin(best[0].score_name) if margin is None else margin
    links = _links(best, library, width)
    groups = _groups(links, len(best))
    names, scores = [row.name for row in best], [row.score for row in best]
    out = []
    for k, row in enumerate(best):
        others = tuple(names[j] for j in sorted(links[k]))
        other = next((scores[j] for j in range(k + 1, len(best)) if groups[j] != groups[k]), None)
        gap = None if other is None else row.score - other
        out.append(replace(row, rank=k + 1, ambiguous_with=others, ambiguity_group=groups[k], margin=gap))
    return out


def _links(best: list[Candidate], library: LooksAlike | None, width: float) -> list[set[int]]:
    """Per row the rows that cannot be told from it: close in score, or alike in their references."""
    scores = np.array([row.score for row in best])
    near = np.abs(scores[:, None] - scores) < width
    if library is not None:
        near |= library.alike([row.entry for row in best])
    np.fill_diagonal(near, False)
    return [set(np.flatnonzero(row).tolist()) for row in near]


def _groups(links: list[set[int]], n: int) -> list[int]:
    """Group numbers from 1 in rank order: a row joins the group of the first earlier group *leader* it is linked to.

    Not the transitive closure: a long chain of small steps would put everything into one group.
    """
    groups = [0] * n
    leaders: list[int] = []
    for k in range(n):
        for number, leader in enumerate(leaders, start=1):
            if leader in links[k] or k in links[leader]:
                groups[k] = number
                break
        else:
            leaders.append(k)
            groups[k] = len(leaders)
    return groups
