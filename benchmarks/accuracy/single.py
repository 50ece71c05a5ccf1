"""A1, A2, A4: one EI reading against an external library. Imports the bench only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy import Row
from benchmarks.accuracy.answers import cross_validated, sets, strangers, top
from benchmarks.accuracy.fit_calibration import EI, LEAST_MASS, SHARES, ei_pairs
from spectra.confidence.calibration import Calibration, shipped
from spectra.confidence.fitting import Observation, fitted

NAMES = {
    "nist": "NIST readings",
    "drugs": "MassBank readings, SWGDRUG only",
    "others": "MassBank readings, less own spectrum",
    "foreign": "MassBank readings, MassBank without the compound",
}
TOP = {"nist": (0.79, 0.94), "drugs": (0.87, 0.965), "others": (0.87, 0.965), "foreign": (None, None)}
SETS = {
    "nist": (0.965, 2.5, 0.99, 0.35),
    "drugs": (0.95, 2.5, 0.99, 0.35),
    "others": (0.95, 2.5, 0.99, 0.35),
    "foreign": (0.95, 2.5, None, None),
}


def rows(data: Path) -> list[Row]:
    """Ranks (nothing fitted but rounded weights), sets and strangers, cross-validated and as shipped."""
    found = ei_pairs(data)
    out = []
    for way, name in NAMES.items():
        out += [top("A1", name, found[way], k, target) for k, target in zip((1, 3), TOP[way], strict=True)]
    blind = cross_validated([p for way in SHARES for p in found[way]], _fit)
    for way, name in NAMES.items():
        out += sets("A2", name, found[way], blind.__getitem__, SETS[way], cv=True)
        out += sets("A2", f"{name} (final fit)", found[way], lambda _: shipped("ei"), SETS[way], cv=False)
    for way in ("nist", "foreign"):
        out += strangers("A4", NAMES[way], found[way], blind.__getitem__, cv=True)
    return out


def _fit(seen: Sequence[Observation]) -> Calibration:
    return fitted(EI, seen, [], LEAST_MASS)
