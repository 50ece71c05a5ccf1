"""Instrument file bytes to readings. This is the whole public surface; import from here, not from the modules.

Imports no web framework, no database, nothing of app or harm_messages; of spectra only spectra.types.
"""

import logging

from .assurance import assurance_sentence
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
    printable,
)
from .file_reader import FileReader, PlainReader
from .folder import Folder, is_vendor_folder, pack_folder
from .limits import DEFAULT_LIMITS, Limits
from .probe import FolderProbe, Guess, Probe
from .reading import read
from .registry import BrokenReader, Candidate, Extra, Format, Hints, broken_readers, formats, reader, sniff
from .sandbox import ParserSandbox
from .source import Source
from .units import Y_UNITS
from .zip_members import LIBRARY_MEMBERS, Member, ZipOfMany, members_of_zip

__all__ = [
    "DEFAULT_LIMITS",
    "LIBRARY_MEMBERS",
    "Y_UNITS",
    "AmbiguousText",
    "BrokenReader",
    "Candidate",
    "Choice",
    "CorruptFile",
    "Extra",
    "FileReader",
    "Folder",
    "FolderProbe",
    "Format",
    "Guess",
    "Hints",
    "InstrumentError",
    "Limits",
    "Member",
    "ParserSandbox",
    "PlainReader",
    "Probe",
    "Source",
    "TooLarge",
    "UnknownFormat",
    "UnsafeArchive",
    "UnsupportedVariant",
    "ZipOfMany",
    "assurance_sentence",
    "broken_readers",
    "describe",
    "formats",
    "is_vendor_folder",
    "members_of_zip",
    "pack_folder",
    "printable",
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
