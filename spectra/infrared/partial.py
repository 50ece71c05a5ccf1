"""References that were measured on part of the range only: a second run on their own range, and who wins.

Why: sets may only be compared on the same points. Imports numpy and `spectra` only.
"""

from __future__ import annotations

import numpy as np

from spectra.confidence.limits import load
from spectra.infrared.fit import fit_many
from spectra.infrared.mixture import Final, criterion
from spectra.infrared.scene import Scene, covering, on_range
from spectra.infrared_grid import CO2
from spectra.types import FloatArray


def partial_scenes(scene: Scene, scores: FloatArray, query: FloatArray) -> list[Scene]:
    """Scenes on the range of a partial reference that resembles the reading nearly as much as the best whole one.

    At most one; none when every reference covers the range. `scores` (N,) by first derivative.
    """
    references, data = scene.references, load("infrared")["align"]
    outside = np.setdiff1d(np.flatnonzero(references.sizes > 0), scene.entries)
    if not outside.size:
        return []
    best = int(outside[np.argmax(scores[outside])])
    whole = float(scores[scene.entries].max(initial=0.0))
    if scores[best] < data["least_partial"] or scores[best] < whole - data["partial_margin"]:
        return []
    points = references.masks[references.pattern[best]] & np.isfinite(query) & ~(CO2 & references.air)
    if points.sum() < data["least_points"]:
        return []
    return [on_range(references, covering(references, points), points, query, scene.sigma * scene.scale)]


def beats(challenger: Final, final: Final) -> bool:
    """Whether a set found on a smaller range explains that range better than the set found on the larger one does."""
    if challenger.fit is None:
        return False
    if final.fit is None:
        return True
    if not set(final.entries) <= set(challenger.scene.entries.tolist()):
        return True
    there = fit_many(challenger.scene, challenger.fit.metric, [final.fit.state], 2, final.fit.priors)[0]
    n_eff = min(challenger.fit, there, key=lambda f: f.chi2).n_eff
    return criterion(challenger.fit, challenger.kappa, n_eff) < criterion(there, challenger.kappa, n_eff)
