"""The scanner: a document of its own, opened as a sheet over a page."""
