"""Projects of researchers and their extracts."""
