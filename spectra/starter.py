"""Small libraries that come with the program, built from figures in `data/starter`.

Why: a new service can look at a first spectrum before it has imported a library. Twenty ions and summed
Lorentzian bands are enough to train on and too little for casework; every library says so in its `info`.
Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

import numpy as np

from spectra.exactmass import FormulaEntry, FormulaLibrary
from spectra.infrared_grid import GRID
from spectra.infrared_library import InfraredLibrary
from spectra.mass_library import MassLibrary
from spectra.types import FloatArray, InfraredSpectrum, LibraryEntry, MassSpectrum, Provenance

STARTER_NOTICE = "starter: for training and demonstration, import a full library for casework"
"""Shown wherever an answer comes from one of these libraries."""

_EI_TERMS = "figures of SWGDRUG 3.4, which is distributed free of charge by SWGDRUG"
_IR_TERMS = "bands fitted by us to an export of the ENFSI DWG IR library"


@lru_cache(maxsize=1)
def starter_mass_library() -> MassLibrary:
    """EI library "starter-ei": up to 20 principal ions of 213 substances, unit mass, 70 eV."""
    return MassLibrary.build(starter_mass_entries(), name="starter-ei", info=_info("EI-MS", _EI_TERMS))


@lru_cache(maxsize=1)
def starter_infrared_library() -> InfraredLibrary:
    """Infrared library "starter-ir": 12 substances as sums of Lorentzian bands, 400–4000 cm⁻¹."""
    return InfraredLibrary.build(starter_infrared_entries(), name="starter-ir", info=_info("FTIR-ATR", _IR_TERMS))


@lru_cache(maxsize=1)
def starter_formula_library() -> FormulaLibrary:
    """Formula library "starter-formula": 277 register substances for exact-mass screening."""
    entries = tuple(
        FormulaEntry(row["name"], _compound(row), row["formula"], row["id"]) for row in substances() if row["formula"]
    )
    return FormulaLibrary(entries, {"name": "starter-formula", **_info("exact mass", "computed from formulae")})


def starter_mass_entries() -> list[LibraryEntry]:
    """The entries of `starter_mass_library`; `meta["substance_id"]` is the register's id."""
    register = {row["id"]: row for row in substances()}
    out = []
    for row in _table("ei_principal_ions.tsv"):
        about = register[row["substance"]]
        ions = [pair.split(":") for pair in row[_IONS].split()]
        spectrum = MassSpectrum([float(m) for m, _ in ions], [float(i) for _, i in ions])
        out.append(_entry(about, "EI-MS", spectrum, Provenance(row["figures_from"], _EI_TERMS, STARTER_NOTICE), ""))
    return out


def starter_infrared_entries() -> list[LibraryEntry]:
    """The entries of `starter_infrared_library`; `form` is the salt or base that was measured."""
    register = {row["id"]: row for row in substances()}
    bands: dict[tuple[str, str, str], list[tuple[float, float, float]]] = {}
    for row in _table("ir_bands.tsv"):
        key = (row["substance"], row["form"], row["figures_from"])
        band = (float(row["wavenumber_cm-1"]), float(row["relative_absorbance"]), float(row["fwhm_cm-1"]))
        bands.setdefault(key, []).append(band)
    out = []
    for (substance, form, source), figures in bands.items():
        spectrum = InfraredSpectrum(GRID, lorentzians(GRID, figures))
        terms = Provenance(source, _IR_TERMS, STARTER_NOTICE)
        out.append(_entry(register[substance], "FTIR-ATR", spectrum, terms, "" if form == "none" else form))
    return out


def lorentzians(wavenumber: FloatArray, bands: list[tuple[float, float, float]]) -> FloatArray:
    """Σ h / (1 + ((ν − ν0) / (w/2))²), (M,), for bands (ν0 cm⁻¹, height h, full width at half maximum w cm⁻¹).

    >>> lorentzians(np.array([1700.0, 1710.0]), [(1700.0, 1.0, 20.0)]).tolist()
    [1.0, 0.5]
    """
    position, height, width = np.array(bands, dtype=np.float64).T
    return np.asarray((height / (1.0 + ((wavenumber[:, None] - position) / (width / 2)) ** 2)).sum(axis=1))


@lru_cache(maxsize=1)
def substances() -> tuple[dict[str, str], ...]:
    """Rows of the substance figures: id, name, aliases, formula, cas, inchikey and how each was checked."""
    return tuple(_table("substances.tsv"))


_IONS = "principal_ions (m/z:relative abundance, base = 999, most abundant first)"


def _table(name: str) -> Iterator[dict[str, str]]:
    text = files("spectra").joinpath("data", "starter", name).read_text(encoding="utf-8")
    header, *lines = text.splitlines()
    keys = header.split("\t")
    return (dict(zip(keys, line.split("\t"), strict=True)) for line in lines)


def _compound(about: dict[str, str]) -> str:
    """First block of the InChIKey, else the register id."""
    return about["inchikey"].split("-")[0] or about["id"]


def _entry(
    about: dict[str, str], technique: str, spectrum: MassSpectrum | InfraredSpectrum, terms: Provenance, form: str
) -> LibraryEntry:
    prefix = "starter-ei" if isinstance(spectrum, MassSpectrum) else "starter-ir"
    return LibraryEntry(
        id=f"{prefix}:{about['id']}",
        substance=about["name"],
        compound=_compound(about),
        technique=technique,
        spectrum=spectrum,
        provenance=terms,
        formula=about["formula"],
        form=form,
        meta={"substance_id": about["id"], "inchikey": about["inchikey"], "cas": about["cas"]},
    )


def _info(technique: str, licence: str) -> dict[str, str]:
    return {
        "technique": technique,
        "notice": STARTER_NOTICE,
        "source": "spectra/data/starter",
        "licence": licence,
        "version": "2026-11-25",
    }
