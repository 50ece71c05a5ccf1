"""Mass spectra as sticks: the reading, the entry mirrored below it, and both side by side peak by peak.

Beside the points stands a summary in words and a table (docs/look.md, "Plots"). Knows the shelf, no database.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from app.laboratory.library.shelf import Opened, Shelf
from app.laboratory.readings.comparison import compare, shown
from app.platform.kernel.errors import MastError
from spectra import MassSpectrum
from spectra.types import FloatArray

MOST_STICKS = 500


def home_of(shelf: Shelf, chosen: dict[str, Any]) -> tuple[Opened, int] | None:
    """The library and entry behind a candidate, or None: a formula has no spectrum, a library may be gone.

    Own standards come and go, so their runs are found by their id, not by their place.
    """
    if chosen.get("entry_index") is None:
        return None
    try:
        one = shelf.get(str(chosen["library_key"]))
    except MastError:
        return None
    if one.own:
        ids = list(one.mass.ids)
        return (one, ids.index(chosen["entry"])) if chosen["entry"] in ids else None
    number = int(chosen["entry_index"])
    return (one, number) if number < len(one) else None


def figures(values: FloatArray) -> list[float]:
    """Six significant digits are more than a screen shows."""
    return [float(f"{v:.6g}") for v in values]


def sticks(spectrum: MassSpectrum, label: str, chosen: dict[str, Any] | None, shelf: Shelf) -> dict[str, Any]:
    """The plot of one spectrum, with the chosen candidate's entry mirrored and compared."""
    query = _strongest(spectrum)
    plot: dict[str, Any] = {
        "kind": "mass", "x_label": "m/z", "y_label": "Relative intensity / %", "labels": 8,
        "query": {"label": label, **query}, "reference": None,
    }  # fmt: skip
    top = _top_ions(spectrum)
    words = [f"{label}: {spectrum.mz.size:,} peaks from m/z {spectrum.mz[0]:.5g} to {spectrum.mz[-1]:.5g}.",
             f"Most intense: {', '.join(f'{m:.6g}' for m, _ in top)}."]  # fmt: skip
    if chosen is not None:
        words.append(_mirror(plot, spectrum, chosen, shelf))
    plot["summary"] = " ".join(word for word in words if word)
    plot["table"] = {"head": ["m/z", "Relative intensity / %"], "rows": [[f"{m:.6g}", f"{h:.1f}"] for m, h in top]}
    return plot


def _strongest(spectrum: MassSpectrum) -> dict[str, list[float]]:
    keep = np.sort(np.argsort(-spectrum.intensity, kind="stable")[:MOST_STICKS])
    return {"mz": [round(float(m), 5) for m in spectrum.mz[keep]], "intensity": figures(spectrum.intensity[keep])}


def _top_ions(spectrum: MassSpectrum) -> list[tuple[float, float]]:
    order = np.argsort(-spectrum.intensity, kind="stable")[:8]
    base = float(spectrum.intensity.max()) or 1.0
    return [(float(spectrum.mz[k]), 100 * float(spectrum.intensity[k]) / base) for k in order]


def _mirror(plot: dict[str, Any], query: MassSpectrum, chosen: dict[str, Any], shelf: Shelf) -> str:
    home = home_of(shelf, chosen)
    if home is None:
        if chosen.get("formula"):
            return (
                f"{chosen['substance']} fits by its formula {chosen['formula']} as {chosen['adduct']}, "
                f"{chosen['error_ppm']:+.1f} ppm off; a formula has no spectrum to draw."
            )
        return "The library of this candidate is not on the shelf any more, so it is not drawn."
    one, number = home
    reference = one.mass.spectrum(number)
    plot["reference"] = {"label": f"{chosen['substance']} ({one.name})", **_strongest(reference)}
    plot["comparison"] = _comparison(query, reference, one.accurate)
    matched = chosen.get("matched_peaks")
    words = f"Mirrored below: {chosen['substance']} ({one.name}), {chosen['score_name']} score {chosen['score']:g}"
    words += f", {matched} peaks matched." if matched is not None else "."
    alike = chosen.get("ambiguous_with") or []
    return words + (f" This method does not tell it from {', '.join(alike)}." if alike else "")


def _comparison(query: MassSpectrum, reference: MassSpectrum, accurate: bool) -> dict[str, Any]:
    """Peaks of both side by side, weightiest first, with what speaks for and against."""
    found = compare(query, reference, accurate=accurate)
    rows = [
        {"mz": shown(p.mz, accurate), "query": round(p.query, 1), "reference": round(p.reference, 1),
         "where": p.where, "difference": round(p.difference, 1)}
        for p in found.pairs
    ]  # fmt: skip
    return {
        "rows": rows, "left_out": found.n_left_out, "speaks_for": list(found.speaks_for),
        "speaks_against": list(found.speaks_against),
    }  # fmt: skip
