"""The data blocks of a Bruker OPUS file: each with its status block, as axis and values. Imports numpy.

A status block holds number of points, ends of the axis, scale and extremes. Which status belongs to which data is
told by the type, and by the extremes where a file holds several spectra of one type.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from spectra.types import FloatArray, Remark

from ..errors import CorruptFile, TooLarge, UnsupportedVariant
from ..limits import Limits
from ..validate import warning
from .opus_blocks import STATUS, Block, Parameters, parameters

INTERFEROGRAM = 2
PLAIN, SERIES, COMPACT = 0, 2, 4
FORMATS = {1: "<f4", 2: "<i4"}
# Blocks are rounded up; real files hold up to 42 words more than points.
PADDING = 64
# Every data block is compared with every status of its type; a file of thousands would take minutes.
MOST_ALIKE = 16


@dataclass(frozen=True, slots=True)
class Trace:
    """One data block: `x` and `y` (N,) in the file's units, and what its status block says."""

    block: Block
    x: FloatArray
    y: FloatArray
    status: Parameters
    remarks: tuple[Remark, ...] = ()


def is_data(block: Block) -> bool:
    """Whether a block holds values (a spectrum, an interferogram), not parameters, a report or a text."""
    return not block.parameters and block.data > 0 and block.extension in (PLAIN, SERIES, COMPACT)


def without_data(blocks: list[Block]) -> list[Block]:
    """The status blocks that are more than the data blocks they can describe."""
    left = Counter(b.pairs_with for b in blocks if is_data(b))
    described = [b for b in blocks if b.parameters == STATUS and b.extension in (PLAIN, SERIES, COMPACT)]
    left.subtract(b.pairs_with for b in described)
    return [b for b in described if left[b.pairs_with] < 0]


def pair(content: bytes, blocks: list[Block], limits: Limits) -> list[tuple[Block, Parameters | None]]:
    """Every data block with its status, or None where the file has none for it.

    Of several of one type, those whose extremes agree come together first, the others in the order of the file.
    """
    status: dict[tuple[int, ...], list[Parameters]] = {}
    for block in blocks:
        if block.parameters == STATUS:
            status.setdefault(block.pairs_with, []).append(parameters(content, block))
    data = [b for b in blocks if is_data(b)]
    found: dict[Block, Parameters] = {}
    for block in data:
        alike = status.get(block.pairs_with, [])
        if 1 < len(alike) <= MOST_ALIKE:
            fitting = next((s for s in alike if _agrees(content, block, s, limits)), None)
            if fitting is not None:
                found[block] = fitting
                alike.remove(fitting)
    for block in data:
        alike = status.get(block.pairs_with, [])
        if block not in found and alike:
            found[block] = alike.pop(0)
    return [(b, found.get(b)) for b in data]


def _agrees(content: bytes, block: Block, status: Parameters, limits: Limits) -> bool:
    try:
        return _extremes_fit(_values(content, block, status, limits), status)
    except (CorruptFile, UnsupportedVariant):
        return False


def read_trace(content: bytes, block: Block, status: Parameters, limits: Limits) -> Trace:
    """Axis and values of a plain or compact data block. Raises CorruptFile with a byte on counts that do not fit."""
    y = _values(content, block, status, limits)
    first, last = _number(status, "FXV", block), _number(status, "LXV", block)
    if y.size > 1 and first == last:
        raise CorruptFile("The axis of a block begins and ends at the same place.", code="flat_axis", byte=block.start)
    remarks = []
    spare = block.size // 4 - y.size
    if block.extension == PLAIN and spare > max(PADDING, y.size // 10):
        remarks.append(
            warning("count_mismatch", f"A block announces {y.size:,} points but has room for {spare:,} more.")
        )
    if block.data != INTERFEROGRAM and not _extremes_fit(y, status):
        if block.extension == COMPACT:
            raise CorruptFile("A compact block is not laid out as expected.", code="extremes_differ", byte=block.start)
        remarks.append(warning("extremes_differ", "The largest and smallest value are not those that the file names."))
    return Trace(block, np.linspace(first, last, y.size), y, status, tuple(remarks))


def _values(content: bytes, block: Block, status: Parameters, limits: Limits) -> FloatArray:
    """The scaled values; a compact block begins with other things and ends with its values."""
    room, count = block.size // 4, _number(status, "NPT", block)
    if not 1 <= count <= room:
        raise CorruptFile(
            f"A block of this OPUS file announces {count:,.0f} points but has room for {room:,}.",
            code="point_count",
            byte=block.start,
        )
    if count > limits.points:
        raise TooLarge(f"A block holds {count:,.0f} points; {limits.points:,} are allowed.", code="too_many_points")
    form = FORMATS.get(int(_number(status, "DPF", block)))
    if form is None:
        raise UnsupportedVariant("This OPUS file stores its numbers in an unknown form.", code="unknown_number_form")
    scale = _number(status, "CSF", block)
    if scale == 0:
        raise CorruptFile("The scale of a block is zero.", code="bad_scale", byte=block.start)
    at = block.end - 4 * int(count) if block.extension == COMPACT else block.start
    return scale * np.frombuffer(content, form, int(count), at).astype(np.float64)


def _number(status: Parameters, name: str, block: Block) -> float:
    value = status.get(name)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise CorruptFile(
            f"The description of a block lacks a usable {name} parameter.", code="bad_parameter", byte=block.start
        )
    return value


def _extremes_fit(y: FloatArray, status: Parameters) -> bool:
    """Whether the largest and smallest value are those of the status block, as far as it names them."""
    named = [(status.get("MXY"), float(y.max())), (status.get("MNY"), float(y.min()))]
    pairs = [(w, f) for w, f in named if isinstance(w, float) and math.isfinite(w)]
    scale = max((abs(w) for w, _ in pairs), default=0.0)
    return all(abs(w - f) <= 1e-5 * scale for w, f in pairs)
