"""One answer for a sample from everything measured on it: made in a job, kept until something changes, with its open questions."""
