"""A7: one MS/MS reading of one contributor against the spectra of the others. Imports the bench only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy import Row
from benchmarks.accuracy.answers import cross_validated, sets, strangers, top
from benchmarks.accuracy.fit_calibration import MSMS, msms_pairs
from spectra.confidence.calibration import Calibration, shipped
from spectra.confidence.fitting import Observation, fitted

NAME = "MS/MS between contributors"


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
    ]


def _fit(seen: Sequence[Observation]) -> Calibration:
    return fitted(MSMS, seen, [])
