"""Infrared readings of known composition, made from library curves: nuisances, out-of-family stress, spliced distractors.

Written apart from the engine: curves are moved by spline interpolation and blurred by a Gaussian in wavenumber, not by the
engine's own warp. The levels are those of the development sets, found by fitting each set's true components: typical SNR
290, shift sd 1.0, own shifts sd .5, widening 0–2.2, tilt ±.15, baseline .06 peak to peak; hard 60, 3.2, 1.3, 0–5, ±.45, .25.
Imports numpy and scipy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Nuisance:
    """How far a reading lies from the sum of its references.

    `snr` largest absorbance over the noise's standard deviation; `baseline` its amplitude in parts of the largest
    absorbance; `shift` sd of the instrument-wide and `own_shift` of each component's shift (cm⁻¹); `blur` largest width
    (sd, cm⁻¹) of the broadening; `tilt` largest exponent of (ν/1800), either way.
    """

    snr: float
    baseline: float
    shift: float
    own_shift: float
    blur: float
    tilt: float


TYPICAL = Nuisance(snr=300.0, baseline=0.04, shift=1.0, own_shift=0.5, blur=2.2, tilt=0.15)
HARD = Nuisance(snr=60.0, baseline=0.17, shift=3.0, own_shift=1.3, blur=5.0, tilt=0.45)


def moved(x: FloatArray, curve: FloatArray, shift: FloatArray | float) -> FloatArray:
    """The curve (M,) with its bands `shift` cm⁻¹ higher; one number or one per point. Flat beyond the ends."""
    at = np.clip(x - shift, x[0], x[-1])
    return np.asarray(CubicSpline(x, curve)(at))


def reading(
    x: FloatArray, parts: FloatArray, weights: FloatArray, nuisance: Nuisance, rng: np.random.Generator
) -> FloatArray:
    """One reading (M,): Σ w_j part_j (K, M), each moved on its own, then blurred, tilted, on a baseline, with noise."""
    step = float(x[1] - x[0])
    common = rng.normal(0.0, nuisance.shift)
    total = np.zeros(x.size)
    for part, weight in zip(parts, weights, strict=True):
        total += weight * moved(x, part, common + rng.normal(0.0, nuisance.own_shift))
    width = rng.uniform(0.0, nuisance.blur)
    if width > 0.2:
        total = gaussian_filter1d(total, width / step, mode="nearest")
    total *= (x / 1800.0) ** rng.uniform(-nuisance.tilt, nuisance.tilt)
    top = float(np.abs(total).max())
    return total + top * (_baseline(x, nuisance.baseline, rng) + rng.normal(0.0, 1.0 / nuisance.snr, x.size))


def _baseline(x: FloatArray, amplitude: float, rng: np.random.Generator) -> FloatArray:
    """Slope, curvature and one slow wave, largest absolute value `amplitude`."""
    u = (x - x.mean()) / (x[-1] - x[0])
    wave = np.sin(2 * np.pi * (u * rng.uniform(0.5, 1.5) + rng.random()))
    line = rng.normal() * u + rng.normal() * u**2 + rng.normal() * wave
    return np.asarray(amplitude * line / max(float(np.abs(line).max()), 1e-12))


def stressed(x: FloatArray, part: FloatArray, k: float, rng: np.random.Generator) -> FloatArray:
    """A curve as another instrument or crystal would show it, outside what the engine models; `k` 0 leaves it.

    A smooth random local shift (sd 1.5k cm⁻¹, correlation 150 cm⁻¹), gain of bands (sd 10k %, correlation
    100 cm⁻¹), exponential tails (3k cm⁻¹), saturation y/(1 + 0.15k y) and a dispersive part 0.3k dy per point.
    """
    if k <= 0:
        return part
    step = float(x[1] - x[0])
    out = moved(x, part, 1.5 * k * _field(x.size, 150.0 / step, rng))
    out = out * (1.0 + 0.10 * k * _field(x.size, 100.0 / step, rng))
    decay = float(np.exp(-step / (3.0 * k)))
    out = np.asarray(lfilter([1.0 - decay], [1.0, -decay], out, zi=[decay * out[0]])[0])
    out = out / (1.0 + 0.15 * k * np.maximum(out, 0.0))
    return np.asarray(out + 0.3 * k * np.gradient(out))


def _field(size: int, points: float, rng: np.random.Generator) -> FloatArray:
    """Smooth random values (size,) of sd 1, correlated over so many points."""
    raw = gaussian_filter1d(rng.normal(size=size + 8 * int(points)), points / 2.0)[4 * int(points) :][:size]
    return np.asarray(raw * np.sqrt(points * np.sqrt(np.pi)))


def distractors(x: FloatArray, curves: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """`count` curves (count, M) that look like references and are none, made of halves of real ones.

    Two different entries, each stretched by up to ±4 % about a random point and moved by up to ±15 cm⁻¹, are joined at
    a random wavenumber: every second one cut sharply on the level of the first, the other cross-faded over
    50–300 cm⁻¹; one in four is also a sum (each 30–70 %) of two such curves. Scaled to largest absorbance 1. A curve
    whose first derivative correlates above .9 with either parent is thrown away: it would be that parent, not a
    distractor.
    """
    out = np.empty((count, x.size))
    made = 0
    while made < count:
        first, parents = _spliced(x, curves, rng, made % 2 == 0)
        if made % 4 == 3:
            second, more = _spliced(x, curves, rng, made % 8 == 3)
            part = rng.uniform(0.3, 0.7)
            first, parents = part * first + (1.0 - part) * second, [*parents, *more]
        if max(_likeness(first, curves[p]) for p in parents) < 0.9:
            out[made] = first / first.max()
            made += 1
    return out


def _spliced(x: FloatArray, curves: FloatArray, rng: np.random.Generator, sharp: bool) -> tuple[FloatArray, list[int]]:
    a, b = (int(k) for k in rng.choice(len(curves), 2, replace=False))
    halves = []
    for k in (a, b):
        stretch, about = rng.uniform(-0.04, 0.04), rng.uniform(x[0], x[-1])
        halves.append(moved(x, curves[k], stretch * (x - about) + rng.uniform(-15.0, 15.0)))
    at = rng.uniform(1100.0, 1800.0) if rng.random() < 0.7 else rng.uniform(1800.0, 3300.0)
    if sharp:
        cut = int(np.searchsorted(x, at))
        halves[1] = halves[1] + (halves[0][cut] - halves[1][cut])
        joined = np.where(np.arange(x.size) < cut, halves[0], halves[1])
    else:
        fade = np.clip((x - at) / rng.uniform(50.0, 300.0) + 0.5, 0.0, 1.0)
        joined = halves[0] * (1.0 - fade) + halves[1] * fade
    joined = joined - min(float(joined.min()), 0.0)
    return joined / max(float(joined.max()), 1e-9), [a, b]


def _likeness(a: FloatArray, b: FloatArray) -> float:
    """Correlation of first differences over five points (10 cm⁻¹)."""
    u, v = a[5:] - a[:-5], b[5:] - b[:-5]
    u, v = u - u.mean(), v - v.mean()
    return float((u @ v) / max(np.sqrt(float(u @ u) * float(v @ v)), 1e-12))
