"""From a run of scans to the spectra worth comparing, and from their answers to that of the run, each compound once.

`components_of` takes a run apart (spectra.chromatogram), each component without its neighbours and the background;
`peaks_of` is what is left for infusions and short or odd runs: peaks of the total ion current, averaged, the scans at
their feet taken off. What was run beside a sample comes from where the process is wired: app.laboratory.standards brings a
`ControlsFor` along. Knows no library; app.laboratory.identification.identify compares, `with_run` puts together.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from app.laboratory.identification.answer import NAMING_LEVELS, Answer, Peak, PeakAnswer, RunFacts, RunRow
from app.laboratory.identification.ranking import rounded
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
KEPT_PEAKS = 300
KEPT_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class RunControls:
    """Controls of the batch of one analysis, each with the words by which an answer names it; None: there is none.

    `retention` is the index scale of the n-alkane ladder; `instrument` what ran the sample, "" where nobody said.
    """

    blank: MassRun | None = None
    blank_name: str = ""
    retention: RetentionLadder | None = None
    ladder_name: str = ""
    previous: MassRun | None = None
    previous_name: str = ""
    instrument: str = ""

    @property
    def sentences(self) -> list[str]:
        """What was used, for the answer."""
        out = []
        if self.blank is not None:
            out.append(f"Compared with the blank of its batch: {self.blank_name}.")
        if self.retention is not None:
            out.append(f"Retention indices are from the n-alkane ladder of its batch: {self.ladder_name}.")
        if self.previous is not None:
            out.append(f"Checked for carry-over from the run before it: {self.previous_name}.")
        return out


ControlsFor = Callable[[uuid.UUID], RunControls]
"""From the key of an analysis to what was run beside it."""


@dataclass(frozen=True, slots=True)
class RunPeak:
    """One component: its time in seconds, its share of the area of all components in percent, and its spectrum.

    `remarks` are sentences about overlap, blank and carry-over; `retention_note` says why an index is missing or weak.
    `run` is what is said of the run as a whole, `rule` how its spectra were made.
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
    run: RunFacts | None = None
    rule: str = RULE


def components_of(
    scans: tuple[MassSpectrum, ...],
    seconds: FloatArray,
    *,
    accurate: bool,
    controls: RunControls | None = None,
) -> list[RunPeak]:
    """Components of a run, largest first, at most thirty; what no component is found in goes through `peaks_of`.

    Column bleed, air, solvent and what the blank explains are not among them.
    """
    from spectra import read_run

    beside, run = controls or RunControls(), MassRun(scans, seconds)
    try:
        said = read_run(run, accurate=accurate, blank=beside.blank, previous=beside.previous, ladder=beside.retention)
    except SpectrumError:
        return peaks_of(scans, seconds, accurate=accurate)
    explained = said.found.explained_percent or 0.0
    if (not said.peaks and not said.from_blank) or (accurate and explained < LEAST_EXPLAINED):
        return peaks_of(scans, seconds, accurate=accurate)
    chosen = [p for p in said.peaks if (p.component.area_percent or 0.0) >= LEAST_AREA_PERCENT][:MOST_COMPONENTS]
    facts = _facts(said, len(chosen))
    return [_as_peak(k, one, facts) for k, one in enumerate(chosen, start=1)]


def _as_peak(number: int, one: ReportedPeak, facts: RunFacts) -> RunPeak:
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
        run=facts,
        rule=COMPONENT_RULE,
    )


def _facts(said: RunReport, compared: int) -> RunFacts:
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
    width = rounded(said.found.peak_width_s)
    return RunFacts(len(said.peaks), compared, tuple(sentences), rounded(said.unexplained_percent), width)


def peaks_of(scans: tuple[MassSpectrum, ...], seconds: FloatArray, *, accurate: bool) -> list[RunPeak]:
    """At most eight peaks, highest first; a run without a peak (infusion) gives its most intense scan.

    `scans` (S,) and `seconds` (S,) belong together. An empty list when no scan holds any intensity.
    """
    rows = [k for k, scan in enumerate(scans) if scan.ms_level in (None, 1)] or list(range(len(scans)))
    total = np.array([float(scans[k].intensity.sum()) for k in rows])
    if not rows or total.max() <= 0:
        return []
    spans = _spans(total) or [(int(np.argmax(total)), 0, total.size - 1, 0.0)]
    areas = sum(area for *_, area in spans)
    out = []
    for number, (apex, left, right, area) in enumerate(spans, start=1):
        around = range(max(0, apex - 1), min(len(rows), apex + 2))
        feet = {left, right} - set(around) if area > 0 else set()
        spectrum = averaged([scans[rows[k]] for k in around], [scans[rows[k]] for k in feet], accurate)
        if spectrum is None:
            continue
        share = 100 * area / areas if areas > 0 else None
        out.append(RunPeak(number, float(seconds[rows[apex]]), share, spectrum, run=RunFacts()))
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
    """Where a peak ends, looked for from its apex outwards: the first scan below a tenth of the height above the base, or the first valley."""
    base = min(max(base, 0), total.size - 1)
    threshold = total[base] + 0.1 * (total[apex] - total[base])
    k = apex
    while k != base and 0 <= k + step < total.size:
        k += step
        if total[k] <= threshold:
            break
    return k


