"""A5: mixtures in one unit-mass spectrum, single-component readings with the same setting, ablations.

Protocol: the dev mixtures are sums of MassBank and NIST readings. "SWGDRUG": the library is SWGDRUG alone, so no source
spectrum is in it. "SWGDRUG + MassBank": both, without the source spectrum of any dev reading. Figures marked as
cross-validated use probability layers fitted without any reading that shares a compound with the one scored.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import Row
from benchmarks.accuracy.ei_layers import Weighed, cross_validated
from benchmarks.accuracy.ei_sets import Sample, dev_samples, library_of, library_without
from spectra import MassLibrary
from spectra.mixture.ei_decision import Case, settled
from spectra.mixture.ei_features import NAMES, Evidence
from spectra.mixture.ei_inclusion import Layers, base_rate
from spectra.mixture.unit_mass import gain_of_all, weigh

MOST = 4


def weighed(library: MassLibrary, sample: Sample) -> Weighed:
    """Evidence for one reading, the candidates that are no evidence left out."""
    found = weigh(library, sample.spectrum, MOST)
    if found is None:
        raise ValueError("a development reading does not compare")
    problem, evidence = found
    compounds = [library.compounds[int(e)] for e in problem.entry[evidence.member]]
    truth = np.array([compound in sample.truth for compound in compounds], dtype=np.float64)
    place = {int(member): row for row, member in enumerate(evidence.member)}
    kept = [k for k, member in enumerate(evidence.best) if int(member) in place]
    smaller = problem.only(evidence.member)
    best = np.array([place[int(evidence.best[k])] for k in kept], dtype=np.int64)
    rows = Evidence(np.arange(len(compounds)), evidence.features, best, evidence.theta[kept])
    return Weighed(sample, compounds, truth, smaller, rows)


def names(row: Weighed, layers: Layers, general: NDArray[np.bool_] | None = None) -> set[str]:
    """Compounds reported for one reading; `general` (R,): which rows only a library of general chemicals holds, if declared."""
    decided = settled(Case.of(row.problem, row.evidence, layers, general), MOST)
    return {row.compounds[place.leader] for place in decided.named}


def names_of_drugs_first(drugs: set[str], alone: tuple[Weighed, Layers], every: tuple[Weighed, Layers]) -> set[str]:
    """Compounds reported for one reading where the library of `drugs` is asked first.

    From the evidence against it `alone` and against `every` entry, each with the layers to judge it by.
    """
    gain = gain_of_all(alone[0].problem, alone[0].evidence, every[0].problem, every[0].evidence)
    if gain < base_rate().least_gain:
        return names(*alone)
    return names(*every, np.array([compound not in drugs for compound in every[0].compounds]))


def figures(pairs: list[tuple[set[str], Sample]]) -> dict[str, float]:
    """F1 by compound, exact set, recall of all but the largest part and of parts of at most a tenth, wrong names."""
    right = sum(len(said & set(s.truth)) for said, s in pairs)
    total = sum(len(said) + len(s.truth) for said, s in pairs)
    small = [c in said for said, s in pairs for c, r in zip(s.truth, s.ratio, strict=True) if r / sum(s.ratio) < 0.101]
    return {
        "F1": 2 * right / max(total, 1),
        "exact": float(np.mean([said == set(s.truth) for said, s in pairs])),
        "minors": float(np.mean([c in said for said, s in pairs for c in s.truth[1:]] or [0.0])),
        "tenths": float(np.mean(small or [0.0])),
        "ghosts": float(np.mean([len(said - set(s.truth)) for said, s in pairs])),
        "extra": float(np.mean([max(0, len(said) - 1) for said, s in pairs])),
        "named": float(np.mean([s.truth[0] in said for said, s in pairs])),
    }


def collect(data: Path, which: str) -> list[Weighed]:
    """Evidence for the dev samples against one library; against "both" every third of the own and single ones."""
    library = library_of(data, which)
    samples = dev_samples(data)
    if which == "both":
        samples = tuple(s for i, s in enumerate(samples) if s.kind == "mixtures" or i % 3 == 0)
    return [weighed(library, sample) for sample in samples]


def rows(data: Path) -> list[Row]:
    """A5 against both libraries, cross-validated by compound."""
    swgdrug, both = collect(data, "swgdrug"), collect(data, "both")
    return rows_from(swgdrug, both, set(library_of(data, "swgdrug").compounds)) + _out_of_library(data)


def rows_from(swgdrug: list[Weighed], both: list[Weighed], drugs: set[str]) -> list[Row]:
    """The figures from evidence already gathered; `drugs` are the compounds of SWGDRUG."""
    every = swgdrug + both
    judged = list(zip(every, cross_validated(every), strict=True))
    alone, all_together = judged[: len(swgdrug)], judged[len(swgdrug) :]
    out = _rows_of("SWGDRUG", [(names(*one), one[0].sample) for one in alone], bars=True)
    said = [(names(*one), one[0].sample) for one in all_together]
    out += _rows_of("SWGDRUG + MassBank, sources left out", said, bars=False)
    same = {id(one[0].sample): one for one in alone}
    first = [(names_of_drugs_first(drugs, same[id(one[0].sample)], one), one[0].sample) for one in all_together]
    out += _rows_of("SWGDRUG, and MassBank declared to hold general chemicals", first, bars=False)
    return out + _ablations(swgdrug)


def _rows_of(title: str, said: list[tuple[set[str], Sample]], bars: bool) -> list[Row]:
    out = []
    wanted: list[tuple[str, str, str, float | None, bool]] = [
        ("mixtures", "F1", "mixtures, F1", 0.78, False),
        ("mixtures", "exact", "mixtures, exact set", 0.46, False),
        ("mixtures", "minors", "mixtures, smaller parts found", 0.40, False),
        ("mixtures", "tenths", "mixtures, parts of a tenth and less found", 0.40, False),
        ("four", "F1", "own mixtures of four, F1", None, False),
        ("nist", "ghosts", "NIST readings of one compound, wrong names each", 0.15, True),
        ("nist", "extra", "NIST readings of one compound, names beyond the first", 0.15, True),
        ("nist", "named", "NIST readings of one compound, named", None, False),
        ("massbank", "ghosts", "MassBank readings of one compound, wrong names each", 0.15, True),
        ("massbank", "extra", "MassBank readings of one compound, names beyond the first", 0.15, True),
        ("massbank", "named", "MassBank readings of one compound, named", None, False),
        ("single", "ghosts", "all readings of one compound, wrong names each", 0.15, True),
    ]
    for kind, key, what, target, at_most in wanted:
        kinds = ("nist", "massbank") if kind == "single" else (kind,)
        some = [pair for pair in said if pair[1].kind in kinds]
        asked = target if bars else None
        share = key not in ("F1", "ghosts", "extra")
        out.append(Row("A5", f"{title}: {what}", figures(some)[key], len(some), asked, at_most, True, share))
    return out


def _out_of_library(data: Path, step: int = 3) -> list[Row]:
    """Dev mixtures with the compound of one part taken out of SWGDRUG, with the shipped layers (not cross-validated)."""
    library = library_of(data, "swgdrug")
    wrong, kept, flagged = [], [], []
    for i, sample in enumerate(s for s in dev_samples(data)[::step] if s.kind == "mixtures"):
        missing = sample.truth[i % len(sample.truth)]
        answer = library_without(library, missing).explain(sample.spectrum)
        said, truth = {part.compound for part in answer.components}, set(sample.truth) - {missing}
        wrong.append(len(said - truth))
        kept.append(len(said & truth) / len(truth))
        flagged.append(answer.incomplete)
    n, title = len(wrong), "SWGDRUG without one part of the mixture"
    return [
        Row("A5", f"{title}: wrong names each", float(np.mean(wrong)), n, share=False),
        Row("A5", f"{title}: share of the other parts named", float(np.mean(kept)), n, share=False),
        Row("A5", f"{title}: said to be incomplete", float(np.mean(flagged)), n),
    ]


def _ablations(some: list[Weighed]) -> list[Row]:
    """The inclusion under one posterior alone, without the layer, at 0.5."""
    out = []
    for name in NAMES[:4]:
        column = NAMES.index(name)
        said = []
        for row in some:
            p = 1 / (1 + np.exp(-row.x[:, column]))
            said.append(({row.compounds[i] for i in np.argsort(-p)[:MOST] if p[i] >= 0.5}, row.sample))
        mixtures = figures([pair for pair in said if pair[1].kind == "mixtures"])
        single = figures([pair for pair in said if pair[1].kind in ("nist", "massbank")])
        n = sum(pair[1].kind == "mixtures" for pair in said)
        note = f"exact {mixtures['exact']:.2f}, wrong names per single reading {single['ghosts']:.2f}"
        out.append(Row("A5", f"SWGDRUG: {name} ≥ .5 without the layer, F1", mixtures["F1"], n, share=False, note=note))
    return out
