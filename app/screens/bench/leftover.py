"""What a part of a residual resembles: what is left of an infrared spectrum once the components of the mixture are taken out of it,
beside one band that they do not explain. A hint where to look next, never a finding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.laboratory.identification.answer import Answer
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings import references
from app.results.bench import Shown
from spectra import InfraredSpectrum, SpectrumError

BESIDE = 150.0
"""cm⁻¹ to either side of the band: a substance shows more than one band, and more of the residual is more noise."""
MOST_HITS = 5
LEAST_SCORE = 0.3


@dataclass(frozen=True, slots=True)
class LeftHit:
    """A compound whose bands lie there too. `place`: where it stands among the matches, from 1; 0 where it does not."""

    name: str
    library: str
    score: float
    place: int


@dataclass(frozen=True, slots=True)
class Leftover:
    """What the residual resembles between `low` and `high` cm⁻¹."""

    band: int
    low: int
    high: int
    hits: tuple[LeftHit, ...]


def bands_left(answer: Answer | None) -> tuple[int, ...]:
    """The bands a mixture leaves unexplained, the strongest first."""
    if answer is None or answer.fit is None or answer.infrared is None or answer.infrared.curves is None:
        return ()
    return tuple(round(band) for band in answer.fit.residual_bands[:6])


def left_at(shown: Shown, registry: LibraryRegistry, band: int) -> Leftover | None:
    """What the residual resembles around one of its unexplained bands; None where there is no such band."""
    answer = shown.answer
    if answer is None or band not in bands_left(answer):
        return None
    assert answer.infrared is not None
    assert answer.infrared.curves is not None
    curves = answer.infrared.curves
    x = np.array(curves.x, dtype=np.float64)
    y = np.array(curves.residual, dtype=np.float64) * curves.unit
    near = np.abs(x - band) <= BESIDE
    x, y = x[near], y[near]
    order = np.argsort(x)
    known = {part.compound for part in answer.components}
    found: dict[str, LeftHit] = {}
    for book in references.vibrational_books(shown.reading, registry):
        try:
            hits = book.infrared.search_compounds(
                InfraredSpectrum(x[order], y[order]), MOST_HITS + len(known), "first_derivative"
            )
        except SpectrumError:  # too few points of it
            continue
        for hit in hits:
            if (
                hit.compound not in known
                and hit.score >= LEAST_SCORE
                and hit.score > getattr(found.get(hit.compound), "score", 0.0)
            ):
                place = next((k for k, c in enumerate(shown.candidates, start=1) if c.compound == hit.compound), 0)
                found[hit.compound] = LeftHit(hit.name, book.name, hit.score, place)
    best = sorted(found.values(), key=lambda hit: -hit.score)[:MOST_HITS]
    return Leftover(band, round(band - BESIDE), round(band + BESIDE), tuple(best))
