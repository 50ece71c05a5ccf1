"""Vendors' own formats, through the optional package openreadout (`mast-lims[vendor]`), in the sandbox's child only.

Registers one name per format, with the confidence that its reader deserves: "high" where two independent readers
agree on real files, "medium" where only this one was there to read them. Imports nothing above `instruments`;
openreadout on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from spectra.types import Reading, Remark

from ..errors import CorruptFile, InstrumentError, UnsupportedVariant
from ..limits import Limits
from ..registry import FolderSniffer, Hints, Sniffer, reader
from ..source import Source
from ..validate import warning
from . import vendor_notes as own
from . import vendor_sniff as sniff
from .vendor_open import IR_EXPORT, MS_EXPORT, Kind, Opened, opened, translated
from .vendor_runs import runs
from .vendor_tables import tables
from .vendor_traces import traces

Notes = Callable[[Source, Opened], tuple[Remark, ...]]


def _register(
    name: str,
    kind: Kind,
    *,
    techniques: set[str],
    magic: bytes | Sniffer,
    extensions: tuple[str, ...],
    confidence: str = "medium",
    folder: FolderSniffer | None = None,
    notes: Notes = lambda source, opened: (),
    mend: Callable[[Source, Opened], Opened] = lambda source, opened: opened,
    version: str = "1",
) -> None:
    def read(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
        with opened(source, kind) as found:
            file = mend(source, found)
            remarks = file.remarks + notes(source, file) + file.undecoded()
            for reading in _readings(file, kind, hints, limits):
                yield replace(reading, remarks=reading.remarks + remarks)
                remarks = ()  # of the file, not of each reading: said once

    reader(
        name,
        title=kind.title,
        techniques=techniques,
        magic=magic,
        extensions=extensions,
        confidence=confidence,
        version=version,
        folder=folder,
        extra=kind.extra,
    )(read)


def _readings(file: Opened, kind: Kind, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """Runs, then signals, then what only tables hold. Raises UnsupportedVariant when nothing of it can be read."""
    refused: InstrumentError | None = None
    count = 0
    try:
        for reading in runs(file, kind, limits):
            count += 1
            yield reading
    except NotImplementedError as problem:  # spectra that openreadout names and does not decode
        refused = translated(problem, kind)
    for reading in (*traces(file, hints, limits), *tables(file, hints, limits)):
        count += 1
        yield replace(reading, remarks=(*reading.remarks, _left_out(refused))) if refused else reading
        refused = None
    if not count:
        raise refused or _nothing(file, kind)


def _left_out(refused: InstrumentError) -> Remark:
    return warning("spectra_not_read", f"The mass spectra are missing here. {refused.message} {refused.hint}")


def _nothing(file: Opened, kind: Kind) -> InstrumentError:
    said = " ".join(r.text for r in file.remarks)
    if said:
        return UnsupportedVariant(
            f"This is {kind.title} in which nothing can be read here. {said}", code="nothing_read", hint=kind.export
        )
    return CorruptFile(f"This is {kind.title}, but it holds no reading.", code="no_reading", hint=kind.export)


_register(
    "chemstation",
    Kind("an Agilent ChemStation run (.D, .ch, .uv, .ms)", "chemstation", (".d", ".ch", ".uv", ".ms"), MS_EXPORT),
    techniques={"GC", "LC", "GC-MS", "LC-MS", "UV"},
    magic=sniff.sniff_chemstation,
    extensions=("d", "ch", "uv", "ms"),
    confidence="high",
    folder=sniff.sniff_chemstation_folder,
    notes=own.chemstation,
    mend=own.without_header,
    version="2",
)
_register(
    "masshunter",
    Kind("an Agilent MassHunter run (.D)", "agilent-masshunter", (".d",), MS_EXPORT, profile=True),
    techniques={"GC-MS", "LC-MS"},
    magic=lambda probe: None,
    extensions=("d",),
    folder=sniff.sniff_masshunter_folder,
)
_register(
    "waters-raw",
    Kind("a Waters MassLynx run (.raw folder)", "waters-raw", (".raw",), MS_EXPORT),
    techniques={"LC-MS", "UV", "LC"},
    magic=lambda probe: None,
    extensions=("raw",),
    confidence="high",
    folder=sniff.sniff_waters_folder,
    notes=own.waters,
    version="2",
)
_register(
    "thermo-raw",
    Kind("a Thermo .raw file", "thermo-raw", (".raw",), MS_EXPORT, profile=True),
    techniques={"LC-MS", "GC-MS", "UV"},
    magic=sniff.FINNIGAN,
    extensions=("raw",),
)
_register(
    "shimadzu",
    Kind("a Shimadzu LabSolutions file (.lcd, .gcd)", "shimadzu", (".lcd", ".gcd"), MS_EXPORT),
    techniques={"GC", "LC", "LC-MS", "UV"},
    magic=sniff.sniff_shimadzu,
    extensions=("lcd", "gcd"),
    notes=own.shimadzu,
    version="2",
)
_register(
    "perkin-elmer-sp",
    Kind("a PerkinElmer spectrum (.sp)", "perkinelmer-sp", (".sp",), IR_EXPORT),
    techniques={"IR"},
    magic=sniff.sniff_perkin_elmer,
    extensions=("sp",),
    notes=own.perkin_elmer,
    version="2",
)
_register(
    "renishaw-wdf",
    Kind("a Renishaw WiRE file (.wdf)", "renishaw-wdf", (".wdf",), IR_EXPORT),
    techniques={"Raman"},
    magic=b"WDF1",
    extensions=("wdf",),
    notes=own.renishaw,
    version="2",
)
_register(
    "mzmlb",
    Kind("mzMLb", "mzmlb", (".mzmlb",), "Convert it to mzML with ProteoWizard and upload that.", profile=True),
    techniques={"LC-MS", "GC-MS"},
    magic=sniff.sniff_mzmlb,
    extensions=("mzmlb",),
)
_register(
    "omnic-srs",
    Kind("a Thermo OMNIC series (.srs)", "thermo-omnic", (".srs",), IR_EXPORT),
    techniques={"IR"},
    magic=sniff.sniff_omnic_series,
    extensions=("srs",),
)
