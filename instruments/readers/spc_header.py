"""The main header of Galactic SPC files, in its three layouts, and the audit log. Pure bytes to values.

Source: SPC.H and "A Brief Guide to SPC File Format" (Thermo Galactic, 2001). Imports nothing above `instruments`.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import NamedTuple

from spectra.types import Remark

from ..errors import CorruptFile, UnsupportedVariant
from ..source import Source
from ..validate import warning
from .spc_codes import LARGEST_TECHNIQUE, X_CODES, Codes, known

NEW_LITTLE, NEW_BIG, OLD = 0x4B, 0x4C, 0x4D
NEW_BYTES, OLD_BYTES, SUB_BYTES, LOG_BYTES = 512, 256, 32, 64
SHORT_Y, MULTI, RANDOM_Z, ORDERED_Z, LABELS, OWN_X, X_VALUES = 0x01, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80
FLOAT_EXPONENT = -128
_NEW = "BBBbIddIBBBBI9s9sH32x130s30sII8x48sf196x"
_OLD = "<BBhfffBBHBBBB8sHH28x130s30s32x"
_LARGEST_LOG = 1 << 20
_RESOLUTION = re.compile(r"(\d+\.?\d*|\.\d+)( ?cm-1)?", re.I)


class Window:
    """Bytes of the file by offset; a range that is not in the file is a damaged file, found before it is read."""

    def __init__(self, source: Source) -> None:
        self._stream = source.open()
        self.size = source.size

    def at(self, offset: int, length: int, what: str) -> bytes:
        """`length` bytes from `offset`. Raises CorruptFile when the file does not hold them."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise CorruptFile(f"The file ends within {what}.", code="truncated", byte=min(max(offset, 0), self.size))
        self._stream.seek(offset)
        return self._stream.read(length)


@dataclass(frozen=True, slots=True)
class Header:
    """What the main header says. `n_points` is per subfile; with OWN_X it is the offset of the directory."""

    version: int
    flags: int
    exponent: int
    n_points: int
    first: float
    last: float
    n_sub: int
    codes: Codes
    z_code: int
    acquired: str
    resolution: float | None
    source: str
    comment: str
    log_offset: int
    method: str = ""
    z_step: float = 0.0
    n_scans: int = 0

    @property
    def order(self) -> str:
        """Byte order in the notation of struct and numpy."""
        return ">" if self.version == NEW_BIG else "<"

    @property
    def multi(self) -> bool:
        """Whether exponents are those of the subfiles; a file of one spectrum has its own in the main header."""
        return bool(self.flags & MULTI) or self.n_sub > 1


class Log(NamedTuple):
    """Entries KEY = VALUE of the audit log; keys in upper case."""

    entries: dict[str, str]
    remarks: tuple[Remark, ...]


def plausible(head: bytes) -> bool:
    """Whether the bytes could be an SPC header at all: one byte of magic is no proof, the codes around it are."""
    if len(head) < OLD_BYTES or head[1] not in (NEW_LITTLE, NEW_BIG, OLD):
        return False
    if head[1] == OLD:
        exponent, points, first, last = struct.unpack_from("<hfff", head, 2)
        numbers = all(math.isfinite(v) for v in (points, first, last)) and points >= 1 and points == int(points)
        return known(head[16], head[17]) and numbers and abs(exponent) <= 128
    return known(head[28], head[29]) and head[30] in X_CODES and head[2] <= LARGEST_TECHNIQUE


def parse(window: Window) -> Header:
    """The main header. Raises CorruptFile for values that cannot be, UnsupportedVariant for what is not read."""
    version = window.at(0, 2, "the main header")[1]
    if version not in (NEW_LITTLE, NEW_BIG, OLD):
        raise UnsupportedVariant(
            f"This is no SPC version known here (0x{version:02X}).", code="unsupported_spc_version", byte=1
        )
    header = _old(window) if version == OLD else _new(window, version)
    if header.flags & OWN_X == 0 and header.n_points < 1:
        raise CorruptFile("The file says that its spectrum has no points.", code="no_points", byte=4)
    computed = not header.flags & (OWN_X | X_VALUES)
    if computed and not (math.isfinite(header.first) and math.isfinite(header.last)):
        raise CorruptFile("The first or last x value is not a finite number.", code="not_finite", byte=8)
    if computed and header.first == header.last and header.n_points > 1:
        raise CorruptFile("The first and the last x value are the same.", code="no_axis", byte=8)
    return header


