"""In-house standards and the controls of a batch: the laboratory's own references. Knows readings, not the bench."""
