"""Mass spectra as sticks: the reading, the entry mirrored below it, and both side by side peak by peak.

Beside the points stands a summary in words and a table (docs/look.md, "Plots"). Knows the registry, no database.
"""

from __future__ import annotations

import numpy as np

from app.laboratory.identification.parts import Candidate
from app.laboratory.library.opened import Opened
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings.comparison import compare, shown
from app.platform.kernel.errors import MastError
from app.platform.plots import PeakRow, PeaksCompared, Plot, Sticks
from spectra import MassSpectrum
from spectra.types import FloatArray

MOST_STICKS = 500


def home_of(registry: LibraryRegistry, chosen: Candidate) -> tuple[Opened, int] | None:
    """The library and entry behind a candidate, or None: a formula has no spectrum, a library may be gone.

    Own standards come and go, so their runs are found by their id, not by their place.
    """
    if chosen.entry_index is None:
        return None
    try:
        one = registry.get(chosen.library_key)
    except MastError:
        return None
    if one.own:
        ids = list(one.mass.ids)
        return (one, ids.index(chosen.entry)) if chosen.entry in ids else None
    return (one, chosen.entry_index) if chosen.entry_index < len(one) else None


def figures(values: FloatArray) -> list[float]:
    """Six significant digits are more than a screen shows."""
    return [float(f"{v:.6g}") for v in values]


def sticks(spectrum: MassSpectrum, label: str, chosen: Candidate | None, registry: LibraryRegistry) -> Plot:
    """The plot of one spectrum, with the chosen candidate's entry mirrored and compared."""
    plot: Plot = {
        "kind": "mass", "x_label": "m/z", "y_label": "Relative intensity / %", "labels": 8,
        "query": _strongest(spectrum, label), "reference": None,
    }  # fmt: skip
    top = _top_ions(spectrum)
    words = [f"{label}: {spectrum.mz.size:,} peaks from m/z {spectrum.mz[0]:.5g} to {spectrum.mz[-1]:.5g}.",
             f"Most intense: {', '.join(f'{m:.6g}' for m, _ in top)}."]  # fmt: skip
    if chosen is not None:
        words.append(_mirror(plot, spectrum, chosen, registry))
    plot["summary"] = " ".join(word for word in words if word)
    plot["table"] = {"head": ["m/z", "Relative intensity / %"], "rows": [[f"{m:.6g}", f"{h:.1f}"] for m, h in top]}
    return plot


def _strongest(spectrum: MassSpectrum, label: str) -> Sticks:
    keep = np.sort(np.argsort(-spectrum.intensity, kind="stable")[:MOST_STICKS])
    mz = [round(float(m), 5) for m in spectrum.mz[keep]]
    return {"label": label, "mz": mz, "intensity": figures(spectrum.intensity[keep])}


def _top_ions(spectrum: MassSpectrum) -> list[tuple[float, float]]:
    order = np.argsort(-spectrum.intensity, kind="stable")[:8]
    base = float(spectrum.intensity.max()) or 1.0
    return [(float(spectrum.mz[k]), 100 * float(spectrum.intensity[k]) / base) for k in order]


def _mirror(plot: Plot, query: MassSpectrum, chosen: Candidate, registry: LibraryRegistry) -> str:
    home = home_of(registry, chosen)
    if home is None:
        if (fit := chosen.formula_fit) is not None:
            return (
                f"{chosen.substance} fits by its formula {fit.formula} as {fit.adduct}, {fit.error_ppm:+.1f} ppm off; "
                "a formula has no spectrum to draw."
            )
        return "The library of this candidate is no longer installed here, so it is not drawn."
    one, number = home
    reference = one.mass.spectrum(number)
    plot["reference"] = _strongest(reference, f"{chosen.substance} ({one.name})")
    plot["comparison"] = _comparison(query, reference, one.accurate)
    matched = chosen.matched_peaks
    words = f"Mirrored below: {chosen.substance} ({one.name}), {chosen.score_name} score {chosen.score:g}"
    words += f", {matched} peaks matched." if matched is not None else "."
    alike = ", ".join(chosen.ambiguous_with)
    return words + (f" This method does not tell it from {alike}." if alike else "")


def _comparison(query: MassSpectrum, reference: MassSpectrum, accurate: bool) -> PeaksCompared:
    """Peaks of both side by side, weightiest first, with what speaks for and against."""
    found = compare(query, reference, accurate=accurate)
    rows: list[PeakRow] = [
        {"mz": shown(p.mz, accurate), "query": round(p.query, 1), "reference": round(p.reference, 1),
         "where": p.where, "difference": round(p.difference, 1)}
        for p in found.pairs
    ]  # fmt: skip
    return {
        "rows": rows, "left_out": found.n_left_out, "speaks_for": list(found.speaks_for),
        "speaks_against": list(found.speaks_against),
    }  # fmt: skip