def _new(window: Window, version: int) -> Header:
    order = ">" if version == NEW_BIG else "<"
    raw = window.at(0, NEW_BYTES, "the main header")
    _refuse_other_order(raw, order, window.size)
    (flags, _, technique, exponent, n_points, first, last, n_sub, x, y, z, _, date, resolution, source, _,
     comment, labels, log_offset, _, method, z_step) = struct.unpack(order + _NEW, raw)  # fmt: skip
    return Header(
        version,
        flags,
        exponent,
        n_points,
        first,
        last,
        max(1, n_sub),
        Codes(x, y, technique, _labels(labels) if flags & LABELS else ("", "", "")),
        z,
        _moment(date >> 20, date >> 16 & 15, date >> 11 & 31, date >> 6 & 31, date & 63),
        _resolution(resolution),
        _text(source),
        _text(comment),
        log_offset,
        _text(method),
        z_step,
    )


def _refuse_other_order(raw: bytes, order: str, size: int) -> None:
    """Raise CorruptFile where the numbers of points and of spectra fit into the file in the other order of bytes only."""
    stated, swapped = (max(struct.unpack_from(o + "4xI16xI", raw)) for o in (order, "<" if order == ">" else ">"))
    if stated > size >= swapped:
        said, found = ("big", "little") if order == ">" else ("little", "big")
        text = f"The file calls itself {said}-endian (its version byte), but its counts are {found}-endian numbers."
        raise CorruptFile(text, code="byte_order", byte=1)


def _old(window: Window) -> Header:
    raw = window.at(0, OLD_BYTES, "the main header")
    (flags, _, exponent, points, first, last, x, y, year, month, day, hour, minute, resolution, _, n_scans,
     comment, labels) = struct.unpack(_OLD, raw)  # fmt: skip
    if not math.isfinite(points) or points != int(points):
        raise CorruptFile("The number of points is no whole number.", code="point_count", byte=4)
    if flags & (OWN_X | X_VALUES) or abs(exponent) == 128:
        raise UnsupportedVariant("This is an old SPC file of a kind that is not read here.", code="unsupported_old_spc")
    years = year & 0x0FFF  # the upper four bits are the type of the z axis
    named = flags & LABELS or x == 15
    return Header(
        OLD,
        flags,
        exponent,
        int(points),
        first,
        last,
        1,
        Codes(x, y, 0, _labels(labels) if named else ("", "", "")),
        year >> 12,
        _moment(years + 1900 if 70 <= years < 100 else years, month, day, hour, minute),
        _resolution(resolution),
        "",
        _text(comment),
        0,
        n_scans=n_scans,
    )


def _text(raw: bytes) -> str:
    """A fixed-width field: up to the first NUL (behind it lie remains of older texts), printable, Windows-1252."""
    words = raw.partition(b"\0")[0].decode("cp1252", "replace")
    return "".join(c for c in words if c.isprintable() and c != "\ufffd").strip()


def _labels(raw: bytes) -> tuple[str, str, str]:
    parts = [_text(part) for part in raw.split(b"\0")] + ["", "", ""]
    return parts[0], parts[1], parts[2]


def _resolution(raw: bytes) -> float | None:
    """Some writers leave rubbish in this field: only a lone number counts."""
    match = _RESOLUTION.fullmatch(_text(raw))
    return float(match[1]) if match else None


def _moment(year: int, month: int, day: int, hour: int, minute: int) -> str:
    """ISO 8601 without zone, '' for a date that cannot be (some writers count years from 1900, months from 0)."""
    if not (1980 <= year <= 2099 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60):
        return ""
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"


def read_log(window: Window, header: Header, data_end: int) -> Log:
    """The audit log, if the file has one. A damaged log costs a warning, not the spectrum."""
    offset = header.log_offset
    if offset == 0:
        return Log({}, ())
    lost = Log({}, (warning("log_damaged", "The log of this file is damaged or cut off; its notes are missing."),))
    if offset < data_end or offset + LOG_BYTES > window.size:
        return lost
    size, _, text_at = struct.unpack_from(header.order + "III", window.at(offset, LOG_BYTES, "the log"))
    if not LOG_BYTES <= text_at <= size <= min(window.size - offset, _LARGEST_LOG):
        return lost
    text = window.at(offset + text_at, size - text_at, "the log").partition(b"\0")[0].decode("cp1252", "replace")
    found: dict[str, str] = {}
    for line in re.split(r"[\r\n]+", text):
        key, equals, value = line.partition("=")
        if equals and value.strip():
            found.setdefault(key.strip().upper()[:40], "".join(c for c in value.strip()[:200] if c.isprintable()))
    rest = window.size - offset - size
    if not window.at(offset + size, min(rest, _LARGEST_LOG), "the rest").strip(b"\0\x1a \r\n"):
        return Log(found, ())
    unread = f"Behind its log the file holds {rest:,} bytes that were not read."
    return Log(found, (warning("trailing_data", unread),))
