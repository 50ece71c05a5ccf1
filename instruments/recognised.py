"""Formats we can name but not read: one clear sentence instead of a guess. A table and its tests, no logic.

When a laboratory registers a reader of the same name, its row here is no longer consulted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import ole
from .errors import InstrumentError, UnknownFormat, UnsupportedVariant
from .probe import FolderProbe, Guess, Probe, extension_of


@dataclass(frozen=True, slots=True)
class Recognised:
    """`magic` is a pattern at the start of the file; `instrument` tells an instrument format from a mere file.

    `folder` is a pattern of a file's name, in lower case, that only folders of this format hold; `inside` the name
    of a storage or stream, for compound documents.
    """

    name: str
    title: str
    magic: re.Pattern[bytes]
    advice: str
    instrument: bool = True
    extensions: tuple[str, ...] = ()
    certainty: int = 90
    folder: re.Pattern[str] | None = None
    inside: str = ""

    def sniff(self, probe: Probe) -> Guess | None:
        """Certain when the first bytes fit; where a format has none, when only the extension says so."""
        if self.magic.match(probe.head) and (not self.inside or self.inside in ole.names(probe)):
            return Guess(self.certainty, self.inside or "first bytes")
        if probe.extension in self.extensions and b"\0" in probe.head:
            return Guess(55, "binary content and extension")
        return None

    def sniff_folder(self, probe: FolderProbe) -> Guess | None:
        """Certain when a file of its own is in the folder; where it has none, when only the folder's name says so."""
        if self.folder is None:
            return None
        if any(self.folder.search(n) for n in probe.names):
            return Guess(self.certainty, "files in the folder")
        return Guess(55, "name of the folder") if extension_of(probe.name) in self.extensions else None

    def refusal(self) -> InstrumentError:
        """The error for a file of this format."""
        if self.instrument:
            return UnsupportedVariant(
                f"This is {self.title}, which cannot be read here.",
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
    folder: str | None = None,
    inside: str = "",
) -> Recognised:
    pattern = re.compile(folder) if folder is not None else None
    return Recognised(name, title, re.compile(magic, re.S), advice, instrument, extensions, certainty, pattern, inside)


_NEVER = b"(?!)"
_OLE = rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IR = "In the instrument software, save the spectrum as JCAMP-DX (.dx) or CSV and upload that."
_QGD = "Export the run as mzML, or as ANDI (.cdf), in GCMSsolution or with ProteoWizard, and upload that."
_LABSPEC = "In LabSpec, save the spectrum as text (.txt) and upload that."
_EXPORT = "Export the data itself as CSV, JCAMP-DX or mzML and upload that."
_XML = rb"(?:\xef\xbb\xbf)?\s{0,9}(?:<\?xml[^>]{0,200}>)?(?>\s|<!--.{0,900}?-->|<\?[^>]{0,200}>){0,40}+"

