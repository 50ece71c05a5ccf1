"""Calibration curves and amounts: what a response means, and how sure that is."""
