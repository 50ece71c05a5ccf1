"""Plain cosine of intensities. Imports `spectra` only."""

from __future__ import annotations

from spectra.similarity.weighted_cosine import WeightedCosine


class Cosine(WeightedCosine):
    """cos = Σ I_q I_l / √(Σ I_q² · Σ I_l²), 0–1; the weighted cosine with w = I.

    Reference: Stein & Scott 1994, doi:10.1016/1044-0305(94)87009-8 (their dot product without weights).

    Misleads: one dominant ion (58 of many amines, 44, 91) makes unrelated compounds look alike.

    >>> from spectra.types import MassSpectrum
    >>> round(Cosine().pair(MassSpectrum([58, 91], [3, 4]), MassSpectrum([58], [5])), 6)
    0.6
    """

    name = "cosine"

    def __init__(self, tolerance: float | None = None) -> None:
        super().__init__(0.0, 1.0, tolerance)
