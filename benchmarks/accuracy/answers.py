"""Figures of answers: ranks, sets, single claims and strangers, from rankings and a calibration.

Why: EI and MS/MS are measured by the same words. Imports numpy, `spectra` and the bench only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import Row
from benchmarks.accuracy.fit_calibration import Pair
from spectra.confidence.calibration import Calibration
from spectra.confidence.fitting import Observation
from spectra.confidence.identify import level_of
from spectra.types import IdentificationLevel

FOLDS = 5
Fit = Callable[[Sequence[Observation]], Calibration]


def folds(compounds: Sequence[str]) -> dict[str, int]:
    """Compound → fold, the same for everybody who asks for these compounds."""
    keys = sorted(set(compounds))
    order = np.random.default_rng(20261126).permutation(len(keys))
    return {keys[k]: int(at) % FOLDS for at, k in enumerate(order)}


def cross_validated(used: Sequence[Pair], fit: Fit) -> dict[str, Calibration]:
    """Compound → a calibration that never saw it."""
    fold = folds([p.case.compound for p in used])
    made = [fit([p.seen for p in used if fold[p.case.compound] != k]) for k in range(FOLDS)]
    return {compound: made[k] for compound, k in fold.items()}


def top(bar: str, name: str, found: Sequence[Pair], k: int, target: float | None) -> Row:
    """Share of readings with the truth among the first k compounds."""
    hits = np.array([p.seen.truth is not None and p.seen.truth < k for p in found])
    return Row(bar, f"{name}: top-{k}", float(hits.mean()), len(found), target)


def sets(
    bar: str,
    name: str,
    found: Sequence[Pair],
    rule: Callable[[str], Calibration],
    asked: Sequence[float | None],
    cv: bool,
) -> list[Row]:
    """Coverage and mean size of the sets, how often one compound is named, and how often that is right."""
    covered, size, first = _sets(found, rule)
    one, n = size == 1, len(found)
    coverage, most, right, often = asked
    return [
        Row(bar, f"{name}: truth in the set", float(covered.mean()), n, coverage, cross_validated=cv),
        Row(bar, f"{name}: mean size", float(size.mean()), n, most, at_most=True, cross_validated=cv, share=False),
        Row(bar, f"{name}: one compound named", float(one.mean()), n, often, cross_validated=cv),
        Row(
            bar,
            f"{name}: and right",
            float(first[one].mean()) if one.any() else 1.0,
            int(one.sum()),
            right,
            cross_validated=cv,
        ),
    ]


def _sets(
    found: Sequence[Pair], rule: Callable[[str], Calibration]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.bool_]]:
    covered, sizes, first = [], [], []
    for p in found:
        calibration, o = rule(p.case.compound), p.seen
        shares = calibration.probabilities(o.scores, o.quality, o.peaks)
        size = calibration.set_size(shares, o.peaks)
        covered.append(o.truth is not None and o.truth < size)
        sizes.append(size)
        first.append(o.truth == 0)
    return np.array(covered), np.array(sizes), np.array(first)


def strangers(bar: str, name: str, found: Sequence[Pair], rule: Callable[[str], Calibration], cv: bool) -> list[Row]:
    """What is said of a reading whose compound is not in the library, and how well p(not in library) tells."""
    levels, known, outside = [], [], []
    for p in found:
        calibration = rule(p.case.compound)
        known.append(calibration.p_not_in_library(p.ranked.figures) or 0.0)
        if not len(p.stranger):
            outside.append(1.0)
            levels.append(IdentificationLevel.NOTHING_ABOVE_LIMIT)
            continue
        chance = calibration.p_not_in_library(p.stranger.figures) or 0.0
        shares = calibration.probabilities(p.stranger.scores, p.stranger.quality, p.stranger.peaks)
        levels.append(level_of(p.stranger, calibration.set_size(shares, p.stranger.peaks), chance))
        outside.append(chance)
    said = [
        sum(level is wanted for level in levels) / len(levels)
        for wanted in (IdentificationLevel.IDENTIFIED, IdentificationLevel.CONSISTENT_WITH)
    ]
    area = float(np.mean(np.array(outside)[:, None] > np.array(known)[None, :]))
    n = len(found)
    return [
        Row(bar, f"{name}, compound left out: identified", said[0], n, 0.0, at_most=True),
        Row(bar, f"{name}, compound left out: consistent with", said[1], n, cross_validated=cv),
        Row(bar, f"{name}: AUROC of p(not in library)", area, n, cross_validated=cv, share=False),
    ]
