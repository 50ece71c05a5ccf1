"""Findings and result versions: drafted, submitted, verified, released, amended."""
