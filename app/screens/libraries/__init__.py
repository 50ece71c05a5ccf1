"""Libraries and their import."""
