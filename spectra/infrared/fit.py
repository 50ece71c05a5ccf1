"""Sets of references fitted to a reading: shares, one alignment for all, small shifts of their own; batched.

Why: the engine compares many sets of the same size; together they cost little more than one. Imports numpy, scipy and
`spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.infrared.answer import Alignment
from spectra.infrared.baseline import Metric
from spectra.infrared.noise import independent_points
from spectra.infrared.scene import FitProblem
from spectra.infrared.warp import LOG_AXIS, warp
from spectra.types import FloatArray

AT_ONCE = 40
"""Sets fitted at once: their arrays fit in a processor's cache."""


@dataclass(frozen=True, eq=False)
class State:
    """A set of K entries and its parameters: `share` (K,) ≥ 0, `own` (K,) individual shifts in cm⁻¹, one alignment."""

    entries: tuple[int, ...]
    share: FloatArray
    own: FloatArray
    alignment: Alignment

    @classmethod
    def single(cls, entry: int, shift: float = 0.0) -> State:
        """One entry, not yet fitted."""
        centre = float(load("infrared")["align"]["centre_blur"])
        return cls((entry,), np.ones(1), np.zeros(1), Alignment(shift, centre, 0.0))

    def without(self, k: int) -> State:
        """The state without member k."""
        keep = [i for i in range(len(self.entries)) if i != k]
        return State(tuple(self.entries[i] for i in keep), self.share[keep], self.own[keep], self.alignment)

    def plus(self, entry: int, share: float, own: float = 0.0) -> State:
        """The state with one more member."""
        return State((*self.entries, entry), np.append(self.share, share), np.append(self.own, own), self.alignment)


@dataclass(frozen=True)
class Priors:
    """Standard deviations of the ridge (cm⁻¹, (cm⁻¹)², 1) and an optional fixed weight in place of max(1, χ²/n_eff)."""

    shift: float
    blur: float
    tilt: float
    own: float
    weight: float | None = None


def mixture_priors() -> Priors:
    """The ridge of sets, from `data/infrared.toml`."""
    data = load("infrared")["align"]
    return Priors(data["sd_shift"], data["sd_blur"], data["sd_tilt"], data["sd_own"])


