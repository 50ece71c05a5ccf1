"""The netCDF classic container (CDF-1, CDF-2 and CDF-5): a header walk that believes nothing, then single variables.

Source: Unidata, "NetCDF Classic Format Specification". Every count, name, rank, offset and size is checked against
the file before anything is allocated. Imports nothing above `instruments`.

Why not `scipy.io.netcdf_file`, once the header is walked: it makes attributes of the file attributes of its own
objects (one called "data" silently replaces a variable's values), trusts `vsize`, and its import costs thirty times
what reading a usual file does. It is the oracle in the tests.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spectra.types import FloatArray

from ..errors import CorruptFile, TooLarge, UnsupportedVariant
from ..limits import MIB, Limits
from ..source import Source

# nc_type → numpy type; all numbers are big-endian.
TYPES = {1: "i1", 2: "S1", 3: ">i2", 4: ">i4", 5: ">f4", 6: ">f8"}
LATER_TYPES = {7: "u1", 8: ">u2", 9: ">u4", 10: ">i8", 11: ">u8"}  # of CDF-5
_CHAR = 2
_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12
_HEADER_BYTES = 4 * MIB
_NAME_BYTES, _RANK = 256, 32
_TEXT_ROWS, _TEXT_CHARS = 1_000, 1_000
_PADDING = 512
_LARGE = 5  # CDF-5 has 64 bits for every length
# What the netCDF library leaves where a program never wrote (9.96921e36), and what ANDI writes for "not available".
UNWRITTEN, NOT_AVAILABLE = 9.9e36, -9999.0

Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Variable:
    """Where the values of one variable lie. `shape` has the record count first if `record`."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    record: bool
    begin: int
    attributes: Attributes

    @property
    def row_bytes(self) -> int:
        """Bytes of one record; of everything for a variable without records."""
        return self.dtype.itemsize * math.prod(self.shape[1:] if self.record else self.shape)


class _Dimension(NamedTuple):
    length: int
    record: bool


class _Walk:
    """A cursor over the header. Reading past its end is a damaged file, never a short result."""

    def __init__(self, header: bytes, file_size: int) -> None:
        self._bytes = header
        self._size = file_size
        self.at = 0
        self.large = False

    def take(self, length: int, what: str) -> bytes:
        """The next `length` bytes."""
        if length > len(self._bytes) - self.at:
            if len(self._bytes) == self._size:
                raise CorruptFile(f"The file ends within {what}.", code="truncated", byte=self.at)
            raise TooLarge("The header of this file is larger than is allowed.", code="header_too_large", byte=self.at)
        self.at += length
        return self._bytes[self.at - length : self.at]

    def integer(self, what: str) -> int:
        """The next unsigned 32-bit integer."""
        return int.from_bytes(self.take(4, what), "big")

    def size(self, what: str) -> int:
        """The next length or number of entries: 32 bits, in CDF-5 64."""
        return int.from_bytes(self.take(8 if self.large else 4, what), "big")

    def type(self, what: str) -> str:
        """The next type of values, as numpy names it."""
        code = self.integer(what)
        found = (TYPES | LATER_TYPES if self.large else TYPES).get(code)
        if found is None:
            text = f"The file uses a type of values that does not exist ({code})."
            raise CorruptFile(text, code="bad_type", byte=self.at - 4)
        return found

    def count(self, tag: int, least: int, what: str) -> int:
        """The length of a list whose elements have at least `least` bytes each; 0 for an absent list."""
        begin, found, count = self.at, self.integer(what), self.size(what)
        if found not in (0, tag) or (found == 0 and count):
            raise CorruptFile(f"The header is damaged before {what}.", code="bad_header", byte=begin)
        if count * least > self._size - self.at:
            raise CorruptFile(
                f"The header announces {count:,} entries in {what}; the file has no room for them.",
                code="bad_count",
                byte=begin,
            )
        return count

    def padded(self, length: int, what: str) -> bytes:
        """`length` bytes and what fills them up to a multiple of four."""
        return self.take(length + -length % 4, what)[:length]

    def name(self, what: str) -> str:
        """A name of 1 to 256 bytes."""
        length = self.size(what)
        if not 0 < length <= _NAME_BYTES:
            raise CorruptFile(f"A name in {what} has {length:,} bytes.", code="bad_name", byte=self.at - 4)
        return self.padded(length, what).decode("latin-1")

    def attributes(self, what: str) -> Attributes:
        """Attributes as str, number or tuple of numbers."""
        found: Attributes = {}
        for _ in range(self.count(_ATTRIBUTES, 12, what)):
            name = self.name(what)
            kind, count = self.type(what), self.size(what)
            raw = self.padded(count * np.dtype(kind).itemsize, what)
            if kind == TYPES[_CHAR]:
                found[name] = raw.partition(b"\0")[0].decode("latin-1")
            else:
                values = np.frombuffer(raw, kind).tolist()
                found[name] = values[0] if len(values) == 1 else tuple(values)
        return found


