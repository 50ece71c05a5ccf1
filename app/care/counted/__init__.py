"""Samples that are counted: facts of what was told of them, for the series alerts look at and for figures."""
