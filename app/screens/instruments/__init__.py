"""Instruments: their state, checks and learning."""
