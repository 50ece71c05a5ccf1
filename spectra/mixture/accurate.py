"""Mixtures in accurate mass at one or several energies spectra without separation. Imports numpy, scipy and `spectra` only."""

from __future__ import annotations

from spectra.mixture.simple_mass import explain

__all__ = ["explain"]
