"""The report of a session."""
