"""One module per format; importing it registers it. A new format is a new file here and nothing else.

Readers import nothing above `instruments`, and of spectra only `spectra.types`.
"""
