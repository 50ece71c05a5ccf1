"""A smooth baseline and the weights of the points, projected out of everything that is compared.

Why: scattering and background are smooth; what is left after removing a few slow waves is substance. Imports numpy and
`spectra` only.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.types import FloatArray

AnyFloat = TypeVar("AnyFloat", NDArray[np.float64], NDArray[np.float32])


@lru_cache(maxsize=16)
def cosines(points: int, count: int) -> FloatArray:
    """cos(πk(i + ½)/M), k = 0 … count−1, (M, count)."""
    i = np.arange(points) + 0.5
    out = np.cos(np.pi * np.arange(count) * i[:, None] / points)
    out.setflags(write=False)
    return out


@lru_cache(maxsize=16)
def slow_waves(points: int, count: int) -> FloatArray:
    """`count` cosines, then a line and a parabola, (M, count + 2): smooth over the window of M points.

    Cosines alone are level at both ends; a sloping baseline would leave a rest there that a featureless reference fills.
    """
    u = (2.0 * np.arange(points) + 1.0) / points - 1.0
    out = np.column_stack([cosines(points, count), u, u**2])
    out.setflags(write=False)
    return out


class Metric:
    """How absorbance is compared: weights w = `root`² (M,), 0 where masked, and the baseline projected out.

    P(x) = √w x − Q Qᵀ √w x with Q an orthonormal basis of √w · `slow_waves`. Distances |P(x)|² are χ² when w is one over
    the variance.

    >>> metric = Metric(np.ones(200))
    >>> bool(abs(metric.project(np.full(200, 3.0))).max() < 1e-12)
    True
    """

    def __init__(self, root: FloatArray) -> None:
        self.root = root
        self.used = root > 0
        self.n = int(self.used.sum())
        basis = slow_waves(root.size, int(load("infrared")["align"]["cosines"]))
        self.Q, self._R = np.linalg.qr(basis * root[:, None])
        self._basis = basis

    @classmethod
    def of_variance(cls, variance: FloatArray, used: NDArray[np.bool_]) -> Metric:
        """The metric of points with this variance (M,), masked where `used` (M,) is False."""
        return cls(np.where(used, 1.0 / np.sqrt(np.where(used, variance, 1.0)), 0.0))

    def project(self, rows: AnyFloat) -> AnyFloat:
        """P of absorbance rows (…, M): weighted, baseline removed; in the precision of `rows`."""
        root, basis, across = (self.root, self.Q, self.Q.T) if rows.dtype == np.float64 else self._single
        weighted = rows * root
        return weighted - (weighted @ basis) @ across

    @cached_property
    def _single(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        basis = self.Q.astype(np.float32)
        return self.root.astype(np.float32), basis, np.ascontiguousarray(basis.T)

    def baseline(self, rest: FloatArray) -> FloatArray:
        """The smooth curve (M,) in absorbance that fits `rest` (M,) best under the weights."""
        found = np.linalg.lstsq(self._R, self.Q.T @ (rest * self.root), rcond=1e-10)[0]
        return np.asarray(self._basis @ found)


@lru_cache(maxsize=8)
def even(used: bytes) -> Metric:
    """The metric in which every used point counts the same: worked out once for readings of the same range.

    `used`: the bytes of a mask (M,).
    """
    return Metric(np.frombuffer(used, dtype=np.bool_).astype(np.float64))
