"""Words every layer may use: time, keys, errors and who is acting. Imports nothing of MAST but itself."""
