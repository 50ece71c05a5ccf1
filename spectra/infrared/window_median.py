"""The share of an absent substance from many short windows at once: the median forgives a reference that does not fit.

Why: a reference from another instrument is wrong in places; a likelihood over the whole range turns that into substances.
Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.infrared.fit import Fit
from spectra.infrared.ground import NullModel
from spectra.infrared.warp import IntArray
from spectra.types import FloatArray

_SPREAD = 1.4826
_MEDIAN = 1.2533
"""Standard error of a median over that of a mean, √(π/2)."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """Signed coefficients (T,) on the scale of the fit's shares, and their standard errors (T,), inf where unknown."""

    value: FloatArray
    error: FloatArray

    @property
    def t(self) -> FloatArray:
        """Coefficient over its standard error."""
        known = np.isfinite(self.error) & (self.error > 0)
        return np.where(known, self.value / np.where(known, self.error, 1.0), 0.0)


def window_median(ground: NullModel, targets: NDArray[np.float32] | FloatArray, k: int | None = None) -> Estimates:
    """Weighted median of window estimates of each target (T, M), aligned, in scaled absorbance.

    In every window of 30, 40, 50 and 60 points (hop half of it, none with a masked point) a quadratic is removed and
    the fitted sum h may change there by gain (sd 0.3), shift (3 cm⁻¹) and width (20 (cm⁻¹)²), ridge λ = rss/(W/4) found
    in three rounds: c_w = ⟨T, P r⟩/⟨T, P T⟩, se_w² = λ/⟨T, P T⟩. Value: median of all c_w weighted by 1/se_w²; error:
    1.2533 · max(1, 1.4826 · median |c_w − value|/se_w) / √(Σ 1/se_w² / 8), since the windows overlap about eightfold.

    With `k`, member k of the set counts as absent: what it explains is left over and its changes are not allowed for.

    Misleads: shares measured against a foreign reference come out too low (a tenth to a half), so they are lower
    bounds; a substance whose only bands lie under those of the set has no window of its own.
    """
    if not targets.shape[0]:
        return Estimates(np.zeros(0), np.zeros(0))
    rest, sums = _left(ground, k)
    upright = np.ascontiguousarray(targets.T, dtype=np.float64)
    squares = np.concatenate([np.zeros((1, upright.shape[1])), np.cumsum(upright**2, axis=0)])
    parts = [
        _of_width(ground, rest, sums, upright, squares, int(width))
        for width in load("infrared")["limits"]["window_points"]
    ]
    value = np.concatenate([p[0] for p in parts])
    weight = np.concatenate([p[1] for p in parts])
    if not value.size:
        return Estimates(np.zeros(targets.shape[0]), np.full(targets.shape[0], np.inf))
    middle = _weighted_median(value, weight)
    spread = _SPREAD * np.median(np.abs(value - middle) * np.sqrt(weight), axis=0)
    total = weight.sum(axis=0) / float(load("infrared")["limits"]["window_overlap"])
    known = total > 0
    error = np.where(known, _MEDIAN * np.maximum(1.0, spread) / np.sqrt(np.where(known, total, 1.0)), np.inf)
    return Estimates(middle, error)


def _of_width(
    ground: NullModel, rest: FloatArray, sums: FloatArray, targets: FloatArray, squares: FloatArray, width: int
) -> tuple[FloatArray, FloatArray]:
    """c_w and 1/se_w² of every usable window of one width, (V, T) each.

    `targets` (M, T) upright, `squares` (M + 1, T) the running sums of their squares.

    ⟨T, P T⟩ = Σ T² less what the quadratic and the nuisance take: seven products per window instead of a W × W matrix.
    """
    starts = _starts(ground, width)
    if not starts.size:
        empty = np.zeros((0, targets.shape[1]))
        return empty, empty
    rows, level = _rows(rest, sums, starts[:, None] + np.arange(width), 0.25 * ground.scene.sigma**2)
    whole = squares[starts + width] - squares[starts]
    products = np.stack([rows[v] @ targets[at : at + width] for v, at in enumerate(starts.tolist())])
    power = whole - (products[:, 1:] ** 2).sum(axis=1)
    usable = power > 1e-8 * np.maximum(whole, 1e-6)
    value = np.where(usable, products[:, 0] / np.where(usable, power, 1.0), 0.0)
    return value, np.where(usable, power, 0.0) / level[:, None]


