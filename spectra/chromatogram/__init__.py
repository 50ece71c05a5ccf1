"""Whole GC-MS runs: traces, background, peaks, components, retention, blanks, and the report of a run."""
