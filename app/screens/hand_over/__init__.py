"""Handing over many samples of a session at once."""
