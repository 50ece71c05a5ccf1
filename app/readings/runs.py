"""From a run of scans to the spectra worth comparing: the peaks of the total ion current, averaged, background taken off.

The rule, as shown with every answer: scans of level 1 only; peaks of the total ion current at least 5 % of the
highest; each spectrum is the mean of the apex scan and its two neighbours, less the mean of the scans at the feet of
the peak. Co-eluting substances are not separated: a spectrum of two gives a poor match or a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectra import MassSpectrum
from spectra.preprocess import nominal_mass
from spectra.types import FloatArray

RULE = (
    "Spectra of a run are taken at the peaks of the total ion current: the apex scan and its two neighbours averaged, "
    "less the scans at the feet of the peak. Substances that leave the column together are not separated."
)
LEAST_HEIGHT = 0.05
MOST_PEAKS = 8
ACCURATE_GAP_DA = 0.005
LEAST_SCANS = 5


@dataclass(frozen=True, slots=True)
class RunPeak:
    """One peak: its time in seconds, its share of the area of all peaks in percent, and its spectrum."""

    number: int
    retention_time_s: float
    area_percent: float | None
    spectrum: MassSpectrum


def peaks_of(scans: tuple[MassSpectrum, ...], seconds: FloatArray, *, accurate: bool) -> list[RunPeak]:
    """At most eight peaks, highest first; a run without a peak (infusion) gives its most intense scan.

    `scans` (S,) and `seconds` (S,) belong together. An empty list when no scan holds any intensity.
    """
    rows = [k for k, scan in enumerate(scans) if scan.ms_level in (None, 1)] or list(range(len(scans)))
    total = np.array([float(scans[k].intensity.sum()) for k in rows])
    if not rows or total.max() <= 0:
        return []
    spans = _spans(total)
    if not spans:
        spans = [(int(np.argmax(total)), 0, total.size - 1, 0.0)]
    areas = sum(area for *_, area in spans)
    out = []
    for number, (apex, left, right, area) in enumerate(spans, start=1):
        around = range(max(0, apex - 1), min(len(rows), apex + 2))
        feet = {left, right} - set(around) if area > 0 else set()
        spectrum = _averaged([scans[rows[k]] for k in around], [scans[rows[k]] for k in feet], accurate)
        if spectrum is None:
            continue
        share = 100 * area / areas if areas > 0 else None
        out.append(RunPeak(number, float(seconds[rows[apex]]), share, spectrum))
    return out


def _spans(total: FloatArray) -> list[tuple[int, int, int, float]]:
    """(apex, left foot, right foot, area above the line between the feet), highest first."""
    from scipy.signal import find_peaks

    if total.size < LEAST_SCANS:
        return []
    padded = np.concatenate(([total.min()], total, [total.min()]))
    apexes, about = find_peaks(padded, prominence=LEAST_HEIGHT * (total.max() - total.min()))
    spans = []
    for apex, left_base, right_base in zip(apexes - 1, about["left_bases"] - 1, about["right_bases"] - 1, strict=True):
        left, right = _foot(total, int(apex), int(left_base), -1), _foot(total, int(apex), int(right_base), 1)
        line = np.linspace(total[left], total[right], right - left + 1)
        spans.append((int(apex), left, right, float(np.maximum(total[left : right + 1] - line, 0).sum())))
    spans.sort(key=lambda span: -total[span[0]])
    return spans[:MOST_PEAKS]


def _foot(total: FloatArray, apex: int, base: int, step: int) -> int:
    """From the apex outwards: the first scan below a tenth of the height above the base, or the first valley."""
    base = min(max(base, 0), total.size - 1)
    threshold = total[base] + 0.1 * (total[apex] - total[base])
    k = apex
    while k != base and 0 <= k + step < total.size:
        k += step
        if total[k] <= threshold:
            break
    return k


def _averaged(scans: list[MassSpectrum], feet: list[MassSpectrum], accurate: bool) -> MassSpectrum | None:
    mz = np.concatenate([s.mz for s in (*scans, *feet)])
    height = np.concatenate(
        [s.intensity / len(scans) for s in scans] + [-s.intensity / len(feet) for s in feet]
    )  # fmt: skip
    keys, mz, height = _bins(mz, height, accurate)
    sums = np.bincount(keys, weights=height)
    weight = np.bincount(keys, weights=np.abs(height))
    centre = np.bincount(keys, weights=mz * np.abs(height)) / np.maximum(weight, 1e-300)
    keep = (sums > 0) & (centre > 0)
    if not keep.any():
        return None
    keep &= sums >= 1e-3 * sums.max()
    first = scans[len(scans) // 2]
    return MassSpectrum(centre[keep], sums[keep], None, first.ionisation, first.retention_time_s, first.ms_level)


def _bins(
    mz: FloatArray, height: FloatArray, accurate: bool
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], FloatArray, FloatArray]:
    """Bin number of each point, and the points in the order of the bins."""
    order = np.argsort(mz, kind="stable")
    mz, height = mz[order], height[order]
    if accurate:
        steps = np.r_[0, (np.diff(mz) > ACCURATE_GAP_DA).astype(np.int64)]
    else:
        steps = np.r_[0, (np.diff(nominal_mass(mz)) != 0).astype(np.int64)]
    return np.cumsum(steps), mz, height
