"""One mass spectrum against one reference, peak by peak: what matches, what is missing, what is left over, and why.

The plot shows the rows beside sticks, the entry mirrored below the reading. Knows the registry, no database.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.laboratory.identification.parts import Candidate
from app.laboratory.library.domain import Opened
from app.laboratory.library.registry import LibraryRegistry
from app.platform.kernel.errors import MastError
from app.platform.plots import PeakRow, PeaksCompared, Plot, Sticks
from spectra import MassSpectrum
from spectra.exactmass import FormulaError, exact_mass
from spectra.infrared.sentences import percent
from spectra.preprocess import nominal_mass
from spectra.types import FloatArray

BOTH, QUERY, REFERENCE = "both", "query", "reference"
ACCURATE_DA = 0.01
LEAST_PERCENT = 1.0
MOST_ROWS = 40
STRONG_PERCENT = 10.0
UNEXPLAINED = 0.10
MOST_STICKS = 500


@dataclass(frozen=True, slots=True)
class PeakPair:
    """One m/z in both spectra, in percent of each one's base peak; `weight` is the mean of both."""

    mz: float
    query: float
    reference: float

    @property
    def where(self) -> str:
        """In both, only in the reading, or only in the reference."""
        if self.query > 0 and self.reference > 0:
            return BOTH
        return QUERY if self.query > 0 else REFERENCE

    @property
    def difference(self) -> float:
        """Reading less reference, in percent points."""
        return self.query - self.reference

    @property
    def weight(self) -> float:
        """How much it matters."""
        return (self.query + self.reference) / 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """Peaks of both spectra, weightiest first, with what speaks for the reference and what against it."""

    pairs: tuple[PeakPair, ...]
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]
    n_left_out: int = 0


def compare(query: MassSpectrum, reference: MassSpectrum, *, accurate: bool) -> Comparison:
    """Peaks of at least 1 % in either, matched by whole m/z, or within 0.01 Da for accurate masses.

    The sentences look at the stretch both spectra cover: a reading that begins at m/z 50 says nothing of what lies
    below, and that is said.
    """
    pairs = _pairs(query, reference, accurate)
    filled = [one.mz[one.intensity > 0] for one in (query, reference)]
    low, high = (max(float(mz[at]) for mz in filled) for at in (0, -1))
    inside = [p for p in pairs if low - 0.5 <= p.mz <= high + 0.5]
    ranked = sorted((p for p in pairs if max(p.query, p.reference) >= LEAST_PERCENT), key=lambda p: (-p.weight, p.mz))
    return Comparison(
        tuple(ranked[:MOST_ROWS]),
        tuple(_for(inside, accurate)),
        tuple(_against(inside, query, reference, accurate)),
        max(len(ranked) - MOST_ROWS, 0),
    )


def _pairs(query: MassSpectrum, reference: MassSpectrum, accurate: bool) -> list[PeakPair]:
    left, right = _percent(query, accurate), _percent(reference, accurate)
    if not accurate:
        keys = sorted({*left, *right})
        return [PeakPair(k, left.get(k, 0.0), right.get(k, 0.0)) for k in keys]
    out, taken = [], set()
    masses = np.array(sorted(right))
    for mz in sorted(left, key=lambda m: -left[m]):
        near = int(np.argmin(np.abs(masses - mz))) if masses.size else -1
        if near >= 0 and abs(masses[near] - mz) <= ACCURATE_DA and near not in taken:
            taken.add(near)
            out.append(PeakPair(mz, left[mz], right[float(masses[near])]))
        else:
            out.append(PeakPair(mz, left[mz], 0.0))
    out += [PeakPair(float(m), 0.0, right[float(m)]) for k, m in enumerate(masses) if k not in taken]
    return sorted(out, key=lambda p: p.mz)


def _percent(spectrum: MassSpectrum, accurate: bool) -> dict[float, float]:
    mz, height = spectrum.mz, spectrum.intensity
    if not accurate:
        masses, place = np.unique(nominal_mass(mz), return_inverse=True)
        mz, height = masses.astype(np.float64), np.bincount(place, weights=height).astype(np.float64)
    top = float(height.max()) if height.size and height.max() > 0 else 1.0
    return {float(m): 100 * float(h) / top for m, h in zip(mz, height, strict=True) if h > 0}


def _for(pairs: list[PeakPair], accurate: bool) -> list[str]:
    strongest = sorted((p for p in pairs if p.reference > 0), key=lambda p: -p.reference)[:10]
    if not strongest:
        return []
    there = [p for p in strongest if p.query > 0]
    out = [f"{len(there)} of the {len(strongest)} strongest peaks of the reference are in the reading."]
    base = strongest[0]
    if base.query >= 50:
        out.append(f"Its base peak, m/z {shown(base.mz, accurate)}, is at {base.query:.0f} % in the reading.")
    explained = _share(pairs)
    out.append(f"Peaks of the reference hold {percent(explained)} of the signal of the reading.")
    return out


def _share(pairs: list[PeakPair]) -> float:
    total = sum(p.query for p in pairs)
    return sum(p.query for p in pairs if p.reference > 0) / total if total > 0 else 0.0


