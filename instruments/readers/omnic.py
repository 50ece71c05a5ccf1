"""Reader of Thermo OMNIC spectra (.spa) and groups of spectra (.spg). Both begin with the same words.

Why our own and not spectrochempy-omnic (CeCILL-B), from which the codes of units are known: it needs `requests`
without saying so, reads texts to the next zero byte without an end, and keeps the history of every file it has read
(decision 0011). The format has no public specification. Series (.srs) begin otherwise and are not read here. Imports nothing above
`instruments`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from spectra.types import FloatArray, Reading, ReadingKind, Remark

from .. import units
from ..errors import COPY, CorruptFile, TooLarge
from ..limits import MIB, Limits
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import count_remark, warning
from .lost_values import zeroed

FILE_BYTES = 256 * MIB
MAGIC = b"Spectral Data File"
NAME, NAME_BYTES, KIND, LINES, DATE, DIRECTORY = 30, 256, 288, 294, 296, 304
GROUP = 10  # the word at KIND; 1 is a single spectrum
LINE = struct.Struct("<BxIIH4x")  # key, start, size, number of the spectrum
HEADER = struct.Struct("<4xI B3x B3x 2f 12x I 12x I 24x f")  # points, units of x and y, ends, scans, ..., laser
HEAD, DATA, COMMENT, HISTORY, SAMPLE_IFG, BACKGROUND_IFG, TITLE = 2, 3, 4, 27, 102, 103, 107
# Keys whose line names a place in the file. Others (78, 83) are left from earlier versions and may point anywhere.
PLACES = frozenset({HEAD, DATA, COMMENT, HISTORY, *range(100, 108), 128, 130, 146})
EPOCH = datetime(1899, 12, 31, tzinfo=UTC)
X_UNITS = {1: "cm-1", 2: "point", 3: "nm", 4: "um", 32: "cm-1"}
Y_UNITS = {
    11: "reflectance (%)",
    12: "log(1/R)",
    15: "single beam",
    16: "transmittance (%)",
    17: "absorbance",
    20: "kubelka-munk",
    21: "reflectance",
    22: "V",
    26: "photoacoustic",
    31: "intensity",
}
# Compared with another reader on real files (in cm-1); the others are known from its table only.
PROVEN = frozenset({11, 12, 15, 16, 17})
POINTS, RAMAN_SHIFT, SINGLE_BEAM, VOLTS, RAMAN_INTENSITY = 2, 32, 15, 22, 31
# The history is in the language of the program; "4.000 from 649.9 to 6000.0" has the same form in all of them.
_RESOLUTION = re.compile(r":\s*(\d+[.,]\d+) \S+ \d+[.,]\d+ \S+ \d+[.,]\d+")
# What must follow the colon is looked for first and once: a group may share one history among thousands of spectra.
_SERIAL = re.compile(
    r"^[ \t]++(?=[^:\r\n]*+:[ \t]*+[\w.\-/])[^:\r\n]*?s[eé]ri[^:\r\n]*+:[ \t]*+([\w.\-/ ]+)", re.I | re.M
)


@dataclass(frozen=True, slots=True)
class Section:
    """One line of the directory that names a place: `start` and `size` in bytes, `spectrum` its number in a group."""

    key: int
    start: int
    size: int
    spectrum: int


@dataclass(frozen=True, slots=True)
class Head:
    """The header of one spectrum."""

    points: int
    x_code: int
    y_code: int
    first: float
    last: float
    scans: int
    background_scans: int
    laser: float

    @property
    def role(self) -> str:
        """ "result", "single beam" or "interferogram"."""
        if self.x_code == POINTS or self.y_code == VOLTS:
            return "interferogram"
        return "single beam" if self.y_code == SINGLE_BEAM else "result"


def _is_group(head: bytes) -> bool:
    return int.from_bytes(head[KIND : KIND + 2], "little") == GROUP


def sniff_spa(probe: Probe) -> Guess | None:
    """The first words, and no mark of a group."""
    return Guess(95, "first bytes") if probe.head.startswith(MAGIC) and not _is_group(probe.head) else None


def sniff_spg(probe: Probe) -> Guess | None:
    """The first words, and the mark of a group."""
    return Guess(95, "first bytes") if probe.head.startswith(MAGIC) and _is_group(probe.head) else None


@reader(
    "spa",
    title="a Thermo OMNIC spectrum (.spa)",
    techniques={"IR", "Raman"},
    magic=sniff_spa,
    extensions=("spa",),
    version="2",
)
@reader(
    "spg",
    title="a Thermo OMNIC spectral group (.spg)",
    techniques={"IR", "Raman"},
    magic=sniff_spg,
    extensions=("spg",),
    version="2",
)
def read_omnic(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One Reading per spectrum, in the order of the file and the direction of its axis; units as the header names them.

    Blanked points (stored as NaN) are left out with a warning. Raises CorruptFile with a byte when the directory, a
    count or an axis cannot be.
    """
    content = source.read_all(FILE_BYTES)
    sections = _sections(content)
    pairs = _pairs(sections)
    heads = [_head(content, h) for h, _ in pairs]
    remarks: tuple[Remark, ...] = ()
    if all(h.role != "result" for h in heads):
        roles = " and ".join(sorted({h.role for h in heads}))
        remarks = (warning("background_only", f"This file holds no sample spectrum, only: {roles}."),)
    parts = _parts(sections, pairs)
    for (place, data), head in zip(pairs, heads, strict=True):
        yield _reading(content, parts.get(place.spectrum, {}), head, data, hints, limits, remarks)


