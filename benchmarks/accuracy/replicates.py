"""A3: readings against three enrolled replicates of every compound, leave one out. Imports the bench only."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.accuracy import Row
from benchmarks.accuracy.development import Case, ei_cases
from spectra import MassLibrary

ENROLLED = 3


def rows(data: Path) -> list[Row]:
    """Top-1 and sets of `identify` against an in-house library of three readings of each compound."""
    by_compound: dict[str, list[Case]] = {}
    for case in ei_cases(data)["nist"]:
        by_compound.setdefault(case.compound, []).append(case)
    right, covered, sizes = [], [], []
    for turn in range(4):
        library = in_house(by_compound, turn)
        for key, cases in by_compound.items():
            for case in _held_out(cases, turn):
                answer = library.identify(case.spectrum)
                right.append(bool(answer.compounds) and answer.compounds[0][0] == key)
                covered.append(key in answer.set)
                sizes.append(len(answer.set))
    return [
        Row("A3", "three enrolled replicates: top-1", float(np.mean(right)), len(right), 0.998),
        Row("A3", "three enrolled replicates: truth in the set", float(np.mean(covered)), len(right)),
        Row("A3", "three enrolled replicates: mean size", float(np.mean(sizes)), len(right), share=False),
    ]


def in_house(by_compound: dict[str, list[Case]], turn: int) -> MassLibrary:
    """Three readings of every compound, others in every turn."""
    kept = [case for cases in by_compound.values() for case in _enrolled(cases, turn)]
    sizes = np.r_[0, np.cumsum([case.spectrum.mz.size for case in kept])]
    return MassLibrary.from_arrays(
        np.concatenate([case.spectrum.mz for case in kept]),
        np.concatenate([case.spectrum.intensity for case in kept]),
        sizes,
        names=[case.name for case in kept],
        compounds=[case.compound for case in kept],
    )


def _enrolled(cases: list[Case], turn: int) -> list[Case]:
    return [cases[(turn * ENROLLED + k) % len(cases)] for k in range(ENROLLED)]


def _held_out(cases: list[Case], turn: int) -> list[Case]:
    taken = _enrolled(cases, turn)
    return [case for case in cases if not any(case is t for t in taken)]