def _against(pairs: list[PeakPair], query: MassSpectrum, reference: MassSpectrum, accurate: bool) -> list[str]:
    out = []
    strongest = sorted((p for p in pairs if p.reference > 0), key=lambda p: -p.reference)
    if strongest and strongest[0].query < 50:
        base = strongest[0]
        seen = f"only {base.query:.0f} %" if base.query > 0 else "absent"
        out.append(f"The base peak of the reference, m/z {shown(base.mz, accurate)}, is {seen} in the reading.")
    missing = [p for p in strongest[1:] if p.reference >= STRONG_PERCENT and p.query == 0]
    if missing:
        out.append(f"Missing in the reading: {_listed(missing, 'reference', accurate)}.")
    left = sorted((p for p in pairs if p.reference == 0 and p.query >= STRONG_PERCENT), key=lambda p: -p.query)
    if left:
        out.append(f"Not in the reference: {_listed(left, 'query', accurate)}.")
    if (rest := 1 - _share(pairs)) >= UNEXPLAINED:
        out.append(f"{percent(rest)} of the signal is at masses the reference does not have.")
    if word := _narrower(query, reference, accurate):
        out.append(word)
    return out


def _listed(pairs: list[PeakPair], which: str, accurate: bool) -> str:
    parts = [f"m/z {shown(p.mz, accurate)} ({getattr(p, which):.0f} %)" for p in pairs[:5]]
    return ", ".join(parts) + (f" and {len(pairs) - 5} more" if len(pairs) > 5 else "")


def _narrower(query: MassSpectrum, reference: MassSpectrum, accurate: bool) -> str:
    """What of the reference lies below the first peak of the reading, where nothing was compared."""
    first = float(query.mz[query.intensity > 0][0])
    below = reference.mz < first - 0.5
    share = float(reference.intensity[below].sum() / max(float(reference.intensity.sum()), 1e-300))
    if share < 0.02:
        return ""
    return (
        f"The reading begins at m/z {shown(first, accurate)}: {percent(share)} of the reference lies below that and was not "
        "compared."
    )


def shown(mz: float, accurate: bool) -> str:
    """m/z as it is written."""
    return f"{mz:.4f}" if accurate else f"{mz:.0f}"


# -- as sticks, with a summary in words and a table (docs/look.md, "Plots") -----------------------------------------


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
        "query": strongest(spectrum, label), "reference": None,
    }  # fmt: skip
    order = np.argsort(-spectrum.intensity, kind="stable")[:8]
    base = float(spectrum.intensity.max()) or 1.0
    top = [(float(spectrum.mz[k]), 100 * float(spectrum.intensity[k]) / base) for k in order]
    words = [f"{label}: {spectrum.mz.size:,} peaks from m/z {spectrum.mz[0]:.5g} to {spectrum.mz[-1]:.5g}.",
             f"Most intense: {', '.join(f'{m:.6g}' for m, _ in top)}."]  # fmt: skip
    if chosen is not None:
        words.append(_mirror(plot, spectrum, chosen, registry))
    plot["summary"] = " ".join(word for word in words if word)
    plot["table"] = {"head": ["m/z", "Relative intensity / %"], "rows": [[f"{m:.6g}", f"{h:.1f}"] for m, h in top]}
    return plot


def strongest(spectrum: MassSpectrum, label: str) -> Sticks:
    """A spectrum to draw: its most intense peaks, as many as a screen can show."""
    keep = np.sort(np.argsort(-spectrum.intensity, kind="stable")[:MOST_STICKS])
    mz = [round(float(m), 5) for m in spectrum.mz[keep]]
    return {"label": label, "mz": mz, "intensity": figures(spectrum.intensity[keep])}


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
    plot["reference"] = strongest(reference, f"{chosen.substance} ({one.name})")
    if (ion := _molecular_ion(one.mass.formulas[number], accurate=one.accurate)) is not None:
        plot["ion"] = ion
    plot["accurate"] = one.accurate
    plot["comparison"] = _drawn(compare(query, reference, accurate=one.accurate), one.accurate)
    matched = chosen.matched_peaks
    words = f"Mirrored below: {chosen.substance} ({one.name}), {chosen.score_name} score {chosen.score:g}"
    words += f", {matched} peaks matched." if matched is not None else "."
    alike = ", ".join(chosen.ambiguous_with)
    return words + (f" This method does not tell it from {alike}." if alike else "")


def _molecular_ion(formula: str, *, accurate: bool) -> float | None:
    """m/z of the molecule itself, without what the salt adds; None where the library gives no formula."""
    parts = []
    for part in formula.split("."):
        try:
            parts.append(exact_mass(part))
        except FormulaError:
            continue
    if not parts:
        return None
    return round(max(parts), 4) if accurate else float(round(max(parts)))


def _drawn(found: Comparison, accurate: bool) -> PeaksCompared:
    """Peaks of both side by side, weightiest first, with what speaks for and against."""
    rows: list[PeakRow] = [
        {"mz": shown(p.mz, accurate), "query": round(p.query, 1), "reference": round(p.reference, 1),
         "where": p.where, "difference": round(p.difference, 1)}
        for p in found.pairs
    ]  # fmt: skip
    return {
        "rows": rows, "left_out": found.n_left_out, "speaks_for": list(found.speaks_for),
        "speaks_against": list(found.speaks_against),
    }  # fmt: skip
