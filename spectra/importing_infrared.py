"""Infrared and Raman readings as library entries: is the curve one to compare with, and what is told beside it.

Why: a reference on a doubtful axis, in another unit or without bands would answer wrongly for years. Pure; imports
numpy and `spectra` only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spectra.confidence.quality import infrared_quality
from spectra.index.infrared_resolution import class_of
from spectra.infrared_grid import STEP, grid_of, on_grid, spacing_of
from spectra.quantify.salts import form as salt_form
from spectra.reference_titles import Title, sampling_of
from spectra.types import InfraredSpectrum, Level, LibraryEntry, Reading, ReadingKind, SpectrumError

Resolve = Callable[[str, Sequence[str], str, str], str]
"""(InChIKey as stated, names, CAS number, formula) → the InChIKey of the substance, "" where it is not known."""

ABSORBANCE_LIKE = ("", "absorbance", "log(1/R)", "kubelka-munk")
DOUBTS = frozenset({
    "looks_like_wavelength", "looks_like_wavenumber", "looks_like_absorbance", "looks_like_transmittance",
    "looks_like_inverted", "implausible_absorbance", "implausible_transmittance", "implausible_axis", "unsorted_x",
    "all_zero", "background_only",
})  # fmt: skip
"""Codes of remarks with which a reading may be looked at, but not be a reference."""
_REFUSED = frozenset({"ir_not_usable", "ir_flat", "ir_no_bands", "ir_single_beam", "ir_axis_unit"})
_TOLD = (
    ("instrument", ("spectrometerdatasystem", "spectrometersystem", "instrumentname", "instrument")),
    ("origin", ("origin",)),
    ("owner", ("owner",)),
    ("state", ("state",)),
    ("sampling_as_stated", ("samplingprocedure", "accessory", "samplingaccessory")),
    ("class", ("class",)),
    ("date", ("date", "longdate", "acquired")),
    ("serial", ("serial",)),
    ("names", ("names",)),
    ("cas_name", ("casname",)),
    ("processing", ("dataprocessing",)),
)
"""Key of `LibraryEntry.meta` → where it stands in a record."""
_LONGEST = 300


def usable_curve(reading: Reading) -> tuple[InfraredSpectrum, tuple[str, ...]]:
    """The measured points on the common grid of a reading in absorbance over cm⁻¹ (Raman: intensity), and what was
    remarked about it, as codes of warnings.

    Raises SpectrumError with the reason: another axis or unit, a doubt of its reader, no bands, a level line, fewer than
    20 points between 400 and 4000 cm⁻¹ (Raman: 100 and 3700).
    """
    if reading.x_unit not in ("cm-1", "cm⁻¹", "1/cm"):
        raise SpectrumError(f"its axis is in {reading.x_unit or 'no unit'}, not in cm⁻¹; convert it before importing")
    infrared = reading.kind is ReadingKind.IR
    if infrared and reading.y_unit not in ABSORBANCE_LIKE:
        raise SpectrumError(f"it is in {reading.y_unit}, not in absorbance; convert it before importing")
    for remark in reading.remarks:
        if remark.code in DOUBTS and remark.level is not Level.INFO:
            raise SpectrumError(remark.text.rstrip("."))
    spectrum = InfraredSpectrum(reading.x, reading.y)
    values = on_grid(spectrum.wavenumber, spectrum.absorbance, not infrared)
    known = np.isfinite(values)
    resolution = _resolution(reading, spectrum)
    kept = InfraredSpectrum(grid_of(not infrared)[known], values[known], resolution, "IR" if infrared else "Raman")
    remarks = list(reading.remarks)
    if infrared:
        remarks += infrared_quality(kept)
    elif float(np.ptp(kept.absorbance)) == 0.0:
        raise SpectrumError("the curve is a level line")
    for remark in remarks:
        if remark.code in _REFUSED:
            raise SpectrumError(remark.text.partition(". ")[0].rstrip("."))
    return kept, tuple(dict.fromkeys(r.code for r in remarks if r.level is Level.WARNING))


def _resolution(reading: Reading, spectrum: InfraredSpectrum) -> float | None:
    """As the file states it; else twice the spacing where that is coarser than the grid, which the kept curve hides.

    Raises SpectrumError where a library cannot hold it.
    """
    stated = reading.meta.get("resolution_cm1")
    finest = float(stated) if isinstance(stated, int | float) else 2.0 * spacing_of(spectrum.wavenumber)
    if finest <= 2.0 * STEP and not stated:
        return None
    class_of(finest)
    return finest


def described(
    reading: Reading, about: Mapping[str, str], title: Title, *, stated_key: str, formula: str, codes: Sequence[str]
) -> dict[str, Any]:
    """What is kept beside an entry: how it was measured, on what, by whom, in which form; empty values among it."""
    out: dict[str, Any] = {
        key: next((about[w][:_LONGEST] for w in words if about.get(w, "-") not in ("-", "")), "")
        for key, words in _TOLD
    }
    out["instrument"] = out["instrument"] or reading.instrument[:_LONGEST]
    out["sampling"] = sampling_of(out["sampling_as_stated"], title.name, out["state"])
    out["resolution_cm1"] = reading.meta.get("resolution_cm1")
    out["formula_as_stated"], out["inchikey_as_stated"] = formula, stated_key
    out["substance_names"] = title.names if title.sure else (title.name,)
    out["recorded_as"] = reading.meta.get("recorded_as", "")
    out["state_form"] = _form_in(out["state"])
    out["remarks"] = codes
    return out


def _form_in(state: str) -> str:
    """STATE of JCAMP-DX is solid, liquid or gas; some write the salt there."""
    try:
        salt_form(state)
    except SpectrumError:
        return ""
    return state


def one_key_per_substance(entries: Sequence[LibraryEntry]) -> list[LibraryEntry]:
    """Curves of one name and one base under one compound key, although the library keys a salt apart from its base.

    They belong together when title and formula, less the words and parts of a salt, are the same. The key of an entry
    without a salt in its formula is taken, else the commonest.
    """
    groups: dict[tuple[str, ...], list[LibraryEntry]] = defaultdict(list)
    for entry in entries:
        if key := _group(entry):
            groups[key].append(entry)
    renamed: dict[str, str] = {}
    for together in groups.values():
        if len({e.compound for e in together}) > 1:
            chosen = _best_key(together)
            renamed |= {e.id: chosen for e in together if e.compound != chosen}
    return [replace(e, compound=renamed[e.id]) if e.id in renamed else e for e in entries]


def _group(entry: LibraryEntry) -> tuple[str, ...]:
    """() where the entry cannot be joined with another."""
    names = entry.meta.get("substance_names")
    if not names or not entry.formula:
        return ()
    base = max(entry.formula.split("."), key=len).lstrip("0123456789")
    return (*sorted("".join(c for c in n.casefold() if c.isalnum()) for n in names), base)


def _best_key(group: Iterable[LibraryEntry]) -> str:
    counts: Counter[str] = Counter()
    for entry in group:
        free = "." not in entry.formula
        counts[entry.compound] += (1000 if free else 1) if not entry.compound.startswith("name:") else 0
    return sorted(counts, key=lambda key: (-counts[key], key))[0]
