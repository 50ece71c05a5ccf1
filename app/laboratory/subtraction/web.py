"""What the routes of subtraction share: the parts of this process it works with, and what is drawn, in the form
app/screens/common/spectrum.js wants: the curve, the reference, the difference."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.readings import arrays
from app.laboratory.readings.comparison import figures
from app.laboratory.subtraction import service
from app.laboratory.subtraction.service import Tried, Work
from app.platform.kernel.actor import Actor
from app.platform.plots import Line, Plot
from app.runtime import Runtime
from spectra.infrared_grid import grid_of
from spectra.types import FloatArray


def desk_of(rt: Runtime, who: Actor) -> service.Desk:
    """The parts of this process a subtraction works with."""
    index = SubstanceIndex(rt.pack.substances)
    return service.Desk(arrays.array_store(rt.blobs.root), rt.registry.of(who.agency_id), index)


def plot_of(work: Work) -> Plot:
    """The reading, and under it what is left after the standing steps."""
    names = [step.name for step in work.active_steps]
    series = [_line("Spectrum", "query", work.query, work.raman)]
    if names:
        series.append(_line(f"Without {', '.join(names)}", "residual", work.rest, work.raman))
    said = f"Subtracted: {', '.join(names)}." if names else "Nothing subtracted yet."
    return _plot(series, said)


def plot_of_trial(tried: Tried) -> Plot:
    """What is left so far, the reference times the factor, and what would be left."""
    known = np.isfinite(tried.reference) & np.isfinite(tried.before)
    level = float(np.median(tried.before[known] - tried.factor * tried.reference[known]))
    series = [
        _line("Before this step", "query", tried.before, tried.raman),
        _line(
            f"{tried.name}, times {tried.factor:.3g}", "reference", tried.factor * tried.reference + level, tried.raman
        ),
        _line("Residual", "residual", tried.after - level, tried.raman),
    ]
    moved = f", its bands moved by {tried.shift:+.0f} cm⁻¹" if tried.shift else ""
    return _plot(series, f"{tried.name} subtracted {tried.factor:.3g} times{moved}.")


class LivePoints(TypedDict):
    """Points on one axis that the slider works on: what is left so far, and the reference once."""

    name: str
    x: list[float]
    before: list[float]
    reference: list[float]


def live(tried: Tried) -> LivePoints:
    """Points for the slider: on one axis, what is left so far and the reference once."""
    known = np.isfinite(tried.reference) & np.isfinite(tried.before)
    return {
        "name": tried.name, "x": figures(grid_of(tried.raman)[known]), "before": figures(tried.before[known]),
        "reference": figures(tried.reference[known]),
    }  # fmt: skip


def _plot(series: list[Line], summary: str) -> Plot:
    return {
        "kind": "ir", "x_label": "Wavenumber / cm⁻¹", "y_label": "Absorbance", "series": series, "marks": [],
        "summary": summary, "table": {"head": [], "rows": []},
    }  # fmt: skip


def _line(label: str, role: str, values: FloatArray, raman: bool) -> Line:
    known = np.isfinite(values)
    return {"label": label, "role": role, "x": figures(grid_of(raman)[known]), "y": figures(values[known])}
