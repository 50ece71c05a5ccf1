"""Why a component is named: its bands that the others do not have, where they were found, and which are missing.

Why: a chemist believes bands, not likelihoods. Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

import numpy as np

from spectra.confidence.limits import load
from spectra.infrared.answer import DiagnosticBand
from spectra.infrared.fit import Fit
from spectra.infrared.ground import off
from spectra.infrared.noise import running_mean
from spectra.types import FloatArray

_SMOOTH = 3


def diagnostic_bands(fit: Fit, k: int) -> tuple[DiagnosticBand, ...]:
    """The five to eight bands of member k that speak most for it given the others, by position.

    Bands are the prominent maxima of the aligned reference; `weight` is the part of its own signal
    (the reference cleared of the other members, squared) that lies within 12 cm⁻¹ of the maximum. A band is looked for
    within 10 cm⁻¹ in the reading less baseline and other members; `missing` when less than 0.35 of its expected height is there.
    Bands below four times the noise are not asked for.

    Misleads: where two members share a band, the fit decides who gets it, and both look found.
    """
    from scipy.signal import find_peaks

    data, scene, share = load("infrared")["grades"], fit.scene, float(fit.state.share[k])
    expected = share * fit.warped[0, k]
    least = max(float(data["band_noise"]) * scene.sigma, 0.01 * float(expected.max(initial=0.0)))
    found, shape = find_peaks(np.where(scene.used, expected, expected.min()), prominence=least, wlen=101)
    if not found.size:
        return ()
    root = fit.metric.root
    own = off(fit.C[k], np.delete(fit.C, k, axis=0))
    evidence = np.where(root > 0, own / np.where(root > 0, root, 1.0), 0.0) ** 2
    around = np.array([evidence[max(p - 6, 0) : p + 7].sum() for p in found])
    weight = around / max(float(evidence.sum()), 1e-300)
    order = np.argsort(-weight, kind="stable")
    strong = [i for n, i in enumerate(order[: int(data["most_bands"])]) if n < 5 or weight[i] >= 0.02]
    left = running_mean(fit.rest, scene.used, _SMOOTH) + running_mean(expected, scene.used, _SMOOTH)
    out = [
        _band(scene.axis, left, expected, int(found[i]), float(shape["prominences"][i]), float(weight[i]))
        for i in strong
    ]
    return tuple(sorted(out, key=lambda b: b.position))


def _band(
    axis: FloatArray, left: FloatArray, expected: FloatArray, at: int, prominence: float, weight: float
) -> DiagnosticBand:
    reach = 5
    low, high = max(at - reach, 1), min(at + reach + 1, left.size - 1)
    position = summit(axis, expected, at)
    inner = left[low:high]
    peak = low + np.flatnonzero((inner >= left[low - 1 : high - 1]) & (inner >= left[low + 1 : high + 1]))
    best = int(peak[np.argmax(left[peak])]) if peak.size else at
    base = float(expected[at]) - prominence
    offset = float(np.median((left - expected)[max(at - 25, 0) : at + 26]))
    height = float(left[best]) - offset - base
    if not peak.size or height < float(load("infrared")["grades"]["band_found"]) * prominence:
        return DiagnosticBand(position, None, None, min(weight, 1.0), True)
    there = summit(axis, left, best)
    return DiagnosticBand(position, there, there - position, min(weight, 1.0))


def summit(axis: FloatArray, values: FloatArray, at: int) -> float:
    """Position of a maximum at index `at`, by the parabola through it and its neighbours.

    >>> x = np.arange(1000.0, 1020.0, 2.0)
    >>> round(summit(x, -((x - 1008.6) ** 2), 4), 3)
    1008.6
    """
    if not 0 < at < values.size - 1:
        return float(axis[at])
    a, b, c = values[at - 1], values[at], values[at + 1]
    bend = a - 2 * b + c
    move = 0.5 * (a - c) / bend if bend < 0 else 0.0
    return float(axis[at] + np.clip(move, -1.0, 1.0) * (axis[1] - axis[0]))