def _sections(content: bytes) -> list[Section]:
    """The directory; none of its places lies outside the file, in its head, or over another."""
    if len(content) < DIRECTORY:
        raise _cut(len(content))
    count = int.from_bytes(content[LINES : LINES + 2], "little")
    end = DIRECTORY + count * LINE.size
    if end > len(content):
        raise _cut(len(content))
    found = []
    for at in range(DIRECTORY, end, LINE.size):
        section = Section(*LINE.unpack_from(content, at))
        if section.key not in PLACES or section.size == 0:
            continue
        if section.start < end:
            raise CorruptFile("A part of this OMNIC file lies inside its directory.", code="bad_section", byte=at)
        if section.start + section.size > len(content):
            raise _cut(len(content))
        found.append(section)
    _refuse_overlap(found)
    return found


def _refuse_overlap(sections: list[Section]) -> None:
    """Spectra of a group may share a text or a background; none shares its header or its data."""
    own = [(s.start, s.start + s.size) for s in sections if s.key in (HEAD, DATA)]
    shared = {(s.start, s.start + s.size) for s in sections if s.key not in (HEAD, DATA)}
    for (_, end), (start, _) in pairwise(sorted([*own, *shared])):
        if end > start:
            raise CorruptFile("Two parts of this OMNIC file lie over each other.", code="sections_overlap", byte=start)


def _cut(size: int) -> CorruptFile:
    text = "This OMNIC file is cut short: it ends before data that it announces."
    return CorruptFile(text, code="truncated", byte=size, hint=COPY)


def _pairs(sections: list[Section]) -> list[tuple[Section, Section]]:
    """Header and data of each spectrum, in the order of the file."""
    heads = [s for s in sections if s.key == HEAD]
    data = [s for s in sections if s.key == DATA]
    if not heads or not data:
        raise CorruptFile("This OMNIC file holds no spectrum.", code="no_data", byte=DIRECTORY)
    for group in (heads, data):
        group.sort(key=lambda s: s.spectrum)
    if [h.spectrum for h in heads] != [d.spectrum for d in data]:
        raise CorruptFile(
            f"The directory of this OMNIC file names {len(heads)} spectra but other data for them.",
            code="spectrum_count",
            byte=DIRECTORY,
        )
    return list(zip(heads, data, strict=True))


def _parts(sections: list[Section], pairs: list[tuple[Section, Section]]) -> dict[int, dict[int, Section]]:
    """Number of a spectrum → key → its first section; empty where the numbers do not tell the spectra apart."""
    if len({head.spectrum for head, _ in pairs}) < len(pairs):
        return {}
    found: dict[int, dict[int, Section]] = {}
    for section in sections:
        number = section.spectrum if len(pairs) > 1 else pairs[0][0].spectrum
        found.setdefault(number, {}).setdefault(section.key, section)
    return found


def _head(content: bytes, section: Section) -> Head:
    if section.size < HEADER.size:
        raise CorruptFile("The header of a spectrum is cut short.", code="bad_header", byte=section.start)
    return Head(*HEADER.unpack_from(content, section.start))


