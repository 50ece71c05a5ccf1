"""Quantification: calibration curves, amounts with their uncertainty, salt and base. numpy and scipy only.

Pure figures: this package knows no samples, no files and no database. Every result carries its limits in words.
"""

from spectra.quantify.amounts import Amount, Preparation, UnitWeights, amount_of, ratio_of
from spectra.quantify.budget import Budget, Contribution, combine, rectangular, triangular, volume_uncertainty
from spectra.quantify.curve import CalibrationLevel, Curve, LimitSource, Weighting, fit_curve
from spectra.quantify.inverse import Concentration, Status, concentration
from spectra.quantify.linearity import FTest
from spectra.quantify.salts import Converted, base_fraction, convert, forms, molar_mass

__all__ = [
    "Amount",
    "Budget",
    "CalibrationLevel",
    "Concentration",
    "Contribution",
    "Converted",
    "Curve",
    "FTest",
    "LimitSource",
    "Preparation",
    "Status",
    "UnitWeights",
    "Weighting",
    "amount_of",
    "base_fraction",
    "combine",
    "concentration",
    "convert",
    "fit_curve",
    "forms",
    "molar_mass",
    "ratio_of",
    "rectangular",
    "triangular",
    "volume_uncertainty",
]
