"""The fit of an infrared answer over its reading: all parts, what is left over, and where to look; in a picture and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.parts import Curves, Infrared
from app.laboratory.readings.plots_mass import figures
from app.platform.plots import Line, Plot


def draw_fit(plot: Plot, answer: Answer) -> str:
    """Adds fit, parts, residual with the band it should lie in, unexplained bands and difference windows; words about it."""
    found = answer.infrared
    if found is None or found.curves is None:
        return ""
    curves, parts, lines = found.curves, answer.components, plot["series"]
    if len(parts) != 1:
        lines.append(_line("All parts together", "reference", curves, curves.fitted))
    for part, values in zip(parts, curves.parts, strict=False):
        role = "component" if len(parts) > 1 else "reference"
        lines.append(_line(f"{part.substance}, {part.share:.0%}", role, curves, values))
    lines.append(_line("Unexplained", "residual", curves, curves.residual))
    if curves.expected:
        line = _line("Where the unexplained should lie", "", curves, curves.expected)
        plot["expected"] = {"label": line["label"], "x": line["x"], "y": line["y"]}
    plot["residual_marks"] = [{"x": band, "label": f"{band:.0f}"} for band in _residual_bands(answer)]
    plot["regions"] = {
        "label": "Where the two best candidates differ most",
        "at": [{"low": window.low, "high": window.high} for window in found.differences],
    }
    return fit_words(answer)


def _line(label: str, role: str, curves: Curves, values: Sequence[int]) -> Line:
    y = figures(np.array(values, dtype=np.float64) * curves.unit)
    return {"label": label, "role": role, "x": list(curves.x), "y": y}


def _residual_bands(answer: Answer) -> tuple[float, ...]:
    return answer.fit.residual_bands if answer.fit is not None else ()


def fit_words(answer: Answer) -> str:
    """What the picture of a fit shows, in words; empty where no fit is drawn."""
    found = answer.infrared
    return " ".join(_words(answer, found)) if found is not None and found.curves is not None else ""


def _words(answer: Answer, found: Infrared) -> Iterator[str]:
    parts = answer.components
    if parts:
        yield "Over it the fit: " + ", ".join(f"{p.substance} {p.share:.0%}" for p in parts) + " of the signal."
    if residual := _residual_bands(answer):
        yield f"Unexplained bands: {', '.join(f'{band:.0f}' for band in residual[:6])} cm⁻¹."
    if found.alignment is not None:
        yield f"The whole reading is shifted by {found.alignment.shift:+.1f} cm⁻¹ against the library."
