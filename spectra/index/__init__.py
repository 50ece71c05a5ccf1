"""Libraries on disk and exact search in them. Imports numpy and `spectra` only."""
