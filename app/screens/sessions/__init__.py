"""Sessions and the board of one session."""
