"""Mixtures as non-negative combinations of library entries. Imports numpy, scipy and `spectra` only."""
