"""Taking references out of an infrared reading by hand, step by step, every step kept."""
