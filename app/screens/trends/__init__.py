"""The researcher's figures."""
