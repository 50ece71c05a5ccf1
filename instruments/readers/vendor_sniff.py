"""Tells vendor formats from their content: first bytes, containers looked into, files in a folder.

Works without the optional package, so that a file can be named even where it cannot be read.
"""

from __future__ import annotations

import re
import struct

from .. import ole
from ..probe import FolderProbe, Guess, Probe

FINNIGAN = b"\x01\xa1" + "Finnigan".encode("utf-16-le")
HDF5 = b"\x89HDF\r\n\x1a\n"
# A name stands between zeros, or behind its length; the dataset says its version.
MZML_DATASET = re.compile(rb"\x00mzML\x00|\x04mzML|mzMLb \d")
PERKIN_ELMER = b"PEPE"
OMNIC_SERIES = b"Spectral Exte"
SERIES_KEY, KEY_COUNT, KEY_TABLE, KEY_BYTES = 301, 294, 304, 22
# A ChemStation file begins with its version as digits behind their number; newer ones repeat it in UTF-16.
VERSION = re.compile(rb"(?:\x01(\d)|\x02(\d\d)|\x03(\d{3}))\x00")
REPEATED_AT = 0x146
KINDS = (b"DATA FILE", b"MSD SPECTRAL FILE", b"GC / MS DATA FILE")
SIGNALS = (".ch", ".uv", ".ms")
KNOWN_VERSIONS = frozenset({"2", "20", "30", "31", "81", "130", "131", "179", "181"})


def chemstation_version(head: bytes) -> str:
    """The version of an Agilent ChemStation data file, '' if this is none."""
    match = VERSION.match(head)
    if match is None:
        return ""
    version = (match[1] or match[2] or match[3]).decode()
    if len(version) == 3:
        return version if head[REPEATED_AT:].startswith(b"\x03" + version.encode("utf-16-le")) else ""
    kind = head[5 : 5 + head[4]].upper() if len(head) > 5 else b""
    return version if kind.rstrip(b" \0").endswith(KINDS) else ""


def sniff_chemstation(probe: Probe) -> Guess | None:
    """One signal file (.ch, .uv) or one DATA.MS."""
    version = chemstation_version(probe.head)
    if version in KNOWN_VERSIONS:
        return Guess(96, f"ChemStation version {version}")
    return Guess(80, "ChemStation file") if version else None


def sniff_chemstation_folder(probe: FolderProbe) -> Guess | None:
    """A folder with signal files directly in it; a MassHunter folder may hold translated ones as well."""
    if "acqdata/msscan.bin" in probe.names:
        return None
    signals = probe.top(*SIGNALS)
    if any(chemstation_version(probe.head(name)) for name in signals):
        return Guess(97, "ChemStation signal files")
    return Guess(70, "names of signal files") if signals else None


def sniff_masshunter_folder(probe: FolderProbe) -> Guess | None:
    """A folder with scans in it; without them nothing of it can be read."""
    return Guess(97, "AcqData/MSScan.bin") if "acqdata/msscan.bin" in probe.names else None


def sniff_waters_folder(probe: FolderProbe) -> Guess | None:
    """A folder with functions or analog channels of MassLynx."""
    functions = [n for n in probe.names if re.fullmatch(r"_(func|chro)\d{3}\.(idx|dat)", n)]
    header = "_header.txt" in probe.names
    if header and functions:
        return Guess(97, "MassLynx header and functions")
    return Guess(85, "MassLynx files") if header or functions else None


def sniff_shimadzu(probe: Probe) -> Guess | None:
    """A compound document with LabSolutions' raw data in it; by extension when its directory is beyond reach."""
    if not ole.is_ole(probe):
        return None
    found = ole.names(probe)
    if any(n.endswith(" raw data") for n in found) and not found & {"gcms raw data"}:
        return Guess(95, "LabSolutions raw data")
    return Guess(75, "compound document and extension") if not found and probe.extension in ("lcd", "gcd") else None


def sniff_mzmlb(probe: Probe) -> Guess | None:
    """HDF5 with a dataset called mzML; netCDF-4 has none, and others hold the word in a longer one."""
    if not probe.head.startswith(HDF5):
        return None
    if MZML_DATASET.search(probe.head) or MZML_DATASET.search(probe.tail):
        return Guess(96, "HDF5 with mzML inside")
    return Guess(75, "HDF5 and extension") if probe.extension == "mzmlb" else None


def sniff_perkin_elmer(probe: Probe) -> Guess | None:
    """One spectrum; an image begins in the same way and says so."""
    if not probe.head.startswith(PERKIN_ELMER):
        return None
    return Guess(95, "first bytes") if b"4D" not in probe.head[4:44] else None


def sniff_omnic_series(probe: Probe) -> Guess | None:
    """The first words, and a series among the keys of its table."""
    if not probe.head.startswith(OMNIC_SERIES):
        return None
    count = struct.unpack_from("<H", probe.head, KEY_COUNT)[0] if len(probe.head) > KEY_TABLE else 0
    table = probe.head[KEY_TABLE : KEY_TABLE + KEY_BYTES * count]
    keys = {struct.unpack_from("<H", table, at)[0] for at in range(0, len(table) - 1, KEY_BYTES)}
    return Guess(96, "OMNIC series") if SERIES_KEY in keys else Guess(85, "first bytes")
