"""Statistics that find signals in counts of samples. Pure: numbers in, numbers out; imports no feature, no database."""
