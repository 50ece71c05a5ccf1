"""Which search answers which infrared score, by entry and by compound. Imports numpy and `spectra` only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectra.index.infrared_curves import refuse_other_technique
from spectra.index.infrared_hits import grouped, hits_by_peaks, hits_by_score
from spectra.index.infrared_index import InfraredIndex
from spectra.index.infrared_peaks import PEAK_SCORES
from spectra.index.infrared_resolution import resolution_of
from spectra.infrared.ranking import ALIGNED, hits_by_alignment
from spectra.similarity.infrared import InfraredScore
from spectra.types import Candidate, InfraredSpectrum, SpectrumError

_MOST_FOR_A_MARGIN = 200


def hits(
    library: InfraredIndex,
    query: InfraredSpectrum,
    score: str,
    max_shift: float,
    top: int,
    groups: NDArray[np.int64] | None = None,
) -> list[Candidate]:
    """The `top` best entries by a score; `groups` (N,): only the best entry of each. See `InfraredLibrary.search`."""
    refuse_other_technique(query, score, library.raman)
    if score in PEAK_SCORES:
        return hits_by_peaks(library, query, score, max_shift, top, groups)
    if score == ALIGNED:
        resolution_of(query)  # refuses what is too coarse to compare
        try:
            return hits_by_alignment(library, query, top, groups)
        except SpectrumError:  # too few points in common to fit anything to
            score = "first_derivative"
    return hits_by_score(library, query, InfraredScore(score, max_shift, air=not library.raman), top, groups)


def compounds(
    library: InfraredIndex, query: InfraredSpectrum, top: int, score: str = ALIGNED, max_shift: float = 6.0
) -> list[Candidate]:
    """The `top` best compounds, one row each; see `InfraredLibrary.search_compounds`."""
    wanted = top + 1
    while True:
        found = hits(library, query, score, max_shift, wanted, library.codes)
        rows = grouped(library, found)
        settled = not rows or rows[0].margin is not None or len(found) < wanted
        if settled or 2 * wanted > _MOST_FOR_A_MARGIN:
            return rows[:top]
        wanted *= 2
