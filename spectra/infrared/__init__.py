"""The infrared engine: references are aligned to a reading (shift, blur, tilt) instead of the reading being blinded.

Imports numpy, scipy and `spectra` only; heavy parts are imported where they are used.
"""

from spectra.infrared.answer import (
    Alignment,
    DetectionLimit,
    DiagnosticBand,
    DifferenceWindow,
    InfraredExplanation,
)

__all__ = ["Alignment", "DetectionLimit", "DiagnosticBand", "DifferenceWindow", "InfraredExplanation"]
