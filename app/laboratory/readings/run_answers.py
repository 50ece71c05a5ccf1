"""The answer of a run as it is stored: each component with its answer, and the sample as a whole, each compound once.

Knows no library; app.laboratory.readings.identify compares, this module writes down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.laboratory.readings.ranking import Matched, rounded
from app.laboratory.readings.runs import RULE, RunPeak
from spectra import IdentificationLevel

KEPT_PEAKS = 300
OF_A_PEAK = (
    "sentences", "set", "in_house", "calibrated", "calibration", "probabilities", "probability_names",
    "p_not_in_library", "not_distinguished", "probabilities_of",
)  # fmt: skip
"""What is kept of the answer of each peak of a run."""
NAMED = frozenset({
    IdentificationLevel.IDENTIFIED.value, IdentificationLevel.CONSISTENT_WITH.value, IdentificationLevel.CLASS_ONLY.value,
})  # fmt: skip


def with_run(answer: Mapping[str, Any], found: Sequence[tuple[RunPeak, Matched]]) -> dict[str, Any]:
    """The answer of the largest component, led by its time, with the sample's summary and what is said of the run."""
    shown, notes = found[0][0], found[0][0].notes
    lead = f"The candidates are those of the largest peak, at {shown.retention_time_s / 60:.2f} min."
    rule = notes.rule if notes is not None else RULE
    said = list(notes.sentences) if notes is not None else []
    out = dict(answer)
    out["sentences"] = [lead, *shown.remarks, *answer["sentences"], *said, rule]
    out["summary"] = summary_of(found)
    if notes is not None:
        out["run"] = {
            "components": notes.n_components, "compared": notes.n_compared, "sentences": said,
            "unexplained_percent": rounded(notes.unexplained_percent), "peak_width_s": rounded(notes.peak_width_s),
        }  # fmt: skip
    return out


def summary_of(found: Sequence[tuple[RunPeak, Matched]]) -> list[dict[str, Any]]:
    """Each compound once with the area % of its peaks, largest first; what has no name stands alone, by its time."""
    rows: dict[str, dict[str, Any]] = {}
    for peak, matched in found:
        named = matched.answer["level"] in NAMED and bool(matched.candidates)
        best = matched.candidates[0] if named else None
        key = best["compound"] if best is not None else f"peak {peak.number}"
        row = rows.setdefault(key, {
            "substance": best["substance"] if best is not None else "",
            "compound": best["compound"] if best is not None else "",
            "substance_id": best.get("substance_id", "") if best is not None else "",
            "level": matched.answer["level"], "headline": matched.answer["headline"], "area_percent": None, "peaks": [],
            "retention_time_s": round(peak.retention_time_s, 2),
            "ambiguous_with": list(best.get("ambiguous_with", [])) if best is not None else [],
        })  # fmt: skip
        row["peaks"].append(peak.number)
        if peak.area_percent is not None:
            row["area_percent"] = round((row["area_percent"] or 0.0) + peak.area_percent, 2)
    return sorted(rows.values(), key=lambda row: (-(row["area_percent"] or 0.0), row["peaks"][0]))


def peak_json(peak: RunPeak, matched: Matched) -> dict[str, Any]:
    """One component as stored."""
    order = np.sort(np.argsort(-peak.spectrum.intensity, kind="stable")[:KEPT_PEAKS])
    return {
        "peak": peak.number,
        "retention_time_s": round(peak.retention_time_s, 2),
        "area_percent": None if peak.area_percent is None else round(peak.area_percent, 2),
        "area": None if peak.area is None else float(f"{peak.area:.5g}"),
        "width_s": None if peak.width_s is None else round(peak.width_s, 2),
        "signal_to_noise": None if peak.signal_to_noise is None else float(f"{peak.signal_to_noise:.3g}"),
        "own_share": None if peak.own_share is None else round(peak.own_share, 2),
        "retention_index": peak.retention_index,
        "retention_note": peak.retention_note,
        "remarks": list(peak.remarks),
        "level": matched.answer["level"],
        "headline": matched.answer["headline"],
        "answer": {key: matched.answer[key] for key in OF_A_PEAK if key in matched.answer},
        "candidates": matched.candidates[:5],
        "mz": [round(float(m), 4) for m in peak.spectrum.mz[order]],
        "intensity": [float(f"{i:.5g}") for i in peak.spectrum.intensity[order]],
    }
