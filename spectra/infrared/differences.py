"""Where two explanations differ most, and which of them the reading supports there.

Why: two close hits are told apart in a few windows, never by one global number. Imports numpy and `spectra` only.
"""

from __future__ import annotations

import numpy as np

from spectra.confidence.limits import load
from spectra.infrared.answer import DifferenceWindow
from spectra.infrared.fit import Fit
from spectra.types import FloatArray


def difference_windows(one: Fit, other: Fit, first: str, second: str) -> tuple[DifferenceWindow, ...]:
    """At most five ranges of 40 cm⁻¹ or more, by position, in which two fits of one reading disagree most.

    In each window of 20 points the fits differ by D = |f₁ − f₂|²w; the five with the largest D are shown, neighbours
    joined. The window supports the fit with the smaller Σ w r² there. `first` and `second` are the compounds.
    """
    data = load("infrared")["grades"]
    size = int(data["difference_points"])
    weight = one.metric.root**2
    apart = _sums((one.rest - other.rest) ** 2 * weight, size)
    better = _sums((other.rest**2 - one.rest**2) * weight, size)
    chosen = np.sort(np.argsort(-apart, kind="stable")[: int(data["differences"])])
    chosen = chosen[apart[chosen] > data["difference_least"] * size]
    out: list[DifferenceWindow] = []
    axis = one.scene.axis
    for w in chosen.tolist():
        low, high = float(axis[w * size]), float(axis[min((w + 1) * size, axis.size) - 1])
        supports = first if better[w] >= 0 else second
        if out and out[-1].supports == supports and low - out[-1].high <= 2.5:
            out[-1] = DifferenceWindow(out[-1].low, high, supports)
        else:
            out.append(DifferenceWindow(low, high, supports))
    return tuple(out)


def _sums(values: FloatArray, size: int) -> FloatArray:
    """Sums over consecutive windows of `size` points, the last one short."""
    return np.asarray(np.add.reduceat(values, np.arange(0, values.size, size)))
