"""References that were measured on part of the range only: looked for on their own range, and who wins there.

Why: sets may only be compared on the same points. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectra.confidence.limits import load
from spectra.infrared.fit import fit_many
from spectra.infrared.mixture import Final, Part, criterion, reweighted, settled_again
from spectra.infrared.noise import BoolArray
from spectra.infrared.propose import propose, propose_many
from spectra.infrared.scene import FitProblem, covering, on_range
from spectra.infrared.warp import IntArray
from spectra.infrared_grid import CO2, GRID
from spectra.types import FloatArray


def partial_scenes(scene: FitProblem, scores: FloatArray, query: FloatArray) -> list[FitProblem]:
    """Scenes on the range of a partial reference that resembles the reading nearly as much as the best whole one.

    At most one; none when every reference covers the range. `scores` (N,) by first derivative.
    """
    references, data = scene.references, load("infrared")["align"]
    outside = _outside(scene)
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


def apart(final: Final, scores: FloatArray, query: FloatArray) -> tuple[Part, ...]:
    """The settled set refitted on the range of each group of references that do not cover its scene.

    At most `partial_groups` groups, those of most references first, and of a group the `shortlist` of highest score
    (N,); a reference with fewer than 100 points in common with the scene belongs to none. `query` (1801,). Empty where
    nothing was settled or every reference covers the scene.
    """
    if final.fit is None:
        return ()
    scene, most, found = final.scene, int(load("infrared")["align"]["shortlist"]), []
    for group, points in _groups(scene):
        near = np.sort(group[np.argsort(-scores[group], kind="stable")[:most]])
        entries = covering(scene.references, points)
        there = on_range(scene.references, entries, points, query, scene.sigma * scene.scale)
        if not scene.references.kept:
            there = replace(there, pool=np.union1d(near, np.intersect1d(scene.pool, entries)))
        fit = fit_many(there, there.white, [final.fit.state], 3, final.fit.priors)[0]
        misfit = float(np.sqrt(fit.chi2 / fit.n))
        found.append(Part(replace(final, scene=there, fit=reweighted(fit), misfit=misfit, apart=()), near))
    return tuple(found)


def joined(final: Final, most: int) -> Final:
    """The set settled again on the range of a reference `apart` of it where that one takes a place in it, else `final`.

    The price is that of any component (all entries measured there, points of that range), and the set with the new
    reference must explain its range better than the set without.
    """
    for part in final.apart:
        if not _promising(part):
            continue
        there = part.final.fit
        assert there is not None  # `apart` gives none without a set
        challenger = settled_again(fit_many(there.scene, there.scene.white, [there.state], 2, there.priors)[0], most)
        if np.isin(part.entries, challenger.entries).any() and beats(challenger, final):
            return challenger
    return final


def _promising(part: Part) -> bool:
    """Whether a reference of the part pays beside the set, or explains more than a member of it in its place."""
    base, data = part.final.fit, load("infrared")["mixture"]
    assert base is not None  # as above
    price = float(data["library_weight"]) * np.log(max(base.scene.entries.size, 2)) * base.weight
    old = base.state.entries
    added = propose(base, 1, old, part.entries)
    if added and added[0].gain > price:
        return True
    if len(old) < 2:
        return False
    less = fit_many(base.scene, base.metric, [base.state.without(k) for k in range(len(old))], 0, base.priors)
    pool = np.union1d(part.entries, np.array(old, dtype=np.int64))
    closed = [fit.state.entries for fit in less]
    best = [found[0] for found in propose_many(less, 1, closed, pool) if found]
    return any(p.gain > price and p.entry not in old for p in best)


def _outside(scene: FitProblem) -> IntArray:
    """Entries that do not cover the scene, rising."""
    return np.setdiff1d(np.flatnonzero(scene.references.sizes > 0), scene.entries)


def _groups(scene: FitProblem) -> list[tuple[IntArray, BoolArray]]:
    """Entries that do not cover the scene by the range they share with it, (k,) and (1801,)."""
    references, data = scene.references, load("infrared")["align"]
    inside = np.zeros(GRID.size, dtype=bool)
    inside[scene.window] = scene.used
    shared, left = references.masks & inside, _outside(scene)
    found: list[tuple[IntArray, BoolArray]] = []
    left = left[shared.sum(axis=1)[references.pattern[left]] >= data["least_points"]]
    while left.size and len(found) < int(data["partial_groups"]):
        points = shared[np.bincount(references.pattern[left]).argmax()]
        same = np.isin(left, covering(references, points))
        found.append((left[same], points))
        left = left[~same]
    return found
