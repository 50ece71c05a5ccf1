"""The answer of a run: that of its largest component, all components, and the sample as a whole, each compound once.

Knows no library; app.laboratory.identification.identify compares, this module puts together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.laboratory.identification.answer import NAMING_LEVELS, Answer, Peak, PeakAnswer, RunFacts, RunRow
from app.laboratory.identification.ranking import rounded
from app.laboratory.identification.runs import RULE, RunPeak

KEPT_PEAKS = 300
KEPT_CANDIDATES = 5


def with_run(answer: Answer, found: Sequence[tuple[RunPeak, Answer]]) -> Answer:
    """The answer of the largest component, led by its time, with every component and what is said of the run."""
    shown, notes = found[0][0], found[0][0].notes
    lead = f"The candidates are those of the largest peak, at {shown.retention_time_s / 60:.2f} min."
    rule = notes.rule if notes is not None else RULE
    said = notes.sentences if notes is not None else ()
    facts = None
    if notes is not None:
        facts = RunFacts(
            notes.n_components, notes.n_compared, said, rounded(notes.unexplained_percent), rounded(notes.peak_width_s)
        )
    return replace(
        answer,
        sentences=(lead, *shown.remarks, *answer.sentences, *said, rule),
        peaks=tuple(_peak(peak, of_peak) for peak, of_peak in found),
        summary=summary_of(found),
        run=facts,
    )


def summary_of(found: Sequence[tuple[RunPeak, Answer]]) -> tuple[RunRow, ...]:
    """Each compound once with the area % of its peaks, largest first; what has no name stands alone, by its time."""
    rows: dict[str, RunRow] = {}
    for peak, answer in found:
        named = answer.level in NAMING_LEVELS and bool(answer.candidates)
        key = answer.candidates[0].compound if named else f"peak {peak.number}"
        rows[key] = _with_peak(rows.get(key) or _row(peak, answer, named), peak)
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


def _with_peak(row: RunRow, peak: RunPeak) -> RunRow:
    area = row.area_percent
    if peak.area_percent is not None:
        area = round((area or 0.0) + peak.area_percent, 2)
    return replace(row, peaks=(*row.peaks, peak.number), area_percent=area)


def _peak(peak: RunPeak, answer: Answer) -> Peak:
    order = np.sort(np.argsort(-peak.spectrum.intensity, kind="stable")[:KEPT_PEAKS])
    return Peak(
        peak=peak.number,
        retention_time_s=round(peak.retention_time_s, 2),
        area_percent=None if peak.area_percent is None else round(peak.area_percent, 2),
        area=None if peak.area is None else float(f"{peak.area:.5g}"),
        width_s=None if peak.width_s is None else round(peak.width_s, 2),
        signal_to_noise=None if peak.signal_to_noise is None else float(f"{peak.signal_to_noise:.3g}"),
        own_share=None if peak.own_share is None else round(peak.own_share, 2),
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
