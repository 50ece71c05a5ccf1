"""From a run of scans to the spectra worth comparing: its components, each without its neighbours and the background.

`components_of` takes a run apart (spectra.chromatogram); `peaks_of` is what is left for infusions and short or odd runs:
peaks of the total ion current, averaged, the scans at their feet taken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spectra import MassRun, MassSpectrum
from spectra.preprocess import nominal_mass
from spectra.types import FloatArray, SpectrumError

if TYPE_CHECKING:
    from spectra import ReportedPeak, RetentionLadder, RunReport

RULE = (
    "Spectra of a run are taken at the peaks of the total ion current: the apex scan and its two neighbours averaged, "
    "less the scans at the feet of the peak. Substances that leave the column together are not separated."
)
COMPONENT_RULE = (
    "Ions that peak together make a component; its spectrum is computed without its neighbours and the background. "
    "Substances that leave the column at the very same time, or have no ion of their own, are not separated. "
    "Area % is a share of the signal, not of the weight."
)
LEAST_HEIGHT = 0.05
MOST_PEAKS = 8
MOST_COMPONENTS = 30
"""Components that are compared and stored, the largest ones."""
LEAST_AREA_PERCENT = 0.05
"""Smaller ones are counted, not compared: at this size the ions of a name are not there any more."""
LEAST_EXPLAINED = 50.0
"""Percent of the signal that components must make up before an accurate-mass run is taken apart: DART is no column."""
ACCURATE_GAP_DA = 0.005
LEAST_SCANS = 5


@dataclass(frozen=True, slots=True)
class RunNotes:
    """What is said of a run as a whole: `sentences`, how its spectra were made (`rule`), numbers for the screen."""

    rule: str
    sentences: tuple[str, ...] = ()
    n_components: int = 0
    n_compared: int = 0
    unexplained_percent: float | None = None
    peak_width_s: float | None = None


@dataclass(frozen=True, slots=True)
class RunPeak:
    """One component: its time in seconds, its share of the area of all components in percent, and its spectrum.

    `remarks` are sentences about overlap, blank and carry-over; `retention_note` says why an index is missing or weak.
    """

    number: int
    retention_time_s: float
    area_percent: float | None
    spectrum: MassSpectrum
    area: float | None = None
    width_s: float | None = None
    signal_to_noise: float | None = None
    own_share: float | None = None
    retention_index: float | None = None
    retention_note: str = ""
    remarks: tuple[str, ...] = ()
    notes: RunNotes | None = None


def components_of(
    scans: tuple[MassSpectrum, ...],
    seconds: FloatArray,
    *,
    accurate: bool,
    blank: MassRun | None = None,
    ladder: RetentionLadder | None = None,
    previous: MassRun | None = None,
) -> list[RunPeak]:
    """Components of a run, largest first, at most thirty; what no component is found in goes through `peaks_of`.

    `blank` is the run of the batch's blank, `previous` the run injected before this one, `ladder` the retention
    index scale of the batch's alkane run. Column bleed, air, solvent and what the blank explains are not among them.
    """
    from spectra import read_run

    try:
        said = read_run(
            MassRun(scans, seconds), (), accurate=accurate, blank=blank, previous=previous, ladder=ladder
        )  # fmt: skip
    except SpectrumError:
        return peaks_of(scans, seconds, accurate=accurate)
    explained = said.found.explained_percent or 0.0
    if (not said.peaks and not said.from_blank) or (accurate and explained < LEAST_EXPLAINED):
        return peaks_of(scans, seconds, accurate=accurate)
    chosen = [p for p in said.peaks if (p.component.area_percent or 0.0) >= LEAST_AREA_PERCENT][:MOST_COMPONENTS]
    notes = _notes(said, len(chosen))
    return [_as_peak(k, one, notes) for k, one in enumerate(chosen, start=1)]


def _as_peak(number: int, one: ReportedPeak, notes: RunNotes) -> RunPeak:
    part, index = one.component, one.index
    return RunPeak(
        number,
        part.retention_time_s,
        part.area_percent,
        part.spectrum,
        area=part.area,
        width_s=part.width_s,
        signal_to_noise=part.signal_to_noise,
        own_share=part.own_share,
        retention_index=None if index is None else index.value,
        retention_note="" if index is None else index.reason,
        remarks=tuple(r.text for r in one.remarks),
        notes=notes,
    )


def _notes(said: RunReport, compared: int) -> RunNotes:
    found = said.found
    sentences = []
    if len(said.peaks) > compared:
        small = sum(p.component.area_percent or 0.0 for p in said.peaks[compared:])
        rest = len(said.peaks) - compared
        sentences.append(f"{rest} more components, {small:.1f} % of the area together, were not compared.")
    if said.from_blank:
        times = ", ".join(f"{p.component.retention_time_s / 60:.2f}" for p in said.from_blank[:8])
        sentences.append(f"In the blank too, and left out: {len(said.from_blank)} components, at {times} min.")
    if said.background:
        kinds = sorted({c.background for c in said.background})
        sentences.append(f"Left out as background ({', '.join(kinds)}): {len(said.background)} components.")
    if (rest_percent := said.unexplained_percent) is not None and rest_percent >= 10:
        sentences.append(f"{rest_percent:.0f} % of the signal above the baseline belongs to no component.")
    return RunNotes(
        COMPONENT_RULE, tuple(sentences), len(said.peaks), compared, said.unexplained_percent, found.peak_width_s
    )  # fmt: skip


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
        out.append(RunPeak(number, float(seconds[rows[apex]]), share, spectrum, notes=RunNotes(RULE)))
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
