"""Find or scan, and where someone's work begins."""