def single_priors(scene: FitProblem) -> Priors:
    """The ridge of one entry at equal weights: λ = 2·10⁻⁴ |P y|², no shift of its own."""
    data = load("infrared")["align"]
    energy = float((scene.plain.project(scene.y) ** 2).sum())
    return Priors(data["single_sd_shift"], data["sd_blur"], data["single_sd_tilt"], 1e-3, data["single_ridge"] * energy)


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted set of K entries on the M points of the scene.

    `C` (K, M) = P(X0) the columns of the shares; `residual` (M,) = P(y) − Σ c C, weighted; `chi2` = |residual|²;
    `prior` = Σ(d/sd)² + (s/sd)² + ((b − 1)/sd)² + (τ/sd)²; `weight` λ of the ridge,
    max(1, χ²/n_eff) unless the priors fix it.
    """

    scene: FitProblem
    metric: Metric
    priors: Priors
    state: State
    C: FloatArray
    residual: FloatArray
    chi2: float
    prior: float
    weight: float

    @property
    def n(self) -> int:
        """Points compared."""
        return self.metric.n

    @cached_property
    def n_eff(self) -> float:
        """Independent points of the residual."""
        return float(independent_points(self.residual, self.metric.n))

    @property
    def obj(self) -> float:
        """χ² + λ·prior: what a fit of given size minimises."""
        return self.chi2 + self.weight * self.prior

    @property
    def shares(self) -> FloatArray:
        """Shares of signal, (K,), sum 1 (all 0 when nothing is fitted)."""
        total = float(self.state.share.sum())
        return self.state.share / total if total > 0 else self.state.share

    @cached_property
    def warped(self) -> FloatArray:
        """X0, X1, X2: the references aligned and their slopes by shift and by blur, (3, K, M), in scaled absorbance."""
        batch = _Batch(self.scene, self.metric, [self.state], self.priors)
        return np.asarray(batch.warped(slopes=2)[:, 0], dtype=np.float64)

    @cached_property
    def D(self) -> FloatArray:  # noqa: N802 — the letters of the formulae
        """P(c_j X1_j), (K, M): the columns of the individual shifts; their sum is that of the common shift."""
        return self.metric.project(self.state.share[:, None] * self.warped[1])

    @cached_property
    def E(self) -> FloatArray:  # noqa: N802
        """(3, M): columns of the common shift ΣD, of the blur P(Σ c X2) and of the tilt P(ln(ν/1800) Σ c X0)."""
        log = LOG_AXIS[self.scene.window]
        two = np.stack([self.state.share @ self.warped[2], log * (self.state.share @ self.warped[0])])
        return np.concatenate([self.D.sum(axis=0)[None], self.metric.project(two)])

    @cached_property
    def baseline(self) -> FloatArray:
        """The smooth baseline in scaled absorbance, (M,)."""
        return self.metric.baseline(self.scene.y - self.state.share @ self.warped[0])

    @cached_property
    def rest(self) -> FloatArray:
        """The residual in scaled absorbance, unweighted, (M,): y − baseline − Σ c X0."""
        return np.asarray(self.scene.y - self.baseline - self.state.share @ self.warped[0])


def fit(scene: FitProblem, metric: Metric, start: State, steps: int = 3, priors: Priors | None = None) -> Fit:
    """One set fitted by `steps` Gauss–Newton steps from `start`, then its shares at fixed alignment (c ≥ 0)."""
    return fit_many(scene, metric, [start], steps, priors)[0]


def fit_many(
    scene: FitProblem, metric: Metric, starts: Sequence[State], steps: int = 3, priors: Priors | None = None
) -> list[Fit]:
    """Sets of one size fitted together, in order. `steps` = 0 refits the shares only."""
    if len(starts) > AT_ONCE:
        parts = [starts[at : at + AT_ONCE] for at in range(0, len(starts), AT_ONCE)]
        return [one for part in parts for one in fit_many(scene, metric, part, steps, priors)]
    if not starts:
        return []
    batch = _Batch(scene, metric, starts, priors or mixture_priors())
    for _ in range(steps):
        batch.step()
    return batch.finished()


class _Batch:
    """B sets of K entries: parameters as arrays (B, K) and (B,)."""

    def __init__(self, scene: FitProblem, metric: Metric, starts: Sequence[State], priors: Priors) -> None:
        self.scene, self.metric, self.priors = scene, metric, priors
        self.entries = np.array([s.entries for s in starts], dtype=np.int64)
        self.transforms = scene.transforms(self.entries)
        self.share = np.array([s.share for s in starts], dtype=np.float64)
        self.own = np.array([s.own for s in starts], dtype=np.float64)
        shared = np.array([(s.alignment.shift, s.alignment.blur, s.alignment.tilt) for s in starts])
        self.shift, self.blur, self.tilt = shared.T.copy()
        self.y = metric.project(scene.y)

    def warped(self, slopes: int) -> NDArray[np.float32]:
        """X0 (B, K, M), or X0, X1, X2 (3, B, K, M) with two slopes."""
        shift = self.shift[:, None] + self.own
        return warp(self.transforms, shift, self.blur[:, None], self.tilt[:, None], self.scene.window, slopes)

    def step(self) -> None:
        """One Gauss–Newton step in shares, individual shifts, shift, blur and tilt, with ridge and clipped steps.

        All products are of the references, their slopes and their tilt, (B, 4K, M); a column that is fitted is a sum of these.
        """
        slopes = self.warped(slopes=2)
        tilted = slopes[0] * LOG_AXIS[self.scene.window].astype(np.float32)
        rows = self.metric.project(np.concatenate([*slopes, tilted], axis=1)).astype(np.float64)
        gram, target = rows @ rows.transpose(0, 2, 1), rows @ self.y
        k = self.share.shape[1]
        if self.priors.weight is None:
            weight = self._shares(rows[:, :k], gram[:, :k, :k], target[:, :k])[0]
        else:
            self.share = _non_negative(gram[:, :k, :k], target[:, :k])
            weight = np.full(self.share.shape[0], self.priors.weight)
        sums = self._sums()
        normal, top = sums @ gram @ sums.transpose(0, 2, 1), (sums @ target[..., None])[..., 0]
        self._move(_ridge_solve(normal, top, *self._ridge(weight)), k)

    def _sums(self) -> FloatArray:
        """What each fitted column, (B, 2K + 3), is of the references, their two slopes and their tilt, (4K)."""
        b, k = self.share.shape
        out, each = np.zeros((b, 2 * k + 3, 4 * k)), np.arange(k)
        out[:, each, each] = 1.0
        out[:, k + each, k + each] = self.share
        for place in range(3):
            out[:, 2 * k + place, (place + 1) * k : (place + 2) * k] = self.share
        return out

    def _ridge(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Precision (B, 2K+3) of the ridge and its pull towards the centre."""
        b, k = self.share.shape
        p, data = self.priors, load("infrared")["align"]
        sd = np.concatenate([np.full(k, np.inf), np.full(k, p.own), [p.shift, p.blur, p.tilt]])
        precision = weight[:, None] / sd**2
        away = np.concatenate(
            [np.zeros((b, k)), -self.own, np.stack([-self.shift, data["centre_blur"] - self.blur, -self.tilt], axis=1)],
            axis=1,
        )
        return precision, precision * away

    def _move(self, x: FloatArray, k: int) -> None:
        data = load("infrared")["align"]
        self.share = np.maximum(x[:, :k], 0.0)
        own = np.clip(x[:, k : 2 * k], -data["step_own"], data["step_own"])
        self.own = np.clip(self.own + own, -data["range_own"], data["range_own"])
        steps = np.array([data["step_shift"], data["step_blur"], data["step_tilt"]])
        ds, db, dt = np.clip(x[:, 2 * k :], -steps, steps).T
        self.shift = np.clip(self.shift + ds, -data["range_shift"], data["range_shift"])
        self.blur = np.clip(self.blur + db, data["low_blur"], data["high_blur"])
        self.tilt = np.clip(self.tilt + dt, -data["range_tilt"], data["range_tilt"])

    def _shares(
        self, columns: FloatArray, gram: FloatArray, target: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Best shares at fixed alignment; returns λ, residual and χ²."""
        self.share = _non_negative(gram, target)
        residual = self.y - np.einsum("bk,bkm->bm", self.share, columns)
        chi2 = np.einsum("bm,bm->b", residual, residual)
        if self.priors.weight is not None:
            return np.full(chi2.shape, self.priors.weight), residual, chi2
        n_eff = independent_points(residual, self.metric.n)
        return np.maximum(1.0, chi2 / np.maximum(n_eff, 1.0)), residual, chi2

    def finished(self) -> list[Fit]:
        """The fits at the present parameters."""
        columns = self.metric.project(self.warped(slopes=0)).astype(np.float64)
        weight, residual, chi2 = self._shares(columns, columns @ columns.transpose(0, 2, 1), columns @ self.y)
        p, centre = self.priors, load("infrared")["align"]["centre_blur"]
        prior = ((self.own / p.own) ** 2).sum(axis=1) + (self.shift / p.shift) ** 2
        prior = prior + ((self.blur - centre) / p.blur) ** 2 + (self.tilt / p.tilt) ** 2
        out = []
        for b in range(self.entries.shape[0]):
            alignment = Alignment(float(self.shift[b]), float(self.blur[b]), float(self.tilt[b]))
            state = State(tuple(int(e) for e in self.entries[b]), self.share[b], self.own[b], alignment)
            numbers = (float(chi2[b]), float(prior[b]), float(weight[b]))
            out.append(Fit(self.scene, self.metric, p, state, columns[b], residual[b], *numbers))
        return out


def _ridge_solve(normal: FloatArray, top: FloatArray, precision: FloatArray, pull: FloatArray) -> FloatArray:
    """(A Aᵀ + diag(precision))⁻¹ (A y + pull) for each of B systems, from `normal` A Aᵀ (B, P, P) and `top` A y (B, P)."""
    diagonal = np.einsum("bii->bi", normal)
    diagonal += precision + 1e-8 * diagonal.max(axis=1, keepdims=True) + 1e-300
    return np.asarray(np.linalg.solve(normal, (top + pull)[..., None])[..., 0])


def _non_negative(gram: FloatArray, target: FloatArray) -> FloatArray:
    """Non-negative least squares from normal equations (B, K, K), (B, K); exact, small K."""
    from scipy.optimize import nnls

    damped = gram.copy()
    diagonal = np.einsum("bii->bi", damped)
    diagonal += 1e-8 * diagonal.max(axis=1, keepdims=True) + 1e-300
    found = np.asarray(np.linalg.solve(damped, target[..., None])[..., 0])
    if target.shape[1] == 1:
        return np.maximum(found, 0.0)
    for b in np.flatnonzero((found < 0).any(axis=1)):
        root = np.linalg.cholesky(damped[b])
        found[b] = nnls(root.T, np.linalg.solve(root, target[b]))[0]
    return found
