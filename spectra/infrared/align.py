"""Single search by alignment: the entries that resemble the reading most, each fitted with its own shift, blur and tilt.

Why: a derivative score is blind to what an instrument changes smoothly; aligned residuals are not. Imports numpy and
`spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectra.infrared.fit import Fit, State, fit_many, single_priors
from spectra.infrared.scene import FitProblem
from spectra.infrared.warp import IntArray
from spectra.types import FloatArray


def align(scene: FitProblem, entries: IntArray, shifts: FloatArray, steps: int) -> list[Fit]:
    """Each entry alone, aligned from its screened shift (cm⁻¹), at equal weights; in the order given.

    The relative residual |r|²/|P y|² (`relative_residual`) is what they are ranked by.
    """
    starts = [State.single(int(e), float(s)) for e, s in zip(entries, shifts, strict=True)]
    return fit_many(scene, scene.plain, starts, steps, single_priors(scene))


def align_nearest(scene: FitProblem, entries: IntArray, shifts: FloatArray) -> list[Fit]:
    """`align` in four steps, or two for the half that resembles the reading less after these; in the order given."""
    fits = align(scene, entries, shifts, steps=2)
    rest = relative_residual(fits)
    near = np.flatnonzero(rest <= np.median(rest)).tolist() if fits else []
    again = fit_many(scene, scene.plain, [fits[k].state for k in near], 2, single_priors(scene))
    for k, fit in zip(near, again, strict=True):
        fits[k] = fit
    return fits


def relative_residual(fits: Sequence[Fit]) -> FloatArray:
    """|r|²/|P y|² of each fit, 0 (all explained) to 1."""
    if not fits:
        return np.zeros(0)
    whole = float((fits[0].metric.project(fits[0].scene.y) ** 2).sum())
    return np.array([f.chi2 for f in fits]) / max(whole, 1e-300)