def _reading(
    content: bytes,
    parts: dict[int, Section],
    head: Head,
    data: Section,
    hints: Hints,
    limits: Limits,
    remarks: tuple[Remark, ...],
) -> Reading:
    x, y, notes = _points(content, head, data, limits)
    name, seconds = _name_and_date(content, parts.get(TITLE))
    y_unit = hints.y_unit or Y_UNITS.get(head.y_code, "")
    if not y_unit:
        text = f"The file names its y axis by the unknown number {head.y_code}; please give the unit."
        notes += (warning("y_unit_unknown", text),)
    x_unit = hints.x_unit or X_UNITS.get(head.x_code, "")
    return Reading(
        kind=ReadingKind(hints.kind) if hints.kind else _kind(head, x_unit),
        x=x,
        y=y,
        x_unit=x_unit,
        y_unit=y_unit,
        title=name,
        meta=_meta(content, parts, head, seconds),
        remarks=remarks + notes + zeroed(y),
    )


def _points(
    content: bytes, head: Head, data: Section, limits: Limits
) -> tuple[FloatArray, FloatArray, tuple[Remark, ...]]:
    stored = data.size // 4
    if not 1 <= head.points <= stored:
        text = f"A spectrum of this OMNIC file announces {head.points:,} points but holds {stored:,}."
        raise CorruptFile(text, code="point_count", byte=data.start)
    if head.points > limits.points:
        raise TooLarge(
            f"A spectrum holds {head.points:,} points; {limits.points:,} are allowed.", code="too_many_points"
        )
    if not np.isfinite([head.first, head.last]).all() or (head.points > 1 and head.first == head.last):
        raise CorruptFile("The axis of a spectrum has no usable ends.", code="bad_axis", byte=data.start)
    more = count_remark(head.points, stored, "points")
    notes: tuple[Remark, ...] = (more,) if more else ()
    x = np.linspace(head.first, head.last, head.points)
    y = np.frombuffer(content, "<f4", head.points, data.start).astype(np.float64)
    blank = np.isnan(y)
    if blank.all():
        raise CorruptFile("A spectrum of this file holds no value.", code="no_points", byte=data.start)
    if blank.any():
        notes += (warning("blanked_points", f"{int(blank.sum()):,} points were blanked in OMNIC and are left out."),)
        x, y = x[~blank], y[~blank]
    return x, y, notes


def _kind(head: Head, x_unit: str) -> ReadingKind:
    if head.role == "interferogram":
        return ReadingKind.OTHER
    if head.x_code == RAMAN_SHIFT or head.y_code == RAMAN_INTENSITY:
        return ReadingKind.RAMAN
    return units.kind_of(x_unit, "")


def _name_and_date(content: bytes, own: Section | None) -> tuple[str, int]:
    """Title and seconds since the epoch, from the spectrum's own part in a group, else from the head of the file."""
    at, date = (NAME, DATE)
    if own and own.size >= NAME_BYTES + 4:
        at, date = own.start, own.start + NAME_BYTES
    return _text(content[at : at + NAME_BYTES]), int.from_bytes(content[date : date + 4], "little")


def _text(raw: bytes) -> str:
    """Up to the first zero byte, in UTF-8 if it is, else in Windows' Western code page; printable characters only."""
    raw = raw.split(b"\0", 1)[0]
    try:
        words = raw.decode("utf-8")
    except UnicodeDecodeError:
        words = raw.decode("cp1252", "replace")
    return "".join(c for c in words if c.isprintable()).strip()


def _meta(content: bytes, parts: dict[int, Section], head: Head, seconds: int) -> dict[str, Any]:
    """What the file says, without its history and custom fields: they name people."""
    history = _section(content, parts.get(HISTORY), 4096).decode("cp1252", "replace")
    resolution, serial = _RESOLUTION.search(history), _SERIAL.search(history)
    stored = [word for key, word in ((SAMPLE_IFG, "sample"), (BACKGROUND_IFG, "background")) if key in parts]
    kept = {
        "acquired": (EPOCH + timedelta(seconds=seconds)).isoformat() if seconds else None,
        "serial": serial[1].strip() if serial else None,
        "resolution_cm1": float(resolution[1].replace(",", ".")) if resolution else None,
        "n_coadded": head.scans or None,
        "n_background": head.background_scans or None,
        "laser_cm1": head.laser if 0 < head.laser < 1e5 else None,
        "comment": _text(_section(content, parts.get(COMMENT), 500).replace(b"\0", b" ")) or None,
        "interferograms": stored or None,
    }
    proven = head.x_code == 1 and head.y_code in PROVEN
    codes = {"x_unit_raw": f"code {head.x_code}", "y_unit_raw": f"code {head.y_code}"}
    return (
        {"role": head.role, "assurance": "high" if proven else "medium"}
        | {k: v for k, v in kept.items() if v is not None}
        | codes
    )


def _section(content: bytes, section: Section | None, most: int) -> bytes:
    return content[section.start : section.start + min(section.size, most)] if section else b""
