"""Releases: numbered publications of the struck figures for partners and the public. Made once, never changed."""
