"""What was asked of the figures and what was answered, so that no later answer gives a small group away."""
