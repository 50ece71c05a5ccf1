"""Files from the instruments that belong to no sample yet."""