RECOGNISED: tuple[Recognised, ...] = (
    _row(
        "netcdf",
        "a netCDF file that holds no ANDI run",
        rb"CDF[\x01\x02\x05]",
        "Export the run as ANDI (.cdf) or mzML and upload that.",
        certainty=60,
    ),
    _row(
        "mz5",
        "an mz5 file (.mz5, spectra of ProteoWizard in HDF5)",
        rb"\x89HDF\r\n\x1a\n.{0,60000}\x00SpectrumMetaData\x00",
        "Convert it to mzML with ProteoWizard and upload that.",
    ),
    _row(
        "hdf5",
        "an HDF5 file (netCDF-4 or another kind, but not mzMLb)",
        rb"\x89HDF\r\n\x1a\n",
        "Export the run as mzML, or as ANDI (.cdf, netCDF-3), and upload that.",
        certainty=60,
    ),
    _row(
        "mzdata",
        "an mzData file (.mzdata, the predecessor of mzML)",
        _XML + rb"<mzData\b",
        "Convert it to mzML with ProteoWizard and upload that.",
        extensions=("mzdata",),
    ),
    _row("animl", "an AnIML file (.animl)", _XML + rb"<(\w+:)?(?i:animl)\b", _EXPORT, extensions=("animl",)),
    _row("gaml", "a GAML file (.gaml)", _XML + rb"<(\w+:)?GAML\b", _EXPORT, extensions=("gaml",)),
    _row("shimadzu-qgd", "a Shimadzu GCMSsolution run (.qgd)", _OLE, _QGD, extensions=("qgd",), inside="gcms raw data"),
    _row("jasco-jws", "a JASCO file (.jws)", _OLE, _IR, extensions=("jws",), inside="y-data"),
    _row(
        "ole",
        "an old Office file (.doc, .xls) or a vendor's container of the same kind",
        _OLE,
        "Save a sheet as CSV, or export the run as mzML, ANDI (.cdf) or text, and upload that.",
        instrument=False,
        certainty=60,
    ),
    _row(
        "nist-library",
        "a NIST library in the vendor's own form (.L)",
        _NEVER,
        "Export it as MSP with Lib2NIST.",
        extensions=("l",),
        folder="(?!)",
    ),
    _row(
        "bruker-d",
        "a Bruker run (.d folder)",
        _NEVER,
        "Export the run as mzML with ProteoWizard msConvert or in DataAnalysis, and upload that.",
        certainty=97,
        folder=r"(^|/)analysis\.(baf|tdf|tsf|yep)$",
    ),
    _row(
        "masshunter-detectors",
        "an Agilent MassHunter run (.D folder) without mass spectra",
        _NEVER,
        "AcqData/MSScan.bin is not in it. If the run has mass spectra, copy the folder again; signals of detectors can be "
        "exported as CSV in MassHunter.",
        certainty=80,
        folder=r"^acqdata/.*\.(bin|xml|cd|cg|sd)$",
    ),
    _row(
        "perkin-elmer-fsm",
        "a PerkinElmer image (.fsm)",
        rb"PEPEDataSet - 4D",
        "In the PerkinElmer software, save its spectra as .sp, JCAMP-DX (.dx) or CSV and upload those.",
        certainty=97,
    ),
    _row(
        "witec",
        "a WITec project (.wip)",
        rb"WIT_(PRCT|DATA|PR06|DA06)",
        "In WITec Project, export the spectra as text (ASCII) and upload that.",
    ),
    _row("labspec", "a Horiba LabSpec 6 file (.l6s)", rb"LabSpec6\x00", _LABSPEC),
    _row("labspec-ngs", "a Horiba LabSpec 5 file (.ngs, .ngc)", rb"NGSNextGen\x01", _LABSPEC),
    _row(
        "princeton-spe",
        "a Princeton Instruments file (.spe)",
        rb".{2996}\x67\x45\x23\x01.{1098}\x55\x55",
        "In LightField or WinSpec, export the spectra as CSV or text and upload that.",
    ),
    _row(
        "varian-sms",
        "a Varian Saturn run (.sms)",
        rb".{8}SATURNWS",
        "Export the run as ANDI (.cdf) in MS Workstation, or as mzML, and upload that.",
    ),
    _row(
        "isodat",
        "an Isodat run (.dxf, .cf)",
        rb"\xff\xff..\x0b\x00CFileHeader",
        "Export the traces as CSV in Isodat and upload that.",
    ),
    _row(
        "agilent-ms-method",
        "the method of an Agilent mass spectrometer (ACQ.MS)",
        rb"\[Signature\]\r\nID\d*=[^\r\n]*\s+\[Version\]\r\nID=G\d{4}",
        "Upload the run itself: the .D folder, or its DATA.MS.",
        instrument=False,
    ),
    _row("agilent-a2r", "an Agilent MicroLab file (.a2r, .irs)", _NEVER, _IR, extensions=("a2r", "irs")),
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
