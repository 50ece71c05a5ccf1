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
    from spectra.chromatogram.components import RunComponent, RunComponents, find_components
    from spectra.chromatogram.report import ReportedPeak, RunReport, SampleRow, read_run
    from spectra.chromatogram.retention import RetentionIndex, RetentionLadder, relative_retention
    from spectra.confidence.calibration import Calibration
    from spectra.confidence.fitting import calibrate
    from spectra.confidence.grouping import group_by_compound
    from spectra.confidence.limits import method_limits
    from spectra.confidence.quality import infrared_quality, mass_quality
    from spectra.exactmass import FormulaLibrary, exact_mass, isotope_pattern
    from spectra.exactmass_screening import Screening, screen_spectrum
    from spectra.importing import ImportReport, entries_from_readings
    from spectra.index.store import LibraryFileError
    from spectra.infrared_library import InfraredLibrary
    from spectra.mass_library import MassLibrary
    from spectra.preprocess import centroid
    from spectra.recalibration import Recalibration, recalibrate
    from spectra.sample.answer import (
        Blindness,
        CalibrationNote,
        Conflict,
        Expected,
        MethodAnswer,
        Question,
        SampleAnswer,
        SampleLibraries,
        SamplePart,
        SampleReading,
        SampleRegister,
        SampleSettings,
        SampleTest,
        StandsFor,
        State,
        Support,
        TestResult,
    )
    from spectra.sample.explain import explain_sample
    from spectra.starter import (
        STARTER_NOTICE,
        starter_formula_library,
        starter_infrared_library,
        starter_mass_library,
    )

_HOME = {
    "Blindness": "spectra.sample.answer",
    "Calibration": "spectra.confidence.calibration",
    "CalibrationNote": "spectra.sample.answer",
    "Conflict": "spectra.sample.answer",
    "Expected": "spectra.sample.answer",
    "FormulaLibrary": "spectra.exactmass",
    "ImportReport": "spectra.importing",
    "InfraredLibrary": "spectra.infrared_library",
    "LibraryFileError": "spectra.index.store",
    "MassLibrary": "spectra.mass_library",
    "MethodAnswer": "spectra.sample.answer",
    "Question": "spectra.sample.answer",
    "Recalibration": "spectra.recalibration",
    "ReportedPeak": "spectra.chromatogram.report",
    "RetentionIndex": "spectra.chromatogram.retention",
    "RetentionLadder": "spectra.chromatogram.retention",
    "RunComponent": "spectra.chromatogram.components",
    "RunComponents": "spectra.chromatogram.components",
    "RunReport": "spectra.chromatogram.report",
    "STARTER_NOTICE": "spectra.starter",
    "SampleAnswer": "spectra.sample.answer",
    "SampleLibraries": "spectra.sample.answer",
    "SamplePart": "spectra.sample.answer",
    "SampleReading": "spectra.sample.answer",
    "SampleRegister": "spectra.sample.answer",
    "SampleRow": "spectra.chromatogram.report",
    "SampleSettings": "spectra.sample.answer",
    "SampleTest": "spectra.sample.answer",
    "Screening": "spectra.exactmass_screening",
    "StandsFor": "spectra.sample.answer",
    "State": "spectra.sample.answer",
    "Support": "spectra.sample.answer",
    "TestResult": "spectra.sample.answer",
    "calibrate": "spectra.confidence.fitting",
    "centroid": "spectra.preprocess",
    "entries_from_readings": "spectra.importing",
    "exact_mass": "spectra.exactmass",
    "explain_sample": "spectra.sample.explain",
    "find_components": "spectra.chromatogram.components",
    "group_by_compound": "spectra.confidence.grouping",
    "infrared_quality": "spectra.confidence.quality",
    "isotope_pattern": "spectra.exactmass",
    "mass_quality": "spectra.confidence.quality",
    "method_limits": "spectra.confidence.limits",
    "read_run": "spectra.chromatogram.report",
    "recalibrate": "spectra.recalibration",
    "relative_retention": "spectra.chromatogram.retention",
    "screen_spectrum": "spectra.exactmass_screening",
    "starter_formula_library": "spectra.starter",
    "starter_infrared_library": "spectra.starter",
    "starter_mass_library": "spectra.starter",
}

__all__ = [
    "STARTER_NOTICE",
    "Blindness",
    "Calibration",
    "CalibrationNote",
    "Candidate",
    "Component",
    "Conflict",
    "Expected",
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
    "MethodAnswer",
    "MixtureExplanation",
    "Provenance",
    "Question",
    "Reading",
    "ReadingKind",
    "Recalibration",
    "Remark",
    "ReportedPeak",
    "RetentionIndex",
    "RetentionLadder",
    "RunComponent",
    "RunComponents",
    "RunReport",
    "SampleAnswer",
    "SampleLibraries",
    "SamplePart",
    "SampleReading",
    "SampleRegister",
    "SampleRow",
    "SampleSettings",
    "SampleTest",
    "Screening",
    "SpectrumError",
    "StandsFor",
    "State",
    "Support",
    "TestResult",
    "calibrate",
    "centroid",
    "entries_from_readings",
    "exact_mass",
    "explain_sample",
    "find_components",
    "group_by_compound",
    "infrared_quality",
    "isotope_pattern",
    "mass_quality",
    "method_limits",
    "read_run",
    "recalibrate",
    "relative_retention",
    "screen_spectrum",
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
