"""Whether the levels of a calibration lie on a line: lack of fit against repeats, and Mandel's test. numpy and scipy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc  # scipy.stats takes half a second to import

from spectra.confidence.limits import load
from spectra.quantify.regression import Line
from spectra.types import FloatArray


@dataclass(frozen=True, slots=True)
class FTest:
    """An F test: F, degrees of freedom, probability under the hypothesis of a straight line."""

    f: float
    dof: tuple[int, int]
    p: float

    @property
    def significant(self) -> bool:
        """Whether the line does not describe the levels, at the level of data/quantification.toml."""
        return self.p < float(load("quantification")["curve"]["significance"])


def lack_of_fit(x: FloatArray, y: FloatArray, w: FloatArray, line: Line) -> FTest | None:
    """F = ((RSS − SSpe)/(m − p))/(SSpe/(N − m)) with m different levels, SSpe the scatter of repeats about their mean.

    `x`, `y`, `w` (N,), weights as in the fit. None without repeats or without more levels than parameters
    (Draper & Smith, Applied Regression Analysis, 3rd ed., section 2.1).
    """
    different, group = np.unique(x, return_inverse=True)
    parameters = int(x.size) - line.dof
    dof = (int(different.size) - parameters, int(x.size - different.size))
    if min(dof) < 1:
        return None
    means = np.bincount(group, w * y) / np.bincount(group, w)
    within = float((w * (y - means[group]) ** 2).sum())
    return _f_test(float((w * line.residuals**2).sum()) - within, within, dof)


def curvature(x: FloatArray, y: FloatArray, w: FloatArray, line: Line) -> FTest | None:
    """Mandel's test: F = (RSS of the line − RSS of the parabola)/(RSS of the parabola/(N − p − 1)).

    None with fewer than four levels (Mandel, The Statistical Analysis of Experimental Data, 1964; ISO 8466-1).
    """
    dof = line.dof - 1
    if np.unique(x).size < 4 or dof < 1:
        return None
    scaled, root = x / x.max(), np.sqrt(w)
    columns = [scaled, scaled**2] if line.through_zero else [np.ones_like(x), scaled, scaled**2]
    design = np.stack(columns, axis=1) * root[:, None]
    found = np.linalg.lstsq(design, y * root, rcond=None)[0]
    left = float(((y * root - design @ found) ** 2).sum())
    return _f_test(float((w * line.residuals**2).sum()) - left, left, (1, dof))


def _f_test(between: float, within: float, dof: tuple[int, int]) -> FTest | None:
    """None where nothing scatters at all: an exact line has nothing to test."""
    scale = between + within
    if scale <= 0 or within <= 1e-14 * scale:
        return None
    f = max(0.0, between) / dof[0] / (within / dof[1])
    return FTest(float(f), dof, float(fdtrc(*dof, f)))
