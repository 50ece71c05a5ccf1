"""A7: one MS/MS reading of one contributor against the spectra of the others. Imports the bench only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy import Row
from benchmarks.accuracy.answers import cross_validated, sets, strangers, top
from benchmarks.accuracy.development import msms_cases, msms_library
from benchmarks.accuracy.fit_calibration import MSMS, msms_pairs
from spectra.confidence.calibration import Calibration, shipped
from spectra.confidence.fitting import Observation, fitted

NAME = "MS/MS between contributors"
PPM = 10e-6


def rows(data: Path) -> list[Row]:
    """Ranks, sets and strangers, cross-validated and as shipped."""
    found = msms_pairs(data)
    blind = cross_validated(found, _fit)
    nothing = (None, None, None, None)
    return [
        top("A7", NAME, found, 1, 0.915),
        top("A7", NAME, found, 3, None),
        *sets("A7", NAME, found, blind.__getitem__, nothing, cv=True),
        *sets("A7", f"{NAME} (final fit)", found, lambda _: shipped("msms"), nothing, cv=False),
        *strangers("A7", NAME, found, blind.__getitem__, cv=True),
        *(searched(data, score) for score in ("entropy", "cosine", "weighted_cosine", "composite")),
    ]


def searched(data: Path, score: str) -> Row:
    """Share of readings whose best entry by `MassLibrary.search` within 10 ppm is of the true compound."""
    library, compound, _ = msms_library(data)
    cases = list(msms_cases(data))
    right = 0
    for case in cases:
        width = float(case.spectrum.precursor_mz or 0.0) * PPM
        found = library.search(case.spectrum, case.without.size + 1, score, precursor_tolerance=width)
        gone = set(case.without.tolist())
        best = next((row.entry for row in found if row.entry not in gone), None)
        right += best is not None and compound[best] == case.compound
    return Row("A7", f"{NAME}, search by {score} within 10 ppm: top-1", right / len(cases), len(cases), None)


def _fit(seen: Sequence[Observation]) -> Calibration:
    return fitted(MSMS, seen, [])
