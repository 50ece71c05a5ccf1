"""How far an answer goes: grouping, sets, quality gates, limits. Imports numpy and `spectra` only."""
