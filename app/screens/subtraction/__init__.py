"""Subtracting a known spectrum from a mixture."""
