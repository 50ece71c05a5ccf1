"""Pictures and figures of a standard's spectra: one run as sticks, and how far its runs agree m/z by m/z."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.laboratory.library.service import sticks
from app.platform.plots import Plot
from spectra import InfraredSpectrum, MassSpectrum
from spectra.confidence.standards import ReplicateStatistics
from spectra.infrared_grid import curve

SHOWN = 10
MOST_STICKS = 500
MOST_POINTS = 2000


@dataclass(frozen=True, slots=True)
class Spread:
    """One m/z over all runs, in percent of the base peak."""

    mz: float
    mean: float
    low: float
    high: float


def spread_of(spectra: Mapping[uuid.UUID, MassSpectrum | InfraredSpectrum]) -> list[Spread]:
    """The strongest m/z with mean, lowest and highest over the mass spectra; nothing for fewer than two."""
    masses = [one for one in spectra.values() if isinstance(one, MassSpectrum)]
    if len(masses) < 2:
        return []
    found = ReplicateStatistics.of(masses)
    order = np.argsort(-found.mean, kind="stable")[:SHOWN]
    rows = [Spread(float(found.mz[k]), float(found.mean[k]), float(found.low[k]), float(found.high[k])) for k in order]
    return sorted(rows, key=lambda row: row.mz)


def likeness_of(spectra: Mapping[uuid.UUID, MassSpectrum | InfraredSpectrum]) -> list[float]:
    """How much each further curve correlates with the first one (0–1), over the points both have."""
    curves = [curve(one) for one in spectra.values() if isinstance(one, InfraredSpectrum)]
    out = []
    for other in curves[1:]:
        both = np.isfinite(curves[0]) & np.isfinite(other)
        a, b = (row[both] - row[both].mean() for row in (curves[0], other)) if both.any() else (np.ones(1), np.zeros(1))
        size = float(np.sqrt((a @ a) * (b @ b)))
        out.append(float(a @ b) / size if size > 0 else 0.0)
    return out


def replicate_plot(spectrum: MassSpectrum | InfraredSpectrum, label: str) -> Plot:
    """For plots.spectrum."""
    if isinstance(spectrum, InfraredSpectrum):
        return _curve_plot(spectrum, label)
    return sticks(spectrum, label, MOST_STICKS)


def _curve_plot(spectrum: InfraredSpectrum, label: str) -> Plot:
    x, y = spectrum.wavenumber, spectrum.absorbance
    every = max(1, -(-x.size // MOST_POINTS))
    top = float(x[int(np.argmax(y))])
    return {
        "kind": "ir", "x_label": "Wavenumber / cm⁻¹", "y_label": "Absorbance", "marks": [],
        "series": [{"label": label, "role": "query", "x": [round(float(v), 2) for v in x[::every]],
                    "y": [float(f"{v:.5g}") for v in y[::every]]}],
        "summary": f"{x.size:,} points from {x[0]:.0f} to {x[-1]:.0f} cm⁻¹; strongest band at {top:.0f} cm⁻¹.",
        "table": {"head": [], "rows": []},
    }  # fmt: skip
