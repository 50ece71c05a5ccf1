"""One answer for a sample from everything measured on it."""
