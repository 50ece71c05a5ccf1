"""History of other services: read by a map, checked row by row, taken in as one import that can be undone."""
