"""Signing in, and the accounts of an agency."""
