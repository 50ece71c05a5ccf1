"""Reader of mzXML, the predecessor of mzML: scans as one run, peaks decoded with caps.

Format: Pedrioli et al. 2004 (doi:10.1038/nbt1031), schemas 1.1 to 3.2. Imports nothing above `instruments`; lxml
on first use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spectra.types import FloatArray, MassSpectrum, Reading, Remark

from ..errors import CorruptFile, TooLarge, UnsupportedVariant
from ..limits import Limits
from ..peaks import ScanNotes
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import count_remark, info, warning
from .mz_arrays import base64_bytes, from_bytes, inflate, most_characters
from .mz_run import SECONDS, RawScan, Run, Stated, in_proportion
from .peak_libraries import positive
from .xml_guard import MOVED, Target, XmlFile, whole, xml_head

# What a <peaks> element holds: both in turn, or one of them (schema 3 allows several elements per scan).
PAIRS, MASSES, INTENSITIES = "m/z-int", "m/z", "intensity"
NUMBERS: dict[str, np.dtype[Any]] = {"32": np.dtype(">f4"), "64": np.dtype(">f8")}
KEPT_CHARACTERS = 200
_ROOT = re.compile(rb"<(?:!DOCTYPE\s+)?(?:[\w.-]{1,40}:)?mzXML[\s>/]")
_DURATION = re.compile(
    r"P(?:0+Y)?(?:0+M)?(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+(?:\.\d*)?)M)?(?:(-?\d*\.?\d+(?:[eE][+-]?\d{1,2})?)S)?"
)


def sniff_mzxml(probe: Probe) -> Guess | None:
    """The root element or a doctype that names it."""
    if _ROOT.search(xml_head(probe.head)):
        return Guess(98, "mzXML root element")
    return None


@reader(
    "mzxml", title="mzXML", techniques={"MS", "GC-MS", "LC-MS"}, magic=sniff_mzxml, extensions=("mzxml",), version="10"
)
def read_mzxml(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_RUN of all scans (one scan: MASS_SPECTRUM); times in seconds from the duration in the file.

    A bare number is no duration: its unit is taken from `hints.x_unit`, else seconds are assumed and that is said.
    """
    limits = in_proportion(limits, source.size)
    file, header, run = XmlFile(source, "mzXML"), _Header(limits.points), Run(limits)
    for scan in _scans(file, header, limits, SECONDS.get(hints.x_unit or "")):
        run.add(scan, header.ionisation)
    notes: tuple[Remark, ...] = (MOVED,) if file.moved else ()
    mismatch = count_remark(header.declared, run.count, "scans") if header.declared is not None else None
    if mismatch is not None:
        notes += (mismatch,)
    if header.odd_lengths:
        text = f"The packed peaks of {header.odd_lengths:,} scans are not as long as the file states (compressedLen)."
        notes += (warning("encoded_length", text),)
    if file.altered:  # no warning: older converters did not agree on what is summed
        notes += (info("checksum", "The checksum in this file does not fit its content."),)
    yield from run.readings(header.instrument, header.about, notes)


def scans(source: Source, limits: Limits) -> Iterator[MassSpectrum]:
    """The scans of the file one by one, in bounded memory."""
    header, notes = _Header(limits.points), ScanNotes()
    for scan in _scans(XmlFile(source, "mzXML"), header, limits):
        yield scan.spectrum(header.ionisation, notes)


@dataclass(slots=True)
class _Element:
    """One scan as it is met: its attributes, its first precursor, its peaks still encoded."""

    attributes: dict[str, str]
    precursor: str = ""
    several: bool = False  # precursors
    peaks: list[tuple[dict[str, str], str]] = field(default_factory=list)
    given: bool = False


