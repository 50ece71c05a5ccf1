"""From files to answers: readings and what they are compared with, standards, instruments and their checks."""
