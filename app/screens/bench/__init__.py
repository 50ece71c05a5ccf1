"""The bench: one sample with its readings, answers, findings and steps."""
