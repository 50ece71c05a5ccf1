"""What a reading may be: spectra compared with reference libraries, answered in one typed tree. No database, no web."""
