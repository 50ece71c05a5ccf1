"""A8: a library declared to hold general chemicals. What the declaration costs where a reading shows what only that library holds.

Readings: MassBank spectra of compounds that SWGDRUG does not hold and a second contributor of MassBank has measured too, alone and
mixed with a NIST reading of a drug (1:1, 3:1, 1:3). The library: SWGDRUG, and MassBank without these contributors' spectra of these
compounds, once as it is and once declared. Layers as shipped. The compounds were not used for any fit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.accuracy import Row
from benchmarks.accuracy.ei_mixtures import figures
from benchmarks.accuracy.ei_sets import Sample, _mixed, dev_samples, library_of, part_of
from spectra import MassLibrary

COMPOUNDS, SEED = 100, 4
RATIOS = ((1, 1), (3, 1), (1, 3))


def rows(data: Path) -> list[Row]:
    """Both libraries on the same readings, and what the declaration gains on the dev mixtures."""
    plain, first, readings = strangers(data)
    parts = np.arange(first), np.arange(first, len(plain))
    declared = part_of(plain, parts[0]).beside(part_of(plain, parts[1]))
    known = [s for s in dev_samples(data) if s.kind in ("mixtures", "nist")][::3]
    out = []
    for title, library in (("not declared", plain), ("declared", declared)):
        said = [({c.compound for c in library.explain(s.spectrum).components}, s) for s in readings + known]
        for kind in ("general", "general mixed", "mixtures", "nist"):
            some = [pair for pair in said if pair[1].kind == kind]
            found = figures(some)
            for key in ("F1", "exact", "ghosts", *(("named",) if len(some[0][1].truth) == 1 else ())):
                what = f"{title}, {WORDS[kind]}: {FIGURES[key]}"
                out.append(Row("A8", what, found[key], len(some), share=key in ("exact", "named")))
    return out


WORDS = {
    "general": "readings of one general chemical",
    "general mixed": "the same mixed with a drug",
    "mixtures": "every third dev mixture",
    "nist": "NIST readings of one drug",
}
FIGURES = {"F1": "F1", "exact": "exact set", "ghosts": "wrong names each", "named": "named"}


def strangers(data: Path) -> tuple[MassLibrary, int, list[Sample]]:
    """SWGDRUG and MassBank without the readings' own spectra, how many entries are SWGDRUG's, and the readings."""
    both, drugs, rng = library_of(data, "both"), library_of(data, "swgdrug"), np.random.default_rng(SEED)
    held, first = _measured_twice(both, set(drugs.compounds), len(drugs)), len(drugs)
    nist = [s for s in dev_samples(data) if s.kind == "nist"]
    readings, out = list[Sample](), set[int]()
    for k, i in enumerate(rng.choice(len(held), COMPOUNDS, replace=False)):
        compound, by = held[int(i)]
        own = by[sorted(by)[int(rng.integers(len(by)))]]
        out.update(own)
        alone = Sample("general", both.spectrum(own[0]), (compound,), (1.0,))
        drug, ratio = nist[int(rng.integers(len(nist)))], RATIOS[k % len(RATIOS)]
        parts = (float(ratio[0]), float(ratio[1]))
        mixed = Sample("general mixed", _mixed([drug, alone], ratio), (*drug.truth, compound), parts)
        readings += [alone, mixed]
    return part_of(both, np.array([e for e in range(len(both)) if e not in out])), first, readings


def _measured_twice(both: MassLibrary, known: set[str], first: int) -> list[tuple[str, dict[str, list[int]]]]:
    """Compounds of MassBank alone that two contributors measured: their entries by contributor."""
    held: dict[str, dict[str, list[int]]] = {}
    for entry in range(first, len(both)):
        compound = both.compounds[entry]
        if compound and compound not in known:
            held.setdefault(compound, {}).setdefault(both.ids[entry].split("-")[1], []).append(entry)
    return sorted((compound, by) for compound, by in held.items() if len(by) > 1)
