"""The consultation: what the health worker says and records."""
