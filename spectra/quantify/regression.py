"""Weighted straight lines: y = a + b x or y = b x, with what a calibration needs of them. numpy only.

Why apart: the numbers are checked against certified values (NIST StRD); what a chemist is told stands in curve.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectra.types import FloatArray


@dataclass(frozen=True, eq=False)
class Line:
    """A fitted line. Weights are scaled to mean 1, so that `residual_sd` is that of a response of average weight.

    `residuals` (N,) = y − fitted; `sum_w`, `mean_x`, `mean_y`, `spread` (Σ w (x − x̄)², or Σ w x² through zero) are
    what the variance of a prediction needs; `dof` = N − 2, or N − 1 through zero.
    """

    slope: float
    intercept: float
    slope_u: float
    intercept_u: float
    residual_sd: float
    r2: float
    dof: int
    residuals: FloatArray
    sum_w: float
    mean_x: float
    mean_y: float
    spread: float
    through_zero: bool

    def at(self, x: FloatArray | float) -> FloatArray | float:
        """Fitted response."""
        return self.intercept + self.slope * x

    def variance_at(self, x: float) -> float:
        """Variance of the fitted line at x, in units of `residual_sd`² (leverage)."""
        if self.through_zero:
            return x * x / self.spread
        return 1.0 / self.sum_w + (x - self.mean_x) ** 2 / self.spread


def fit_line(x: FloatArray, y: FloatArray, weights: FloatArray, through_zero: bool = False) -> Line:
    """Weighted least squares; `x`, `y`, `weights` (N,), weights above zero. Needs more points than parameters.

    b = Σ w (x − x̄)(y − ȳ)/Σ w (x − x̄)², a = ȳ − b x̄ with weighted means; through zero b = Σ w x y/Σ w x².
    s² = Σ w r²/(N − p); u(b)² = s²/Σ w (x − x̄)²; u(a)² = s²(1/Σ w + x̄²/Σ w (x − x̄)²). r² is 1 − Σ w r²/Σ w (y − ȳ)²,
    through zero 1 − Σ w r²/Σ w y², which is no measure of how straight the points lie.

    >>> line = fit_line(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]), np.ones(3))
    >>> line.slope, line.intercept, line.residual_sd
    (2.0, 1.0, 0.0)
    """
    w = weights * (weights.size / weights.sum())
    sum_w = float(w.sum())
    if through_zero:
        mean_x = mean_y = 0.0
    else:
        mean_x, mean_y = float((w * x).sum() / sum_w), float((w * y).sum() / sum_w)
    dx, dy = x - mean_x, y - mean_y
    spread = float((w * dx * dx).sum())
    slope = float((w * dx * dy).sum() / spread)
    intercept = 0.0 if through_zero else mean_y - slope * mean_x
    residuals = dy - slope * dx
    dof = int(x.size) - (1 if through_zero else 2)
    rss = float((w * residuals * residuals).sum())
    total = float((w * dy * dy).sum())
    s = float(np.sqrt(rss / dof))
    intercept_u = 0.0 if through_zero else s * float(np.sqrt(1.0 / sum_w + mean_x**2 / spread))
    return Line(
        slope, intercept, s / float(np.sqrt(spread)), intercept_u, s, 1.0 - rss / total if total > 0 else 1.0, dof,
        residuals, sum_w, mean_x, mean_y, spread, through_zero,
    )  # fmt: skip
