"""Pictures and figures of a standard's spectra: one run as sticks, and how far its runs agree m/z by m/z."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.platform.kernel.errors import MastError
from app.platform.storage import BlobStore
from app.readings import service as readings
from app.standards.listing import StandardView
from spectra import MassSpectrum
from spectra.confidence.standards import ReplicateStatistics

SHOWN = 10
MOST_STICKS = 500


@dataclass(frozen=True, slots=True)
class Spread:
    """One m/z over all runs, in percent of the base peak."""

    mz: float
    mean: float
    low: float
    high: float


def spectra_of(store: BlobStore, view: StandardView) -> dict[uuid.UUID, MassSpectrum]:
    """Spectra of its runs; those whose arrays are not on this disk are left out."""
    out = {}
    for row in view.replicates:
        try:
            out[row.id] = readings.single_spectrum(store, row.arrays_sha256)
        except MastError:
            continue
    return out


def spread_of(spectra: Mapping[uuid.UUID, MassSpectrum]) -> list[Spread]:
    """The strongest m/z with mean, lowest and highest over the runs; nothing for fewer than two."""
    if len(spectra) < 2:
        return []
    found = ReplicateStatistics.of(list(spectra.values()))
    order = np.argsort(-found.mean, kind="stable")[:SHOWN]
    rows = [Spread(float(found.mz[k]), float(found.mean[k]), float(found.low[k]), float(found.high[k])) for k in order]
    return sorted(rows, key=lambda row: row.mz)


def replicate_plot(spectrum: MassSpectrum, label: str) -> dict[str, Any]:
    """For plots.spectrum."""
    keep = np.sort(np.argsort(-spectrum.intensity, kind="stable")[:MOST_STICKS])
    top = np.argsort(-spectrum.intensity, kind="stable")[:8]
    base = ", ".join(f"{spectrum.mz[k]:.6g}" for k in top)
    return {
        "kind": "mass", "x_label": "m/z", "y_label": "Relative intensity / %", "labels": 8, "reference": None,
        "query": {"label": label, "mz": [round(float(m), 4) for m in spectrum.mz[keep]],
                  "intensity": [float(f"{i:.5g}") for i in spectrum.intensity[keep]]},
        "summary": f"{spectrum.mz.size} peaks; most intense at m/z {base}.",
    }  # fmt: skip
