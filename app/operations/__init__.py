"""Work of the operator: backup and restore, the example data of `mast demo`, logging."""
