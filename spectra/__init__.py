"""Spectra: matching, libraries and honest answers, on numpy and scipy alone.

The names below are the public surface. `spectra.types` is loaded at once; everything else on first use, so that
a file reader that needs only the types starts quickly. This package imports no web framework, no database, and
nothing of `app`, `instruments` or `harm_messages`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spectra.types import (
    Candidate,
    Component,
    Identification,
    IdentificationLevel,
    InfraredSpectrum,
    Level,
    LibraryEntry,
    MassRun,
    MassSpectrum,
    MixtureExplanation,
    Provenance,
    Reading,
    ReadingKind,
    Remark,
    SpectrumError,
)

if TYPE_CHECKING:
    from spectra.confidence.grouping import group_by_compound
    from spectra.confidence.limits import method_limits
    from spectra.confidence.quality import infrared_quality, mass_quality
    from spectra.exactmass import FormulaLibrary, exact_mass, isotope_pattern
    from spectra.importing import ImportReport, entries_from_readings
    from spectra.index.infrared import InfraredLibrary
    from spectra.index.mass import MassLibrary
    from spectra.index.store import LibraryFileError
    from spectra.starter import (
        STARTER_NOTICE,
        starter_formula_library,
        starter_infrared_library,
        starter_mass_library,
    )

_HOME = {
    "FormulaLibrary": "spectra.exactmass",
    "ImportReport": "spectra.importing",
    "InfraredLibrary": "spectra.index.infrared",
    "LibraryFileError": "spectra.index.store",
    "MassLibrary": "spectra.index.mass",
    "STARTER_NOTICE": "spectra.starter",
    "entries_from_readings": "spectra.importing",
    "exact_mass": "spectra.exactmass",
    "group_by_compound": "spectra.confidence.grouping",
    "infrared_quality": "spectra.confidence.quality",
    "isotope_pattern": "spectra.exactmass",
    "mass_quality": "spectra.confidence.quality",
    "method_limits": "spectra.confidence.limits",
    "starter_formula_library": "spectra.starter",
    "starter_infrared_library": "spectra.starter",
    "starter_mass_library": "spectra.starter",
}

__all__ = [
    "STARTER_NOTICE",
    "Candidate",
    "Component",
    "FormulaLibrary",
    "Identification",
    "IdentificationLevel",
    "ImportReport",
    "InfraredLibrary",
    "InfraredSpectrum",
    "Level",
    "LibraryEntry",
    "LibraryFileError",
    "MassLibrary",
    "MassRun",
    "MassSpectrum",
    "MixtureExplanation",
    "Provenance",
    "Reading",
    "ReadingKind",
    "Remark",
    "SpectrumError",
    "entries_from_readings",
    "exact_mass",
    "group_by_compound",
    "infrared_quality",
    "isotope_pattern",
    "mass_quality",
    "method_limits",
    "starter_formula_library",
    "starter_infrared_library",
    "starter_mass_library",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'spectra' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
