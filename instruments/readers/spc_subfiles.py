"""The subfiles of a Galactic SPC file: where each one lies and its numbers. Every size is checked before reading.

Source: SPC.H (Galactic, 1997). Imports nothing above `instruments`; knows nothing of units and kinds.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from spectra.types import FloatArray, Remark

from ..errors import CorruptFile, TooLarge, UnsupportedVariant
from ..limits import Limits
from ..validate import warning
from .spc_header import (
    FLOAT_EXPONENT,
    MULTI,
    NEW_BYTES,
    OLD,
    OLD_BYTES,
    ORDERED_Z,
    OWN_X,
    RANDOM_Z,
    SHORT_Y,
    SUB_BYTES,
    X_VALUES,
    Header,
    Window,
)

_ENTRY_BYTES = 12
LARGEST_EXPONENT = 64  # 2^64 is 10^19; detectors count to 10^10


@dataclass(frozen=True, slots=True)
class Subfile:
    """One spectrum: `x` and `y` (N,) as stored and scaled, `z` in the unit of the z axis.

    `exponent` and `stated` are what its own header says of the scale and of the number of points, used or not.
    """

    x: FloatArray
    y: FloatArray
    z: float
    exponent: int = 0
    stated: int = 0


class Subfiles(NamedTuple):
    """All spectra of a file, the offset behind the last byte that belongs to them, and how many have other sizes than the
    directory says.
    """

    found: list[Subfile]
    end: int
    odd_sizes: int = 0


class _Sub(NamedTuple):
    """A subfile header of 32 bytes."""

    exponent: int
    z: float
    z_next: float
    n_points: int


def read_subfiles(window: Window, header: Header, limits: Limits) -> Subfiles:
    """Every spectrum of the file. Raises CorruptFile if the file is shorter than it says, TooLarge beyond limits."""
    if header.n_sub > limits.spectra:
        raise TooLarge(f"This file announces {header.n_sub:,} spectra; {limits.spectra:,} are allowed.",
                       code="too_many_spectra", byte=24)  # fmt: skip
    return _with_own_x(window, header, limits) if header.flags & OWN_X else _with_common_x(window, header, limits)


def _sub(window: Window, header: Header, offset: int, index: int) -> _Sub:
    raw = window.at(offset, SUB_BYTES, f"the header of spectrum {index + 1}")
    _, exponent, _, z, z_next, _, n_points = struct.unpack_from(header.order + "BbHfffI", raw)
    return _Sub(exponent, z, z_next, n_points)


def _with_common_x(window: Window, header: Header, limits: Limits) -> Subfiles:
    n = header.n_points
    start = OLD_BYTES - SUB_BYTES if header.version == OLD else NEW_BYTES
    own_axis = 4 * n if header.flags & X_VALUES else 0
    step = SUB_BYTES + n * _width(header)
    count = header.n_sub
    if header.version == OLD and header.multi:  # the old header has no count: the spectra fill the file
        count = max(1, (window.size - start) // step)
    end = start + own_axis + count * step
    announced = f"{count:,} spectr{'um' if count == 1 else 'a'} of {n:,} points"
    if n > limits.points or count * n > limits.total_points or count > limits.spectra:
        raise TooLarge(
            f"This file announces {announced}; that is more than is allowed.", code="too_many_points", byte=4
        )
    if end > window.size:
        raise CorruptFile(
            f"The file should hold {announced} ({end:,} bytes), but has {window.size:,} bytes; it is cut short.",
            code="truncated",
            byte=window.size,
        )
    if header.version == OLD and header.multi and window.at(end, window.size - end, "the rest").strip(b"\0\x1a"):
        raise CorruptFile("The file ends within its last spectrum.", code="truncated", byte=end)
    x = _floats(window, header, start, n) if own_axis else np.linspace(header.first, header.last, n)
    return Subfiles(list(_even(window, header, x, start + own_axis, step, count)), end)


def _even(window: Window, header: Header, x: FloatArray, start: int, step: int, count: int) -> Iterator[Subfile]:
    """Subfiles of equal size. Without ordered or random z only the first header counts, as the format says."""
    z_first = z_step = 0.0
    for index in range(count):
        sub = _sub(window, header, start + index * step, index)
        if index == 0:
            z_first, z_step = sub.z, header.z_step or sub.z_next - sub.z
        z = sub.z if header.flags & (RANDOM_Z | ORDERED_Z) else z_first + index * z_step
        y = _ordinates(window, header, sub.exponent, start + index * step + SUB_BYTES, x.size)
        yield Subfile(x, y, z, sub.exponent, sub.n_points)


def _with_own_x(window: Window, header: Header, limits: Limits) -> Subfiles:
    """Subfiles that each bring their own x (mass spectra): by the directory, or one after the other without one."""
    directory = b""
    if header.n_points:
        directory = window.at(header.n_points, header.n_sub * _ENTRY_BYTES, "the directory of its spectra")
    found: list[Subfile] = []
    taken: list[tuple[int, int]] = []
    rooms: list[int] = []
    end, total, used = NEW_BYTES, 0, 0
    for index in range(header.n_sub):
        offset, room = end, window.size
        if directory:
            offset, room = struct.unpack_from(header.order + "II", directory, index * _ENTRY_BYTES)
            rooms.append(room)
        sub = _sub(window, header, offset, index)
        needed = SUB_BYTES + sub.n_points * (4 + _width(header))
        used, total = used + needed, total + sub.n_points
        if offset < NEW_BYTES or needed > room or offset + needed > window.size:
            raise CorruptFile(
                f"Spectrum {index + 1} of {header.n_sub:,} lies outside the place that the file gives it.",
                code="bad_directory",
                byte=offset,
            )
        if used > window.size:  # before a byte is read twice
            raise CorruptFile("The spectra of this file overlap one another.", code="overlap", byte=offset)
        taken.append((offset, needed))
        if sub.n_points > limits.points or total > limits.total_points:
            raise TooLarge("This file holds more points than are allowed.", code="too_many_points", byte=offset)
        x = _floats(window, header, offset + SUB_BYTES, sub.n_points)
        y = _ordinates(window, header, sub.exponent, offset + SUB_BYTES + 4 * sub.n_points, sub.n_points)
        found.append(Subfile(x, y, sub.z, sub.exponent, sub.n_points))
        end = max(end, offset + needed) if directory else offset + needed
    odd_sizes = _odd_sizes(taken, rooms)
    _refuse_overlap(taken)
    return Subfiles(found, max(end, header.n_points + len(directory)), odd_sizes)


def _odd_sizes(places: list[tuple[int, int]], rooms: list[int]) -> int:
    """How many of the (offset, length) are not as long as the directory says. A spectrum that was changed later is written
    behind the others, into more room than it needs, and is not counted.
    """
    odd, later = 0, math.inf  # without a directory there are no rooms, and nothing is odd
    for (offset, length), room in zip(reversed(places), reversed(rooms), strict=False):
        odd += room != length and offset < later
        later = min(later, offset)
    return odd


def _refuse_overlap(places: list[tuple[int, int]]) -> None:
    """Raise CorruptFile where two of the (offset, length) share bytes."""
    places.sort()
    for (first, length), (second, _) in pairwise(places):
        if first + length > second:
            raise CorruptFile("The spectra of this file overlap one another.", code="overlap", byte=second)


def doubts(header: Header, subfiles: Subfiles) -> Iterator[Remark]:
    """What the main header and the directory say of scale, points, sizes and x, where the subfiles say something else."""
    found = subfiles.found
    if subfiles.odd_sizes:
        text = f"{subfiles.odd_sizes:,} of {len(found):,} spectra of the file are not as long as its directory says; points may be missing or wrong."
        yield warning("bad_directory", text)
    odd = [i for i, s in enumerate(found, start=1) if s.exponent not in _fitting(header)]
    if odd:
        scale = "floating-point values" if header.exponent == FLOAT_EXPONENT else f"the exponent {header.exponent}"
        text = f"The header gives {scale}, spectrum {odd[0]:,} the exponent {found[odd[0] - 1].exponent}; the scale of y may be wrong."
        yield warning("exponent", text)
    if any(
        abs(e) > LARGEST_EXPONENT
        for e in (s.exponent if header.multi else header.exponent for s in found)
        if e != FLOAT_EXPONENT
    ):
        yield warning("exponent", "An exponent of the file gives values that no instrument measures.")
    if header.multi and any(s.stated not in (0, s.x.size) for s in found):
        yield warning("point_count", "A spectrum of the file states another number of points than the main header.")
    if header.n_sub > 1 and not header.flags & MULTI:
        text = f"The header counts {header.n_sub:,} spectra, but does not mark the file as holding several."
        yield warning("not_marked", text)
    if header.n_sub > 1 and not all(math.isfinite(s.z) for s in found):
        yield warning("bad_z", "The place (z) of a spectrum of the file is not a finite number.")
    places = [s.z for s in found]
    steps, planes = np.diff(places), len(set(places)) < len(places)
    if header.flags & ORDERED_Z and not planes and (steps > 0).any() and (steps < 0).any():
        yield warning(
            "unsorted_z", "The header says that the spectra are in order of z (time or place), but they are not."
        )
    x = found[0].x
    if header.flags & (X_VALUES | OWN_X) and x.size and any((header.first, header.last)):
        span = max(float(x.max() - x.min()), abs(float(x[0])) * 1e-3)
        if not (abs(header.first - x[0]) <= 1e-3 * span and abs(header.last - x[-1]) <= 1e-3 * span):  # NaN too
            text = f"The header gives x from {header.first:g} to {header.last:g}, the x values run from {x[0]:g} to {x[-1]:g}."
            yield warning("first_x", text)


def _fitting(header: Header) -> range | tuple[int, ...]:
    """The exponents that a subfile may state beside the one of the main header; 0 is what most writers leave there."""
    if header.exponent == FLOAT_EXPONENT or not header.multi:
        return (0, header.exponent)
    return range(-128, 128)


def _width(header: Header) -> int:
    return 2 if header.flags & SHORT_Y else 4


def _floats(window: Window, header: Header, offset: int, count: int) -> FloatArray:
    raw = window.at(offset, 4 * count, "its x values")
    return np.frombuffer(raw, dtype=f"{header.order}f4").astype(np.float64)


def _ordinates(window: Window, header: Header, sub_exponent: int, offset: int, count: int) -> FloatArray:
    """Values as floats, or as binary fractions of 16 or 32 bits times a power of two.

    A file of several spectra has one exponent per subfile (0 is a value, not an absence); a single one has it in
    the main header. Integers of the old format have their 16-bit halves exchanged.
    """
    width = _width(header)
    raw = window.at(offset, width * count, "its y values")
    if width == 2 and header.exponent == FLOAT_EXPONENT:
        raise CorruptFile("The file calls its values 16-bit and floating-point at once.", code="bad_header", byte=3)
    exponent = sub_exponent if header.multi else header.exponent
    if width == 2:
        return _scaled(np.frombuffer(raw, dtype=f"{header.order}i2").astype(np.float64), exponent - 16)
    if FLOAT_EXPONENT in (header.exponent, exponent):
        if header.version == OLD:
            raise UnsupportedVariant("Old SPC files with floating-point values are not read.",
                                     code="unsupported_old_spc", byte=offset)  # fmt: skip
        return np.frombuffer(raw, dtype=f"{header.order}f4").astype(np.float64)
    if header.version == OLD:
        halves = np.frombuffer(raw, dtype="<i2").reshape(-1, 2)
        whole = halves[:, 0] * 65536.0 + (halves[:, 1].astype(np.int32) & 0xFFFF)
    else:
        whole = np.frombuffer(raw, dtype=f"{header.order}i4").astype(np.float64)
    return _scaled(whole, exponent - 32)


def _scaled(whole: FloatArray, exponent: int) -> FloatArray:
    """Times a power of two; one beyond all numbers gives inf, which the check of all readings refuses."""
    with np.errstate(over="ignore"):
        return np.ldexp(whole, exponent)
