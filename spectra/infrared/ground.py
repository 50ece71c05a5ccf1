"""What a candidate is tested against: the settled set with its alignment columns, or the bare baseline.

Why: limits, grades and why-bands all ask what is left of a reference once the set and its misalignment are taken off.
Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.infrared.answer import Alignment
from spectra.infrared.baseline import Metric
from spectra.infrared.fit import Fit
from spectra.infrared.noise import independent_points
from spectra.infrared.scene import FitProblem
from spectra.infrared.warp import LOG_AXIS, OMEGA, PADDED, IntArray
from spectra.types import FloatArray

_BLOCK = 16
"""Entries moved at once: their curves fit in a processor's cache."""


@dataclass(frozen=True, eq=False)
class Inner:
    """Inner products of T references (0) and their slopes by shift (1) beside the set, each (T,).

    `g`, `h` with the residual; `n00`, `n01`, `n11` with each other; `whole` is n00 before the set was taken off.
    """

    g: FloatArray
    h: FloatArray
    n00: FloatArray
    n01: FloatArray
    n11: FloatArray
    whole: FloatArray


@dataclass(frozen=True, eq=False)
class NullModel:
    """The fit as a linear problem around its solution, on M points.

    `rows` (P, M): projected columns of shares, individual shifts, shift, blur and tilt; `precision` (P,) of their
    ridge and `pull` (P,) its gradient; `residual` (M,) weighted; `scatter` = max(1, χ²/n_eff), by which variances
    are widened; `total` Σ c.
    """

    scene: FitProblem
    metric: Metric
    fit: Fit | None
    alignment: Alignment
    rows: FloatArray
    precision: FloatArray
    pull: FloatArray
    residual: FloatArray
    scatter: float
    total: float

    @classmethod
    def of(cls, scene: FitProblem, fit: Fit | None) -> NullModel:
        """The ground of a settled set; where no set stands (None), that of the scene's reading less its baseline."""
        return cls._bare(scene) if fit is None else cls.of_fit(fit)

    @classmethod
    def of_fit(cls, fit: Fit) -> NullModel:
        """The ground of any fit."""
        k, p, state = len(fit.state.entries), fit.priors, fit.state
        centre = float(load("infrared")["align"]["centre_blur"])
        sd = np.concatenate([np.full(k, np.inf), np.full(k, p.own), [p.shift, p.blur, p.tilt]])
        a = state.alignment
        away = np.concatenate([np.zeros(k), -state.own, [-a.shift, centre - a.blur, -a.tilt]])
        scatter = max(1.0, fit.chi2 / max(fit.n_eff, 1.0))
        precision = scatter / sd**2
        rows = np.concatenate([fit.C, fit.D, fit.E])
        total = float(state.share.sum())
        return cls(
            fit.scene, fit.metric, fit, a, rows, precision, precision * away, fit.residual, scatter, max(total, 1e-9)
        )

    @classmethod
    def _bare(cls, scene: FitProblem) -> NullModel:
        centre = float(load("infrared")["align"]["centre_blur"])
        residual = scene.white.project(scene.y)
        n_eff = float(independent_points(residual, scene.white.n))
        scatter = max(1.0, float(residual @ residual) / max(n_eff, 1.0))
        empty, none = np.zeros((0, scene.y.size)), np.zeros(0)
        return cls(scene, scene.white, None, Alignment(0.0, centre, 0.0), empty, none, none, residual, scatter, 1.0)

    @cached_property
    def normal(self) -> FloatArray:
        """Inverse of rows·rowsᵀ + precision, (P, P)."""
        gram = self.rows @ self.rows.T
        return _inverse(gram + np.diag(self.precision))

    @cached_property
    def settled_residual(self) -> FloatArray:
        """The residual after one more linear step of the set, (M,): at the optimum the residual itself."""
        step = self.normal @ (self.rows @ self.residual + self.pull)
        return np.asarray(self.residual - step @ self.rows)

    @property
    def names(self) -> IntArray:
        """Library entries of the set."""
        return np.array(self.fit.state.entries if self.fit else (), dtype=np.int64)

    def aligned(self, entries: IntArray) -> NDArray[np.float32]:
        """Entries and their slopes by shift under the common alignment, (2, T, M), scaled absorbance.

        As `warp`, in single precision: one alignment serves all entries.
        """
        from scipy.fft import irfft

        a, window = self.alignment, self.scene.window
        kernel = np.exp(-1j * OMEGA * a.shift - 0.5 * OMEGA**2 * a.blur)
        both = np.stack([kernel, -1j * OMEGA * kernel]).astype(np.complex64)
        tilt = np.exp(a.tilt * LOG_AXIS[window]).astype(np.float32)
        out = np.empty((2, entries.size, tilt.size), dtype=np.float32)
        for at in range(0, entries.size, _BLOCK):
            part = slice(at, at + _BLOCK)
            moved = self.scene.references.transforms(entries[part])[None] * both[:, None, :]
            np.multiply(irfft(moved, PADDED, axis=-1)[..., window], tilt, out=out[:, part])
        return out

    def inner(self, zero: NDArray[np.float32], one: NDArray[np.float32]) -> Inner:
        """Inner products of references and slopes (T, M) that are left beside baseline and set."""
        root = self.metric.root.astype(np.float32)
        u, v = zero * root, one * root
        against = np.concatenate([self.settled_residual[None], self.metric.Q.T, self.rows]).astype(np.float32).T
        pu, pv = (u @ against).astype(np.float64), (v @ against).astype(np.float64)
        smooth = self.metric.Q.shape[1] + 1
        out = []
        for a, b, pa, pb in ((u, u, pu, pu), (u, v, pu, pv), (v, v, pv, pv)):
            whole = np.einsum("ij,ij->i", a, b).astype(np.float64) - (pa[:, 1:smooth] * pb[:, 1:smooth]).sum(axis=1)
            out.append((whole, whole - ((pa[:, smooth:] @ self.normal) * pb[:, smooth:]).sum(axis=1)))
        return Inner(pu[:, 0], pv[:, 0], out[0][1], out[1][1], out[2][1], out[0][0])


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of a symmetric positive matrix, steadied where columns repeat each other."""
    if not matrix.size:
        return matrix
    size = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    scaled = matrix / size[:, None] / size + 1e-10 * np.eye(size.size)
    return np.asarray(np.linalg.inv(scaled) / size[:, None] / size)


def off(vector: FloatArray, rows: FloatArray) -> FloatArray:
    """`vector` (M,) less its projection on the span of `rows`."""
    sizes = np.sqrt((rows**2).sum(axis=1))
    kept = rows[sizes > 1e-9 * max(float(sizes.max(initial=0.0)), 1e-300)]
    if not kept.shape[0]:
        return vector
    q, r = np.linalg.qr((kept / np.sqrt((kept**2).sum(axis=1))[:, None]).T)
    q = q[:, np.abs(np.diag(r)) > 1e-7]
    return np.asarray(vector - q @ (q.T @ vector))
