"""In-house standards and control runs."""