class _Header(Target):
    """Collects scans in `elements`, in the order in which they begin, and what the header says."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.elements: list[_Element] = []
        self.declared: int | None = None
        self.odd_lengths = 0  # peaks that are not as long as they say
        self.instrument = self.ionisation = self._centroided = ""
        self.about: dict[str, str] = {}
        self._limit = limit
        self._open: list[_Element] = []
        self._peaks: dict[str, str] = {}

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """Scans may stand inside scans: the outer one is complete when an inner one begins."""
        if name == "scan":
            self._give()
            kept = {k: attributes[k][:KEPT_CHARACTERS] for k in _ATTRIBUTES if k in attributes}
            kept.setdefault("centroided", self._centroided)
            self._open.append(_Element(kept))
        elif name == "peaks" and self._open:
            self._peaks = {k: attributes[k][:KEPT_CHARACTERS] for k in _CODING if k in attributes}
            count = whole(self._open[-1].attributes.get("peaksCount"), "peaksCount")
            self.collect(most_characters(2 * min(count, self._limit)))
        elif name == "precursorMz":
            self.collect(KEPT_CHARACTERS)
        elif name == "msRun" and "scanCount" in attributes:
            self.declared = whole(attributes["scanCount"], "scanCount")
        elif name == "instrument":  # schema 1
            self.instrument = self.instrument or attributes.get("model", "")[:KEPT_CHARACTERS]
        elif name == "msModel":
            self.instrument = self.instrument or attributes.get("value", "")[:KEPT_CHARACTERS]
        elif name == "msIonisation":
            self.ionisation = self.ionisation or _ionisation(attributes.get("value", ""))
        elif name == "dataProcessing":
            self._centroided = attributes.get("centroided", self._centroided)[:1]
        elif name == "software" and attributes.get("type") == "acquisition":
            words = f"{attributes.get('name', '')} {attributes.get('version', '')}".strip()
            self.about.setdefault("software", words[:KEPT_CHARACTERS])

    def finish(self, name: str) -> None:
        """Hand over a scan at its end, unless that has been done."""
        if name == "peaks" and self._open:
            text = self.collected()
            self._open[-1].peaks.append((self._peaks, text))
            stated = whole(self._peaks.get("compressedLen"), "compressedLen")
            held = 3 * sum(map(len, text.split())) // 4 - text.count("=")
            self.odd_lengths += stated not in (0, held, len(text))
        elif name == "precursorMz":
            text = self.collected()
            if self._open:
                self._open[-1].several |= self._open[-1].precursor not in ("", text.strip())
                self._open[-1].precursor = self._open[-1].precursor or text.strip()
        elif name == "scan" and self._open:
            self._give()
            self._open.pop()

    def _give(self) -> None:
        if self._open and not self._open[-1].given:
            self._open[-1].given = True
            self.elements.append(self._open[-1])


_OF_THE_POINTS = ("basePeakMz", "basePeakIntensity", "totIonCurrent", "lowMz", "highMz", "startMz", "endMz")
_ATTRIBUTES = ("num", "msLevel", "peaksCount", "retentionTime", "polarity", "centroided", *_OF_THE_POINTS)
_CODING = ("precision", "byteOrder", "contentType", "pairOrder", "compressionType", "compressedLen")


def _ionisation(words: str) -> str:
    found = re.search(r"\b(EI|CI|APCI|APPI|MALDI|DART)\b|(ESI|NSI|electrospray)", words, re.I)
    return "" if found is None else (found[1] or "ESI").upper()


def _scans(file: XmlFile, header: _Header, limits: Limits, said: float | None = None) -> Iterator[RawScan]:
    number = 0
    for _ in file.walk(header):
        found, header.elements = header.elements, []
        for element in found:
            number += 1
            yield _raw_scan(element, limits.points, number, said)


def _raw_scan(element: _Element, limit: int, number: int, said: float | None) -> RawScan:
    about = element.attributes
    where = f"scan {about.get('num', number)}"
    mz, intensity = _peaks(element, limit, where)
    level = whole(about.get("msLevel"), "msLevel")
    seconds, assumed = _seconds(about.get("retentionTime", ""), said)
    precursor = re.fullmatch(r"\+?(\d+\.?\d*|\.\d+)([eE][+-]?0?\d{1,2})?", element.precursor)
    if element.precursor and not precursor:
        raise CorruptFile(
            f"The {where} has a precursor at m/z {element.precursor[:30]!r}, which is none.", code="bad_precursor"
        )
    return RawScan(
        where,
        mz,
        intensity,
        seconds,
        level or None,
        positive(precursor[0]) if precursor else None,
        assumed,
        {"0": True, "1": False}.get(about["centroided"]),
        {"+": "positive", "-": "negative"}.get(about.get("polarity", ""), ""),
        Stated(*[_number(about.get(name, "")) for name in _OF_THE_POINTS]),
        tuple(_doubts(element, level)),
    )


def _doubts(element: _Element, level: int) -> Iterator[str]:
    """Attributes of a scan that are missing where the schema requires them, or none of what it allows; and two precursors."""
    about = element.attributes
    if level == 2 and element.several:
        yield "several_precursors"
    if level == 0:
        yield "level_zero" if "msLevel" in about else "no_level"
    if about.get("polarity", "") not in ("", "+", "-", "any"):
        yield "polarity"
    if not about.get("num", "1").strip().isdecimal():
        yield "scan_number"


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,15}(\.\d*)?([eE][+-]?\d{1,2})?", text) else None


def _peaks(element: _Element, limit: int, where: str) -> tuple[FloatArray, FloatArray]:
    """m/z and intensities (P,), exactly as many as peaksCount says. Some writers give one pair of zeros for none."""
    declared = whole(element.attributes.get("peaksCount"), "peaksCount")
    if declared > limit:
        raise TooLarge(f"The {where} announces {declared:,} peaks.", code="too_many_points")
    if declared == 0:
        if any(t.strip("A=\r\n\t ") and c.get("compressionType", "none") == "none" for c, t in element.peaks):
            raise CorruptFile(f"The {where} announces no peaks but holds some.", code="array_length")
        return np.empty(0), np.empty(0)
    by_content = {(c.get("contentType") or c.get("pairOrder") or PAIRS): (c, t) for c, t in element.peaks}
    if PAIRS in by_content:
        values = _decode(*by_content[PAIRS], 2 * declared, where)
        return values[0::2], values[1::2]
    if MASSES in by_content and INTENSITIES in by_content:
        return _decode(*by_content[MASSES], declared, where), _decode(*by_content[INTENSITIES], declared, where)
    if element.peaks:
        raise UnsupportedVariant(f"The {where} holds neither m/z nor intensities.", code="content_type")
    raise CorruptFile(f"The {where} announces {declared:,} peaks but holds none.", code="array_length")


def _decode(coding: Mapping[str, str], text: str, expected: int, where: str) -> FloatArray:
    number = NUMBERS.get(coding.get("precision", "32"))
    compression = coding.get("compressionType", "none")
    if number is None or compression not in ("none", "zlib") or coding.get("byteOrder", "network") != "network":
        raise UnsupportedVariant(
            f"The peaks of {where} are packed in a way that is not read here.",
            code="compression",
            hint="Convert the raw file to mzML with msConvert.",
        )
    packed = base64_bytes(text, where)
    raw = inflate(packed, expected * number.itemsize, where) if compression == "zlib" else packed
    values = from_bytes(raw, number, where)
    if values.size != expected:
        raise CorruptFile(
            f"The {where} holds {values.size:,} numbers where it states {expected:,}.", code="array_length"
        )
    return values


def _seconds(text: str, said: float | None) -> tuple[float | None, str]:
    """An XML duration in seconds; a bare number is taken as seconds, as older converters wrote them, and marked."""
    bare = text.strip()
    if not bare:
        return None, ""
    match = _DURATION.fullmatch(bare)
    if match and any(match.groups()):
        days, hours, minutes, seconds = (float(g or 0) for g in match.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds, ""
    if re.fullmatch(r"\d+(\.\d*)?([eE][+-]?\d{1,2})?", bare):
        return float(bare) * (said or 1.0), "" if said else "seconds"
    raise CorruptFile(f"A retention time is {bare[:30]!r}, which is no time.", code="bad_header")