def averaged(scans: list[MassSpectrum], feet: list[MassSpectrum], accurate: bool) -> MassSpectrum | None:
    """The mean of some scans less the mean of others, whole masses or neighbours within 0.005 Da taken together; peaks under a
    thousandth of the highest left out. None where nothing is left."""
    mz = np.concatenate([s.mz for s in (*scans, *feet)])
    height = np.concatenate([s.intensity / len(scans) for s in scans] + [-s.intensity / len(feet) for s in feet])
    order = np.argsort(mz, kind="stable")
    mz, height = mz[order], height[order]
    other_bin = np.diff(mz) > ACCURATE_GAP_DA if accurate else np.diff(nominal_mass(mz)) != 0
    keys = np.cumsum(np.r_[0, other_bin.astype(np.int64)])
    sums = np.bincount(keys, weights=height)
    weight = np.bincount(keys, weights=np.abs(height))
    centre = np.bincount(keys, weights=mz * np.abs(height)) / np.maximum(weight, 1e-300)
    keep = (sums > 0) & (centre > 0)
    if not keep.any():
        return None
    keep &= sums >= 1e-3 * sums.max()
    first = scans[len(scans) // 2]
    return MassSpectrum(centre[keep], sums[keep], None, first.ionisation, first.retention_time_s, first.ms_level)


# -- the answer of a run -------------------------------------------------------------------------------------------


def with_run(answer: Answer, found: Sequence[tuple[RunPeak, Answer]]) -> Answer:
    """The answer of the largest component, led by its time, with every component and what is said of the run."""
    shown = found[0][0]
    lead = f"The candidates are those of the largest peak, at {shown.retention_time_s / 60:.2f} min."
    said = shown.run.sentences if shown.run is not None else ()
    return replace(
        answer,
        sentences=(lead, *shown.remarks, *answer.sentences, *said, shown.rule),
        peaks=tuple(_peak(peak, of_peak) for peak, of_peak in found),
        summary=summary_of(found),
        run=shown.run,
    )


def summary_of(found: Sequence[tuple[RunPeak, Answer]]) -> tuple[RunRow, ...]:
    """Each compound once with the area % of its peaks, largest first; what has no name stands alone, by its time."""
    rows: dict[str, RunRow] = {}
    for peak, answer in found:
        named = answer.level in NAMING_LEVELS and bool(answer.candidates)
        key = answer.candidates[0].compound if named else f"peak {peak.number}"
        row = rows.get(key) or _row(peak, answer, named)
        area = row.area_percent
        if peak.area_percent is not None:
            area = round((area or 0.0) + peak.area_percent, 2)
        rows[key] = replace(row, peaks=(*row.peaks, peak.number), area_percent=area)
    return tuple(sorted(rows.values(), key=lambda row: (-(row.area_percent or 0.0), row.peaks[0])))


def _row(peak: RunPeak, answer: Answer, named: bool) -> RunRow:
    time_s = round(peak.retention_time_s, 2)
    row = RunRow(level=answer.level, headline=answer.headline, retention_time_s=time_s)
    if not named:
        return row
    best = answer.candidates[0]
    return replace(
        row, substance=best.substance, compound=best.compound, substance_id=best.substance_id,
        ambiguous_with=best.ambiguous_with,
    )  # fmt: skip


def _peak(peak: RunPeak, answer: Answer) -> Peak:
    order = np.sort(np.argsort(-peak.spectrum.intensity, kind="stable")[:KEPT_PEAKS])
    return Peak(
        peak=peak.number,
        retention_time_s=round(peak.retention_time_s, 2),
        area_percent=rounded(peak.area_percent, 2),
        area=None if peak.area is None else float(f"{peak.area:.5g}"),
        width_s=rounded(peak.width_s, 2),
        signal_to_noise=None if peak.signal_to_noise is None else float(f"{peak.signal_to_noise:.3g}"),
        own_share=rounded(peak.own_share, 2),
        retention_index=peak.retention_index,
        retention_note=peak.retention_note,
        remarks=peak.remarks,
        level=answer.level,
        headline=answer.headline,
        answer=PeakAnswer(answer.sentences, answer.set, answer.in_house, answer.probability),
        candidates=answer.candidates[:KEPT_CANDIDATES],
        mz=tuple(round(float(m), 4) for m in peak.spectrum.mz[order]),
        intensity=tuple(float(f"{i:.5g}") for i in peak.spectrum.intensity[order]),
    )
