"""Aggregates with small numbers protected."""
