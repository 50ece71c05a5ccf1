"""One substance found twice: fronts, tails and residues of a large peak are joined to it, isomers are not.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectra.chromatogram.background import number
from spectra.chromatogram.deconvolution import Prepared, Raw
from spectra.types import FloatArray


def merged_twins(ready: Prepared, raws: list[Raw]) -> list[Raw]:
    """Residues left out, and near components with nearly the same spectrum and no valley between them made one.

    Residue: on the flank of a component fifty times larger, with nine tenths of its signal at ions that are ten times
    stronger there, or one unit mass beside them: what a full detector or an odd shape leaves behind.
    Alike: cosine of √intensity at least 0.97. Near: within 2.5 widths. Valley: the sum of their ten strongest ions
    falls below 90 % of the lower maximum; then they are two substances with one spectrum, isomers as a rule.
    """
    size = [float(raw.spectrum.sum() * raw.shape.sum()) for raw in raws]
    out: list[Raw] = []
    for k, raw in enumerate(raws):
        if any(size[j] >= 50 * size[k] and _residue(raw, other) for j, other in enumerate(raws)):
            continue
        for place in range(len(out) - 1, max(-1, len(out) - 4), -1):
            if _twins(ready, out[place], raw):
                out[place] = _joined(out[place], raw)
                break
        else:
            out.append(raw)
    return sorted(out, key=lambda raw: raw.place)


def _residue(raw: Raw, large: Raw) -> bool:
    at = round(raw.place) - large.first
    if not 0 <= at < large.shape.size:
        return False
    there = large.spectrum * float(large.shape[max(0, at - 1) : at + 2].max())
    beside = np.maximum(there, np.maximum(np.r_[0.0, there[:-1]], np.r_[there[1:], 0.0]))
    covered = raw.spectrum[beside >= 10 * raw.spectrum].sum()
    return bool(covered >= 0.9 * raw.spectrum.sum())


def _twins(ready: Prepared, one: Raw, two: Raw) -> bool:
    width = max(2.3548 * ready.sigma, *((raw.shape >= 0.5).sum() for raw in (one, two)))
    if two.place - one.place > 2.5 * width or cosine(one.spectrum, two.spectrum) < number("components", "twin_cosine"):
        return False
    ions = np.argsort(-(one.spectrum + two.spectrum), kind="stable")[:10]
    a, b = sorted((round(one.place), round(two.place)))
    trace = ready.signal[a : b + 1, ions].sum(axis=1, dtype=np.float64)
    return trace.size < 3 or bool(trace.min() >= number("components", "valley") * min(trace[0], trace[-1]))


def cosine(one: FloatArray, two: FloatArray) -> float:
    """Cosine of the roots of two spectra on the same masses, 0–1.

    >>> round(cosine(np.array([4.0, 0.0]), np.array([9.0, 0.0])), 3)
    1.0
    """
    a, b = np.sqrt(np.maximum(one, 0)), np.sqrt(np.maximum(two, 0))
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b / norm) if norm > 0 else 0.0


def _joined(one: Raw, two: Raw) -> Raw:
    """Both as one: the larger one's place and spectrum, and the curve of both."""
    large = one if one.spectrum.sum() >= two.spectrum.sum() else two
    first = min(one.first, two.first)
    last = max(one.first + one.shape.size, two.first + two.shape.size)
    curve = np.zeros(last - first)
    for raw in (one, two):
        curve[raw.first - first : raw.first - first + raw.shape.size] += raw.spectrum.sum() * raw.shape
    top = float(curve[round(large.place) - first])
    return replace(
        large, first=first, shape=curve / top, spectrum=large.spectrum * (top / large.spectrum.sum()), gain=one.gain + two.gain
    )  # fmt: skip
