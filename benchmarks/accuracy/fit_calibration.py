"""Fit the calibrations that come with MAST on the development sets: `python -m benchmarks.accuracy.fit_calibration`.

The weights of the scores were chosen by likelihood on the same sets and rounded; temperature, set, single claims and
the "not in library" logistic are fitted here. Writes spectra/data/calibration/<kind>.json.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.accuracy.development import Case, ei_cases, ei_library, msms_cases, msms_library
from spectra import MassLibrary
from spectra.confidence import ranking_ei, ranking_msms
from spectra.confidence.calibration import Calibration, Source
from spectra.confidence.fitting import COVERAGE, Observation, by_compound, fitted, observation, stranger_logistic
from spectra.confidence.ranking import Ranked

DATA = Path(__file__).parents[3] / "shared" / "data"
OUT = Path(__file__).parents[2] / "spectra" / "data" / "calibration"
PROCEDURE = (
    "temperature by maximum likelihood, one weight per compound; set by the conformal quantile of the mass above the "
    f"truth at {COVERAGE:.0%} coverage; 'not in library' by entrapment (each reading again, its compound taken out); score "
    "weights and slopes chosen by likelihood and rounded"
)
EI = Calibration(
    kind="ei",
    name="MAST default for EI",
    ranking=ranking_ei.RANKING,
    made_on="",
    library="SWGDRUG 3.4 and MassBank EI 2025.05.1 (16,271 entries)",
    procedure=PROCEDURE,
    weights={
        "composite": 1.0, "composite_reverse": 0.3, "entropy_mass": 1.0, "entropy_rest": 0.5,
        "heaviest_query": 0.1, "heaviest_entry": 0.05, "heavy_query": 0.2, "heavy_entry": 0.1,
    },
    temperature=0.05, set_mass=0.95, largest=12, quality_slope=3.5, quality_knee=0.9, peak_slope=0.75, peak_knee=20.0,
    single_peaks=20, least_compounds=1000, least_peaks=25,
)  # fmt: skip
MSMS = Calibration(
    kind="msms",
    name="MAST default for MS/MS",
    ranking=ranking_msms.RANKING,
    made_on="",
    library="MassBank MS/MS 2025.05.1 (98,072 spectra)",
    procedure=PROCEDURE,
    weights={"entropy": 0.5, "entropy_mass": 1.0, "cosine_mass": 1.0, "ppm": 0.25},
    temperature=0.2, set_mass=0.95, single_peaks=5, least_compounds=500, least_peaks=3,
)  # fmt: skip
SHARES = {"nist": 0.4, "drugs": 0.2, "others": 0.2, "foreign": 0.2}
"""Weight of the EI sets in the fit: two fifths for the NIST readings, the rest for the three cross-laboratory ways."""
STRANGERS = {"nist": 0.5, "drugs": 0.25, "others": 0.25}
"""The same for p(not in the library)."""
LEAST_MASS = 0.95
"""Least mass of an EI set. The quantile hangs on the source: .92 and less from one alone, .97 from the other."""


@dataclass(frozen=True, eq=False)
class Pair:
    """One case ranked as it is, and with every entry of its compound taken out; with what fitting needs of both."""

    case: Case
    ranked: Ranked
    stranger: Ranked
    seen: Observation


def pairs(library: MassLibrary, cases: Iterable[Case], weights: Mapping[str, float], share: float) -> list[Pair]:
    """Every case ranked twice; `share` is the weight of the set in a fit."""
    module = ranking_msms if library.accurate else ranking_ei
    keys = np.array(list(library.compounds))
    out = []
    for case in cases:
        ranked = module.rank(library, case.spectrum, weights, case.without)
        own = np.union1d(case.without, np.flatnonzero(keys == case.compound))
        stranger = module.rank(library, case.spectrum, weights, own)
        at = ranked.compounds.index(case.compound) if case.compound in ranked.compounds else None
        out.append(Pair(case, ranked, stranger, observation(ranked, stranger, case.compound, at, share)))
    return out


@cache
def ei_pairs(data: Path) -> dict[str, list[Pair]]:
    """All four EI ways."""
    library = ei_library(data).library
    return {way: pairs(library, cases, EI.weights, SHARES[way]) for way, cases in ei_cases(data).items()}


@cache
def msms_pairs(data: Path) -> list[Pair]:
    """MS/MS between contributors."""
    return pairs(msms_library(data)[0], msms_cases(data), MSMS.weights, 1.0)


def fit_ei(found: Mapping[str, Sequence[Observation]]) -> Calibration:
    """The shipped EI calibration from observations of the three ways that count."""
    sources = [_source("NIST GC-EI-MS replicates", found["nist"]), _source("MassBank EI", found["drugs"])]
    made = fitted(EI, weighed(found, SHARES), sources, LEAST_MASS)
    strangers = weighed(found, STRANGERS)
    return replace(made, not_in_library=stranger_logistic(strangers, by_compound(strangers)))


def weighed(found: Mapping[str, Sequence[Observation]], shares: Mapping[str, float]) -> list[Observation]:
    """The observations of these ways, with their weights."""
    return [replace(o, weight=share) for way, share in shares.items() for o in found[way]]


def fit_msms(found: Sequence[Observation]) -> Calibration:
    """The shipped MS/MS calibration."""
    return fitted(MSMS, found, [_source("MassBank, one contributor against the others", found)])


def _source(name: str, found: Sequence[Observation]) -> Source:
    return Source(name, len(found), len({o.compound for o in found}))


def rounded(calibration: Calibration) -> Calibration:
    """Coefficients to five significant digits: what is stored is what is used."""
    logistic = {k: float(f"{v:.5g}") for k, v in calibration.not_in_library.items()}
    t, mass = float(f"{calibration.temperature:.5g}"), float(f"{calibration.set_mass:.5g}")
    return replace(calibration, temperature=t, set_mass=mass, not_in_library=logistic)


def main() -> None:
    """Fit both and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("kinds", nargs="*", default=["ei", "msms"])
    args = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    for kind in args.kinds:
        if kind == "ei":
            made = fit_ei({way: [p.seen for p in found] for way, found in ei_pairs(args.data).items()})
        else:
            made = fit_msms([p.seen for p in msms_pairs(args.data)])
        rounded(made).save(OUT / f"{kind}.json")
        print(f"{kind}: T {made.temperature:.4f}, set {made.set_mass:.3f}, single {made.single_mass:.3f}")


if __name__ == "__main__":
    main()