def _starts(ground: NullModel, width: int) -> IntArray:
    used = ground.scene.used
    starts = np.arange(0, used.size - width + 1, width // 2)
    whole = np.cumsum(np.r_[0, used])
    return np.asarray(starts[whole[starts + width] - whole[starts] == width], dtype=np.int64)


def _rows(whole: FloatArray, sums: FloatArray, points: IntArray, floor: float) -> tuple[FloatArray, FloatArray]:
    """Per window P r (first row) and the six directions P takes off, (V, 7, W), and the noise level λ (V,)."""
    data = load("infrared")["limits"]
    u = np.linspace(-1.0, 1.0, points.shape[1])
    q, _ = np.linalg.qr(np.stack([np.ones_like(u), u, u**2], axis=1))
    flat = np.eye(u.size) - q @ q.T
    rest = whole[points] @ flat
    nuisance = np.stack([row[points] @ flat for row in sums], axis=1)
    sd = np.array([data["window_gain"], data["window_shift"], data["window_blur"]])
    gram = nuisance @ nuisance.transpose(0, 2, 1)
    target = np.einsum("vkw,vw->vk", nuisance, rest)
    level = np.maximum((rest**2).mean(axis=1), floor)
    for _ in range(3):
        inverse = np.linalg.inv(gram + (level[:, None] / sd**2)[:, :, None] * np.eye(sd.size))
        x = np.einsum("vkl,vl->vk", inverse, target)
        left = rest - np.einsum("vk,vkw->vw", x, nuisance)
        level = np.maximum((left**2).sum(axis=1) / (u.size / 4.0), floor)
    taken = np.linalg.cholesky(inverse).transpose(0, 2, 1) @ nuisance
    steady = np.broadcast_to(q.T, (points.shape[0], *q.T.shape))
    return np.concatenate([left[:, None], steady, taken], axis=1), level


def _left(ground: NullModel, k: int | None) -> tuple[FloatArray, FloatArray]:
    """What the set without member k leaves, unweighted (M,), and its fitted sum with slopes by shift and width (3, M)."""
    fit = ground.fit
    if fit is None:
        return ground.scene.y, np.zeros((3, ground.scene.y.size))
    share = fit.state.share.copy()
    if k is None:
        return fit.rest, np.asarray(np.einsum("k,skm->sm", share, fit.warped))
    share[k] = 0.0
    return fit.rest + fit.state.share[k] * fit.warped[0, k], np.asarray(np.einsum("k,skm->sm", share, fit.warped))


def _weighted_median(value: FloatArray, weight: FloatArray) -> FloatArray:
    """Median of each column of (V, T) under weights, lower of the two where they tie, (T,)."""
    order = np.argsort(value, axis=0)
    ranked = np.take_along_axis(weight, order, axis=0)
    running = np.cumsum(ranked, axis=0)
    at = (running < 0.5 * running[-1]).sum(axis=0)
    place = np.take_along_axis(order, np.minimum(at, value.shape[0] - 1)[None], axis=0)
    return np.asarray(np.take_along_axis(value, place, axis=0)[0])


def stands(fit: Fit, k: int, least: float | None = None) -> bool:
    """Whether the short windows confirm member k of a set: for a share too small to be believed by itself.

    Their median must reach the part `least` of the fitted share (`confirmed` of the data file when None).
    """
    found = window_median(NullModel.of_fit(fit), fit.warped[0, k : k + 1], k)
    part = float(load("infrared")["limits"]["confirmed"]) if least is None else least
    return bool(found.value[0] >= part * fit.state.share[k])
