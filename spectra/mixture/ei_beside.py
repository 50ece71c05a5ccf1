"""What is left of the names of a unit-mass mixture once further compounds are taken to be there.

Why: a compound that the search missed leaves its ions to those it named instead. Another method may know which it was. Imports numpy
and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spectra.index.mass_index import MassIndex
from spectra.mixture.ei_likelihood import IntArray, Problem, fit_sets
from spectra.mixture.ei_prefilter import UnitTable, pose
from spectra.mixture.unit_mass import by_unit_mass, noise_of
from spectra.preprocess import prepare
from spectra.types import FloatArray, MassSpectrum

START = 0.3
"""Coefficient from which every part is fitted."""
ROUNDS = 8


def left_beside(
    library: MassIndex, query: MassSpectrum, named: Sequence[Sequence[int]], given: Sequence[Sequence[int]]
) -> FloatArray:
    """What each of N compounds `named` still explains by itself beside each of G `given`, and beside all of them: (N, G + 1).

    A compound is all its library entries, of which the one that resembles the reading most is taken. What it explains by itself is by how
    much the loss rises when it leaves the set and the others are fitted again (`unit_mass.explain` has the likelihood). 1: as much as
    without the given, be it nothing at all; 0: nothing. Raises ValueError where a compound has no entry.
    """
    y, unit = by_unit_mass(prepare(query, False)), UnitTable(library.table)
    quick = unit.quick(y)
    best = [max(entries, key=lambda e: (quick[e], -e)) for entries in (*named, *given)]
    problem = pose(unit, y, np.arange(len(library)), np.array(best), quick, noise_of(unit))
    own, extra = tuple(range(len(named))), tuple(range(len(named), len(best)))
    alone = _explained(problem, own, ())
    beside = [_explained(problem, own, more) for more in (*((one,) for one in extra), extra)]
    share = np.divide(beside, alone, out=np.ones((len(beside), len(own))), where=alone > 0)
    return np.clip(share, 0.0, 1.0).T


def _explained(problem: Problem, own: tuple[int, ...], more: tuple[int, ...]) -> NDArray[np.float64]:
    """By how much the loss of `own` and `more` together rises without each of `own`, (N,)."""
    without = [[*own[:k], *own[k + 1 :], *more] for k in range(len(own))]
    return np.maximum(_losses(problem, without) - _losses(problem, [[*own, *more]]), 0.0)


def _losses(problem: Problem, sets: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    members: IntArray = np.array(sets, dtype=np.int64).reshape(len(sets), -1)
    if not members.shape[1]:
        return np.full(len(sets), problem.loss(np.zeros_like(problem.y)).sum(), dtype=np.float64)
    start = np.full(members.shape, np.log(START), dtype=np.float32)
    return fit_sets(problem, members, start, ROUNDS)[1].astype(np.float64)