class NetCdf:
    """The header of a file, and its variables one at a time. `unread` is how many bytes lie behind all of them.

    Raises on construction: UnsupportedVariant for a version nobody has defined, CorruptFile with a byte for all that does
    not fit.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self._stream = source.open()
        self._size = source.size
        self._limits = limits
        walk = _Walk(self._stream.read(_HEADER_BYTES), source.size)
        version = walk.take(4, "the header")[3]
        walk.large = version == _LARGE
        if version not in (1, 2, _LARGE):
            raise UnsupportedVariant(
                f"This netCDF file is of a kind that is not read here (CDF-{version}).",
                code="unsupported_netcdf",
                byte=3,
            )
        self._records = walk.size("the number of records")
        self._streaming = self._records == 2 ** (64 if walk.large else 32) - 1
        dimensions = self._dimensions(walk)
        self.attributes = walk.attributes("the attributes")
        self.lengths = {name: d.length for name, d in dimensions}
        self.variables: dict[str, Variable] = {}
        for _ in range(walk.count(_VARIABLES, 28, "the variables")):
            variable = _variable(walk, [d for _, d in dimensions], wide=version != 1)
            if self.variables.setdefault(variable.name, variable) is not variable:
                raise CorruptFile(f"The variable {variable.name!r} occurs twice.", code="bad_header", byte=walk.at)
        recorded = [v for v in self.variables.values() if v.record]
        # Only a single record variable is stored without filling its records up to four bytes.
        self._step = sum(v.row_bytes + (-v.row_bytes % 4 if len(recorded) > 1 else 0) for v in recorded)
        self._check_places(walk.at, recorded)

    def _dimensions(self, walk: _Walk) -> list[tuple[str, _Dimension]]:
        found = []
        for _ in range(walk.count(_DIMENSIONS, 8, "the dimensions")):
            name, length = walk.name("the dimensions"), walk.size("the dimensions")
            found.append((name, _Dimension(length or self._records, length == 0)))
        if sum(d.record for _, d in found) > 1:
            raise CorruptFile("The file has more than one unlimited dimension.", code="bad_header", byte=walk.at)
        if self._streaming and any(d.record for _, d in found):
            raise CorruptFile(
                "The file was never finished: its number of records is missing.", code="bad_count", byte=4
            )
        return found

    def _check_places(self, header_end: int, recorded: list[Variable]) -> None:
        """Every variable lies behind the header, within the file, and on no other. vsize is redundant: not used."""
        places = [(0, header_end)]
        for v in self.variables.values():
            used = v.row_bytes
            if v.record:
                used = 0 if self._records == 0 else (self._records - 1) * self._step + v.row_bytes
            if used and (v.begin < header_end or v.begin + used > self._size):
                raise CorruptFile(
                    f"The values of {v.name!r} ({used:,} bytes) do not lie within the file, which has "
                    f"{self._size:,} bytes; it is cut short or damaged.",
                    code="truncated",
                    byte=min(v.begin, self._size),
                )
            if used and not v.record:
                places.append((v.begin, v.begin + used))
        if recorded and self._records:
            begin = min(v.begin for v in recorded)
            rows = sorted((v.begin - begin, v.begin - begin + v.row_bytes) for v in recorded)
            last = begin + (self._records - 1) * self._step
            places.append((begin, last + rows[-1][1]))
            if _overlap(rows) or rows[-1][1] > self._step:
                raise CorruptFile("The variables of this file overlap one another.", code="overlap", byte=begin)
        rest = self._size - max(end for _, end in places)
        self.unread = rest if rest > _PADDING or (recorded and 0 < self._step <= rest) else 0
        if _overlap(sorted(places)):
            raise CorruptFile("The variables of this file overlap one another.", code="overlap", byte=header_end)

    def raw(self, name: str, limit: int | None = None) -> NDArray[Any] | None:
        """The stored values of a variable in its shape; None if there is no such variable.

        Raises TooLarge above `limit` values (without one: the points that an array may have).
        """
        v = self.variables.get(name)
        if v is None:
            return None
        if math.prod(v.shape) > (self._limits.points if limit is None else limit):
            raise TooLarge("This file holds more points than are allowed.", code="too_many_points", byte=v.begin)
        if 0 in v.shape:
            return np.zeros(v.shape, v.dtype)
        self._stream.seek(v.begin)
        if not v.record:
            return np.frombuffer(self._stream.read(v.row_bytes), v.dtype).reshape(v.shape)
        block = self._stream.read((self._records - 1) * self._step + v.row_bytes)
        inner = np.empty(v.shape[1:], v.dtype).strides
        return np.ndarray(v.shape, v.dtype, block, strides=(self._step, *inner))

    def series(self, name: str, limit: int | None = None) -> FloatArray | None:
        """Values (N,) after scale_factor and add_offset; None if the variable is missing or was never written.

        Raises CorruptFile when only a part was written, or when the scale is 0 or not finite.
        """
        raw = self.raw(name, limit)
        if raw is None or raw.dtype.kind == "S" or raw.ndim > 1 or raw.size == 0:
            return None
        attributes = self.variables[name].attributes
        values = raw.reshape(-1).astype(np.float64)
        missing = values == _number(attributes.get("_FillValue"), math.nan)
        if raw.dtype.kind == "f":
            missing |= np.isfinite(values) & (values >= UNWRITTEN)
        if missing.all() or (values == NOT_AVAILABLE).all():
            return None
        if missing.any():
            raise CorruptFile(
                f"{int(missing.sum()):,} of {values.size:,} values of {name!r} were never written; "
                "the recording was cut short.",
                code="not_written",
                byte=self.variables[name].begin,
            )
        scale = _number(attributes.get("scale_factor"), 1.0)
        offset = _number(attributes.get("add_offset"), 0.0)
        if scale == 0 or not (math.isfinite(scale) and math.isfinite(offset)):
            raise CorruptFile(f"The scale of {name!r} is not usable.", code="bad_scale")
        return values if (scale, offset) == (1.0, 0.0) else values * scale + offset

    def number(self, name: str) -> float | None:
        """A variable of one value; None where the file does not give it."""
        values = self.series(name)
        return float(values[0]) if values is not None and values.size == 1 and math.isfinite(values[0]) else None

    def words(self, name: str) -> list[str]:
        """The first 1,000 texts of a character variable, one per row, without the blanks and NULs around them."""
        raw = self.raw(name, max(self._limits.points, _TEXT_ROWS * _TEXT_CHARS))
        if raw is None or raw.dtype.kind != "S" or raw.ndim not in (1, 2) or raw.size == 0:
            return []
        rows = np.ascontiguousarray(np.atleast_2d(raw)[:_TEXT_ROWS, :_TEXT_CHARS])
        return [plain(row.tobytes().partition(b"\0")[0].decode("latin-1")) for row in rows]

    def text(self, name: str) -> str:
        """A global attribute as text, '' if it is missing or no text."""
        value = self.attributes.get(name)
        return plain(value) if isinstance(value, str) else ""


def _variable(walk: _Walk, dimensions: list[_Dimension], *, wide: bool) -> Variable:
    what = "the variables"
    name, start, rank = walk.name(what), walk.at, walk.size(what)
    if rank > _RANK:
        raise CorruptFile(f"The variable {name!r} has {rank:,} dimensions.", code="bad_rank", byte=start)
    ids = [walk.size(what) for _ in range(rank)]
    if any(i >= len(dimensions) for i in ids):
        raise CorruptFile(
            f"The variable {name!r} uses a dimension that does not exist.", code="bad_dimension", byte=start
        )
    used = [dimensions[i] for i in ids]
    if any(d.record for d in used[1:]):
        raise CorruptFile(
            f"The variable {name!r} is unlimited in an inner dimension.", code="bad_dimension", byte=start
        )
    attributes = walk.attributes(what)
    kind = walk.type(what)
    walk.size(what)  # vsize
    begin = int(struct.unpack(">Q" if wide else ">I", walk.take(8 if wide else 4, what))[0])
    shape = tuple(d.length for d in used)
    return Variable(name, np.dtype(kind), shape, bool(used) and used[0].record, begin, attributes)


def _overlap(places: list[tuple[int, int]]) -> bool:
    """Whether two of these ranges, sorted by their beginning, share a byte."""
    return any(second[0] < first[1] for first, second in pairwise(places))


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) else default


def plain(text: str) -> str:
    """Printable characters only, blanks around and in a row removed."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
