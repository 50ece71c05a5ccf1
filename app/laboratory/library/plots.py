"""One reference spectrum as points to draw, with a summary in words (docs/look.md, "Plots")."""

from __future__ import annotations

import numpy as np

from app.laboratory.library.domain import Technique
from app.laboratory.library.opened import Opened
from app.platform.kernel.errors import NotFound
from app.platform.plots import Plot


def entry_plot(one: Opened, number: int) -> Plot | None:
    """Sticks or a curve; None for a list of formulae, which holds no spectra. Raises NotFound."""
    if not 0 <= number < len(one):
        raise NotFound("library entry")
    if one.technique is Technique.FORMULA:
        return None
    if one.technique is Technique.MS:
        return _sticks(one, number)
    return _curve(one, number)


def _sticks(one: Opened, number: int) -> Plot:
    spectrum, name = one.mass.spectrum(number), one.mass.names[number]
    order = np.argsort(-spectrum.intensity)[:8]
    top = ", ".join(f"{spectrum.mz[k]:.6g}" for k in order)
    return {
        "kind": "mass", "x_label": "m/z", "y_label": "Relative intensity / %", "labels": 8, "reference": None,
        "query": {"label": name, "mz": [round(float(m), 4) for m in spectrum.mz],
                  "intensity": [round(float(i), 2) for i in spectrum.intensity]},
        "summary": f"{spectrum.mz.size} peaks; most intense at m/z {top}.",
    }  # fmt: skip


def _curve(one: Opened, number: int) -> Plot:
    spectrum, name = one.infrared.spectrum(number), one.infrared.names[number]
    top = float(spectrum.wavenumber[int(np.argmax(spectrum.absorbance))])
    low, high = spectrum.wavenumber[0], spectrum.wavenumber[-1]
    return {
        "kind": "raman" if one.technique is Technique.RAMAN else "ir",
        "x_label": "Wavenumber / cm⁻¹", "y_label": "Absorbance, scaled", "marks": [],
        "series": [{"label": name, "role": "query", "x": [round(float(w), 1) for w in spectrum.wavenumber],
                    "y": [float(f"{a:.5g}") for a in spectrum.absorbance]}],
        "summary": f"Measured from {high:.0f} to {low:.0f} cm⁻¹; strongest band at {top:.0f} cm⁻¹.",
    }  # fmt: skip
