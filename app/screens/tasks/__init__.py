"""Tasks of staff."""
