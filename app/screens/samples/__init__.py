"""One sample: what is recorded of it, corrections and custody."""
