"""Where every milligram went: the custody ledger."""
