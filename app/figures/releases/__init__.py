"""Releases: versioned, protected cubes of the figures, for partners and the public. Made once, never changed."""
