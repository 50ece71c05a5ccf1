"""Which entry would explain most of what a fitted set leaves over: all entries at once by linear algebra, then exactly.

Why: a candidate must pay beyond what a small misalignment of the present components could explain, so their
derivative columns are projected out first. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.infrared.fit import Fit
from spectra.infrared.warp import LOG_AXIS, PADDED, IntArray, unwarp, warp
from spectra.types import FloatArray

_COARSE = np.array([-3.0, -1.5, 0.0, 1.5, 3.0])
_FINE = np.arange(-3.0, 3.01, 0.75)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry, the fall of χ² it promises, and the share and individual shift (cm⁻¹) to start from."""

    entry: int
    gain: float
    share: float
    own: float


def propose(
    fit: Fit, count: int, closed: Collection[int] = (), pool: IntArray | None = None, always: int | None = None
) -> list[Proposal]:
    """The `count` entries with the largest linearised gain, best first; `closed` entries are never proposed.

    Over the searched entries of the scene, or those of `pool`. The entry `always` is among the answers wherever it ranks.
    """
    return propose_many([fit], count, [closed], pool, [always])[0]


def propose_many(
    fits: Sequence[Fit],
    count: int,
    closed: Sequence[Collection[int]],
    pool: IntArray | None = None,
    always: Sequence[int | None] = (),
    noted: list[IntArray] | None = None,
) -> list[list[Proposal]]:
    """`propose` for several fits of one metric and one alignment: the library is gone through once.

    The 150 best of each by the linear screen are appended to `noted`.
    """
    if not fits:
        return []
    rows = fits[0].scene.pool if pool is None else pool
    views = [_View(fit) for fit in fits]
    gains = _linear_gains(views, rows)
    if noted is not None:
        most = min(int(load("infrared")["mixture"]["noted"]), rows.size)
        noted.extend(rows[np.argpartition(-g, most - 1)[:most]] for g in gains)
    chosen = []
    for k, shut in enumerate(closed):
        gains[k, np.isin(rows, np.fromiter(shut, dtype=np.int64))] = -np.inf
        extra = always[k] if k < len(always) else None
        chosen.append(_best(gains[k], rows, extra))
    every = np.unique(np.concatenate(chosen))
    if every.size == 0:  # a library of one entry, which is taken already
        return [[] for _ in fits]
    columns = _aligned(fits[0], every)
    answers = []
    for k, view in enumerate(views):
        found = _exact(view, chosen[k], columns[:, np.searchsorted(every, chosen[k])])
        extra = always[k] if k < len(always) else None
        answers.append(found[:count] + [p for p in found[count:] if p.entry == extra])
    return answers


class _View:
    """A fit as proposals see it: `basis` (R, M) orthonormal rows of its columns and of their alignment; what is `left`."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit
        rows = np.concatenate([fit.C, fit.D, fit.E[1:]])
        sizes = np.sqrt((rows**2).sum(axis=1))
        kept = sizes > 1e-9 * max(float(sizes.max(initial=0.0)), 1e-300)
        rows = rows[kept] / sizes[kept, None]
        power, axes = np.linalg.eigh(rows @ rows.T)
        apart = power > 1e-12
        self.basis: FloatArray = (axes[:, apart] / np.sqrt(power[apart])).T @ rows
        self.left = fit.residual - (fit.residual @ self.basis.T) @ self.basis


def _best(gains: FloatArray, rows: IntArray, extra: int | None) -> IntArray:
    """The entries worth an exact look, in rising order."""
    most = min(int(load("infrared")["mixture"]["proposals"]), rows.size)
    order = np.argpartition(-gains, most - 1)[:most] if most < rows.size else np.arange(rows.size)
    found = rows[order[np.isfinite(gains[order])]]
    return np.union1d(found, [extra]).astype(np.int64) if extra is not None else np.sort(found)


def _linear_gains(views: list[_View], rows: IntArray) -> FloatArray:
    """Gain of each row at the best of five individual shifts, norms taken before alignment: a screen, (F, R)."""
    fit = views[0].fit
    scene, root, a = fit.scene, fit.metric.root, fit.state.alignment
    lefts = np.array([v.left for v in views])
    vectors = np.concatenate([lefts, *[v.basis for v in views], fit.metric.Q.T]) * root
    back = unwarp(vectors, a.shift, a.blur, a.tilt, scene.window, slopes=len(views))
    at = None if rows.size == scene.ready.rows.size else scene.ready.at(rows)
    library, steepness = scene.ready.padded(), scene.ready.steepness()
    if at is not None:
        library, steepness = library[at], steepness[at]
    products = (library @ back.T).astype(np.float64)
    power = np.zeros(PADDED, dtype=np.float32)
    power[scene.window] = root**2 * np.exp(2 * a.tilt * LOG_AXIS[scene.window])
    whole = scene.ready.energies(power, at)
    n11 = steepness * float((root**2).mean())
    f = len(views)
    baseline = (products[:, -fit.metric.Q.shape[1] :] ** 2).sum(axis=1)
    out, first, d = np.empty((f, rows.size)), 2 * f, _COARSE
    for k, view in enumerate(views):
        overlaps = (products[:, first : first + len(view.basis)] ** 2).sum(axis=1) + baseline
        first += len(view.basis)
        h, g = products[:, k, None], products[:, f + k, None]
        n00 = np.maximum(whole - overlaps, 0.05 * whole) + 1e-300
        gain = np.maximum(g + d * h, 0.0) ** 2 / (n00[:, None] + d**2 * n11[:, None])
        out[k] = (gain - view.fit.weight * (d / view.fit.priors.own) ** 2).max(axis=1)
    return out


def _aligned(fit: Fit, rows: IntArray) -> NDArray[np.float32]:
    """Projected columns of the rows at the fit's alignment and their slopes by shift, (2, R, M)."""
    a = fit.state.alignment
    shift, blur, tilt = np.array([[a.shift], [a.blur], [a.tilt]])
    return fit.metric.project(warp(fit.scene.transforms(rows), shift, blur, tilt, fit.scene.window, slopes=1))


def _exact(view: _View, rows: IntArray, columns: NDArray[np.float32]) -> list[Proposal]:
    """Proposals with true aligned columns (2, R, M), best first."""
    basis = view.basis.astype(np.float32)
    overlap = (columns @ basis.T).astype(np.float64)
    g, h = (columns @ view.left.astype(np.float32)).astype(np.float64)
    pairs = ((0, 0), (0, 1), (1, 1))
    n00, n01, n11 = (
        np.einsum("rm,rm->r", columns[p], columns[q]) - (overlap[p] * overlap[q]).sum(axis=1) for p, q in pairs
    )
    n00 = np.maximum(n00, 1e-4 * (n00 + (overlap[0] ** 2).sum(axis=1)))
    d = _FINE
    top = np.maximum(g[:, None] + d * h[:, None], 0.0)
    size = np.maximum(n00[:, None] + 2 * d * n01[:, None] + d**2 * n11[:, None], 1e-3 * n00[:, None] + 1e-300)
    gain = top**2 / size - view.fit.weight * (d / view.fit.priors.own) ** 2
    best = gain.argmax(axis=1)
    at = np.arange(rows.size)
    order = np.argsort(-gain[at, best], kind="stable")
    return [
        Proposal(int(rows[i]), float(gain[i, best[i]]), float(top[i, best[i]] / size[i, best[i]]), float(d[best[i]]))
        for i in order
    ]
