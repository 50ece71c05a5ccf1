"""Data about single samples that leaves as files: for approved research projects, and the agency's own for its operator."""
