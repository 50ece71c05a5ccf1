"""Formats we can name but not read: one clear sentence instead of a guess. A table and its tests, no logic.

When a reader of the same name is registered, its row here is no longer consulted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import InstrumentError, UnknownFormat, UnsupportedVariant
from .probe import Guess, Probe


@dataclass(frozen=True, slots=True)
class Recognised:
    """`magic` is a pattern at the start of the file; `instrument` tells an instrument format from a mere file."""

    name: str
    title: str
    magic: re.Pattern[bytes]
    advice: str
    instrument: bool = True
    extensions: tuple[str, ...] = ()
    certainty: int = 90

    def sniff(self, probe: Probe) -> Guess | None:
        """Certain when the first bytes fit; where a format has none, when only the extension says so."""
        if self.magic.match(probe.head):
            return Guess(self.certainty, "first bytes")
        if probe.extension in self.extensions and b"\0" in probe.head:
            return Guess(55, "binary content and extension")
        return None

    def refusal(self) -> InstrumentError:
        """The error for a file of this format."""
        if self.instrument:
            return UnsupportedVariant(
                f"This is {self.title}, which cannot be read here yet.",
                code=f"unsupported_{self.name.replace('-', '_')}",
                hint=self.advice,
            )
        return UnknownFormat(
            f"This is {self.title}, not an instrument file.",
            code=f"not_an_instrument_file_{self.name}",
            hint=self.advice,
        )


def _row(
    name: str,
    title: str,
    magic: bytes,
    advice: str,
    *,
    instrument: bool = True,
    extensions: tuple[str, ...] = (),
    certainty: int = 90,
) -> Recognised:
    return Recognised(name, title, re.compile(magic, re.S), advice, instrument, extensions, certainty)


_NEVER = b"(?!)"
_IR = "In the instrument software, save the spectrum as JCAMP-DX (.dx) or CSV and upload that."
_MS = "Convert the run to mzML with ProteoWizard msConvert, or export ANDI/CDF, and upload that."
_EXPORT = "Export the data itself as CSV, JCAMP-DX or mzML and upload that."

RECOGNISED: tuple[Recognised, ...] = (
    _row("opus", "a Bruker OPUS file", rb"\x0a\x0a\xfe\xfe", _IR),
    _row("spa", "a Thermo OMNIC spectrum (.spa)", rb"Spectral Data File", _IR, extensions=("spa", "srs")),
    _row("spg", "a Thermo OMNIC spectral group (.spg)", rb"Spectral Exte?nde?d?", _IR, extensions=("spg",)),
    _row("spc", "a Galactic SPC file", rb"(?=.{2,40}\x00)[\x00-\xff][KLM\xcf]", _IR, certainty=60),
    _row("andi", "an ANDI/netCDF file (.cdf)", rb"CDF[\x01\x02\x05]", "Export the run as mzML and upload that."),
    _row("hdf5", "an HDF5 file (mzMLb or netCDF-4)", rb"\x89HDF\r\n\x1a\n", "Convert it to mzML and upload that."),
    _row("thermo-raw", "a Thermo .raw file", rb"\x01\xa1F\x00i\x00n\x00n\x00i\x00g\x00a\x00n", _MS),
    _row(
        "agilent-ch",
        "an Agilent ChemStation signal file",
        rb"\x02(81|30|31)\x00|\x03(130|131|179|181)\x00",
        "Export the signal as CSV in ChemStation and upload that.",
        extensions=("ch", "uv"),
    ),
    _row("agilent-ms", "an Agilent ChemStation DATA.MS file", rb"\x01(2|20)\x00", _MS, extensions=("ms",)),
    _row("perkin-elmer-sp", "a PerkinElmer .sp file", rb"PEPE", _IR),
    _row("renishaw-wdf", "a Renishaw .wdf file", rb"WDF1", "Export the spectrum as text in WiRE and upload that."),
    _row(
        "ole",
        "a compound document (Shimadzu .lcd/.gcd/.qgd, or an old office file)",
        rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "Export the run as mzML, CDF or ASCII in LabSolutions.",
    ),
    _row(
        "mzspeclib",
        "an mzSpecLib library",
        rb'<?mzSpecLib|\s*\{\s*"(analyte_attribute_sets|format_version)"',
        "Convert it to MSP and import that.",
    ),
    _row("agilent-asp", "an Agilent MicroLab .asp file", rb"\d+\r?\n(-?[\d.]+\r?\n){2}(\d+\r?\n){3}-?[\d.]", _IR),
    _row("nist-library", "a NIST binary library", _NEVER, "Export it as MSP with Lib2NIST.", extensions=("l",)),
    _row("agilent-a2r", "an Agilent .a2r file", _NEVER, _IR, extensions=("a2r", "irs")),
    _row("png", "a PNG picture", rb"\x89PNG\r\n", _EXPORT, instrument=False),
    _row("jpeg", "a JPEG picture", rb"\xff\xd8\xff", _EXPORT, instrument=False),
    _row("gif", "a GIF picture", rb"GIF8[79]a", _EXPORT, instrument=False),
    _row("tiff", "a TIFF picture", rb"II\*\x00|MM\x00\*", _EXPORT, instrument=False),
    _row("bmp", "a BMP picture", rb"BM.{4}\x00{4}", _EXPORT, instrument=False),
    _row("pdf", "a PDF document", rb"%PDF-", _EXPORT, instrument=False),
    _row(
        "html",
        "a web page (perhaps a login page saved by mistake)",
        rb"(?i)\s*<(!doctype html|html|head|body)\b",
        "Log in and download the file again.",
        instrument=False,
    ),
    _row("svg", "an SVG picture", rb"(?i)\s*(<\?xml[^>]*>\s*)?<svg\b", _EXPORT, instrument=False),
    _row("rtf", "a formatted text document (RTF)", rb"\{\\rtf", "Save it as plain text.", instrument=False),
    _row("exe", "a Windows program", rb"MZ(?=.{0,60}\x00)", "Upload the data file, not a program.", instrument=False),
    _row("elf", "a Linux program", rb"\x7fELF", "Upload the data file, not a program.", instrument=False),
    _row("sqlite", "an SQLite database", rb"SQLite format 3\x00", _EXPORT, instrument=False),
    _row("rar", "a RAR archive", rb"Rar!\x1a\x07", "Unpack it and upload the file itself.", instrument=False),
    _row("7z", "a 7-Zip archive", rb"7z\xbc\xaf\x27\x1c", "Unpack it and upload the file itself.", instrument=False),
    _row("xz", "an xz archive", rb"\xfd7zXZ\x00", "Unpack it and upload the file itself.", instrument=False),
    _row("bzip2", "a bzip2 archive", rb"BZh[1-9]1AY", "Unpack it and upload the file itself.", instrument=False),
    _row(
        "python-pickle", "a Python pickle", rb"\x80[\x02-\x05][\x95\x7d\x5d\x63\x28\x8c\x58]", _EXPORT, instrument=False
    ),
)
BY_NAME = {row.name: row for row in RECOGNISED}
