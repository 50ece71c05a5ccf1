"""Published figures for partners and the public."""
