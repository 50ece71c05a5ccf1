"""Instrument file bytes to readings. This is the whole public surface; import from here, not from the modules.

Imports no web framework, no database, nothing of app or harm_messages; of spectra only spectra.types.
"""

import logging

from .convert import to_absorbance, to_mass_spectrum, to_seconds, to_wavenumber
from .describe import describe
from .errors import (
    AmbiguousText,
    Choice,
    CorruptFile,
    InstrumentError,
    TooLarge,
    UnknownFormat,
    UnsafeArchive,
    UnsupportedVariant,
)
from .jail import ReaderJail
from .limits import DEFAULT_LIMITS, Limits
from .probe import Guess, Probe
from .reading import read
from .registry import Candidate, Format, Hints, formats, reader, sniff
from .source import Source

__all__ = [
    "DEFAULT_LIMITS",
    "AmbiguousText",
    "Candidate",
    "Choice",
    "CorruptFile",
    "Format",
    "Guess",
    "Hints",
    "InstrumentError",
    "Limits",
    "Probe",
    "ReaderJail",
    "Source",
    "TooLarge",
    "UnknownFormat",
    "UnsafeArchive",
    "UnsupportedVariant",
    "describe",
    "formats",
    "read",
    "reader",
    "sniff",
    "to_absorbance",
    "to_mass_spectrum",
    "to_seconds",
    "to_wavenumber",
]

# A library leaves it to the application where its log goes; without this, Python prints warnings on stderr.
logging.getLogger(__name__).addHandler(logging.NullHandler())
