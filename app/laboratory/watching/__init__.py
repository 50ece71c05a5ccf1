"""`mast watch`: what runs on an instrument's computer. Sends each finished file to a server once, and only reads.

Standard library, click and `instruments` only: it works where no server, no database and no web framework is.
"""
