"""The doors of own standards and controls for pages and the API. The use cases stand in the modules below."""

from __future__ import annotations

from app.laboratory.standards.controlling import (
    BatchControls,
    ControlRun,
    add_control,
    control_run,
    from_incoming,
    get_control,
    withdraw,
)
from app.laboratory.standards.domain import KIND_WORDS, ControlKind, NewControl, NewReplicate, NewStandard
from app.laboratory.standards.enrolling import Source, add_run, enrol, from_reading, get_standard, retire
from app.laboratory.standards.in_house_library import InHouseLibrary, spectra_of
from app.laboratory.standards.listing import StandardView, controls_page, in_use, standard_view, standards_page
from app.laboratory.standards.plots import likeness_of, spread_of
from app.laboratory.standards.reading_files import readings_in

__all__ = [
    "KIND_WORDS",
    "BatchControls",
    "ControlKind",
    "ControlRun",
    "InHouseLibrary",
    "NewControl",
    "NewReplicate",
    "NewStandard",
    "Source",
    "StandardView",
    "add_control",
    "add_run",
    "control_run",
    "controls_page",
    "enrol",
    "from_incoming",
    "from_reading",
    "get_control",
    "get_standard",
    "in_use",
    "likeness_of",
    "readings_in",
    "retire",
    "spectra_of",
    "spread_of",
    "standard_view",
    "standards_page",
    "withdraw",
]
