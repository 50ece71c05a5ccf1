"""Trends: questions about all counted samples, answered with figures that were moved at random and struck once."""
