"""From a reading and a library to an infrared answer: screen, align, resolve, report.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from spectra.confidence.limits import load
from spectra.index.infrared_index import InfraredIndex
from spectra.infrared.align import align, relative_residual
from spectra.infrared.answer import InfraredExplanation
from spectra.infrared.fit import Fit
from spectra.infrared.judging import judge
from spectra.infrared.mixture import Final, resolve
from spectra.infrared.noise import white_noise
from spectra.infrared.partial import apart, beats, joined, partial_scenes
from spectra.infrared.report import report
from spectra.infrared.scene import FitProblem, narrowed, scene_of
from spectra.infrared.warp import IntArray
from spectra.infrared_grid import STEP, curve
from spectra.similarity.infrared import InfraredScore
from spectra.types import FloatArray, InfraredSpectrum, SpectrumError


def explain(
    library: InfraredIndex, query: InfraredSpectrum, max_components: int = 5, watch: Collection[str] | None = None
) -> InfraredExplanation:
    """What the reading is made of, with what it leaves unexplained. See `InfraredLibrary.explain`."""
    if max_components < 1:
        raise SpectrumError("explain needs at least one component")
    final = fit_components(library, curve(query, library.raman), max_components, coarse_noise(query))
    return report(library, final, judge(final, library, watch))


def noise_share(library: InfraredIndex, query: InfraredSpectrum) -> float:
    """What white noise alone leaves of a reading, as a share (0 to 1) of what references are compared by: 1 less the square of the
    score "aligned" of a perfect one. Raises SpectrumError when reading and library have fewer than 100 points in common."""
    return scene_of(library.references, curve(query, library.raman), coarse_noise(query)).noise_share


def coarse_noise(query: InfraredSpectrum) -> float:
    """White noise (absorbance) of a reading whose points lie further apart than the grid's, else 0.

    Interpolation smooths the noise between such points away; what is left of it would look like certainty.
    """
    x = query.wavenumber
    if x.size < 5 or float(np.median(np.diff(x))) <= 1.25 * STEP:
        return 0.0
    return white_noise(query.absorbance, np.ones(x.size, dtype=bool))


def fit_components(library: InfraredIndex, query: FloatArray, most: int, least_noise: float = 0.0) -> Final:
    """The settled set of a reading on the grid (1801,), with a noise of at least `least_noise` (absorbance).

    References that cover only part of the range are tried on their own range: one that resembles the reading in a run
    of its own, kept when it explains that range better; the others beside the settled set, one by one.
    """
    data = load("infrared")
    scene = scene_of(library.references, query, least_noise)
    reach = float(data["align"]["screen_shift"])
    rule = InfraredScore("first_derivative", reach, air=not library.raman)
    scores, shifts, _ = rule.over(query, library.features("first_derivative"))
    final = _resolved(narrowed(scene, scores), scores, shifts, most)
    for other in partial_scenes(scene, scores, query):
        challenger = _resolved(narrowed(other, scores), scores, shifts, most)
        if beats(challenger, final):
            final = challenger
    while True:
        final = replace(final, apart=apart(final, scores, query))
        more = joined(final, most)
        if more is final:
            return final
        final = more


def _resolved(scene: FitProblem, scores: FloatArray, shifts: FloatArray, most: int) -> Final:
    entries = best_of(scene, scores, int(load("infrared")["mixture"]["starts"]))
    singles = aligned(scene, entries, shifts[entries] / 2, steps=2)
    return resolve(scene, [f.state for f in singles], most)


def best_of(scene: FitProblem, scores: FloatArray, count: int) -> IntArray:
    """The `count` searched entries of the scene with the highest scores, best first."""
    return scene.pool[np.argsort(-scores[scene.pool], kind="stable")[:count]]


def aligned(scene: FitProblem, entries: IntArray, shifts: FloatArray, steps: int) -> list[Fit]:
    """Each entry aligned on its own, best first."""
    fits = align(scene, entries, shifts, steps)
    return [fits[i] for i in np.argsort(relative_residual(fits), kind="stable")]
