"""Reader of EZChrom ASCII exports (.asc), also of OpenLAB CDS EZChrom: the values of each channel below each other.

A header gives each channel's rate, number of points, units and multipliers. Times are not written, but counted. The layout is
that of exports from two laboratories; no description by the maker was found. Imports nothing above `instruments`.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

import numpy as np

from spectra.types import Reading, ReadingKind, Remark

from .. import text, units
from ..errors import CorruptFile, TooLarge
from ..limits import Limits
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import warning
from .text_axes import ordinate

_BEGINS = re.compile(r"version:[\t,; ].{0,80}\nmaxchannels:[\t,; ]", re.I)
_FIELD = re.compile(r"([A-Za-z][\w ]{0,40}):[\t,; ]?(.*)")
HEADER_LINES = 40
PER_CHANNEL = (
    "sampling rate",
    "total data points",
    "x axis title",
    "y axis title",
    "x axis multiplier",
    "y axis multiplier",
)
"""What the header gives of every channel; behind the first two stands their unit."""
SPACING = {"min": 1 / 60, "s": 1.0}
"""The multiplier of times (in their unit, of points at 1 Hz), which files round to six places."""


class _Channel(NamedTuple):
    """What the header says of one channel."""

    rate: float
    points: int
    x_title: str
    y_title: str
    x_factor: float
    y_factor: float


def sniff_ezchrom(probe: Probe) -> Guess | None:
    """The first two lines of the header."""
    return Guess(96, "EZChrom header") if _BEGINS.match(text.head_lines(probe.head[:400])) else None


@reader(
    "ezchrom",
    title="an EZChrom ASCII export (.asc)",
    techniques={"GC", "LC"},
    magic=sniff_ezchrom,
    extensions=("asc",),
    confidence="medium",
    version="1",
)
def read_ezchrom(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One CHROMATOGRAM per channel: times in the unit of its title, counted from 0, values times their multiplier.

    Raises CorruptFile where a line is missing, no number or not of as many channels, and where the file holds more or fewer
    values than it says.
    """
    header, numbers = _content(source, limits)
    channels = _channels(header)
    ends = np.cumsum([0, *(c.points for c in channels)])
    if ends[-1] != len(numbers):
        raise CorruptFile(
            f"The file announces {ends[-1]:,} points in {len(channels)} channels but holds {len(numbers):,}.",
            code="point_count",
        )
    y, sample = np.array(numbers, dtype=np.float64), header.get("sample id", "").strip(" \t,;")
    cut: tuple[Remark, ...] = ()
    if not text.ends_with_line_end(source):
        cut = (warning("may_be_cut", "The file ends in the middle of a line; its last value may be cut."),)
    for number, (channel, (start, end)) in enumerate(zip(channels, pairwise(ends), strict=True), start=1):
        values = y[start:end] * channel.y_factor
        step, x_unit, notes = _spacing(channel, hints)
        y_unit, more = ordinate(channel.y_title, ReadingKind.CHROMATOGRAM, values, hints)
        if channel.y_title[0].isdigit() and not hints.y_unit:  # 25 µV: a step of the converter is not a microvolt
            y_unit = channel.y_title
        meta = {"x_unit_raw": channel.x_title, "y_unit_raw": channel.y_title, "rate_hz": channel.rate}
        meta |= {"sample": sample} if sample else {}
        meta |= {"channel": number} if len(channels) > 1 else {}
        yield Reading(
            ReadingKind(hints.kind) if hints.kind else ReadingKind.CHROMATOGRAM,
            step * np.arange(values.size, dtype=np.float64),
            values,
            x_unit,
            y_unit or channel.y_title,
            meta=meta,
            title=f"{sample} channel {number}".strip() if len(channels) > 1 else sample,
            remarks=notes + more + (cut if number == len(channels) else ()),
        )


def _content(source: Source, limits: Limits) -> tuple[dict[str, str], array[float]]:
    """The fields of the header by their lower-case names, and all numbers below it."""
    header, numbers, comma = dict[str, str](), array("d"), False
    for number, line in text.lines(source, limits):
        field = _FIELD.match(line) if not numbers and number <= HEADER_LINES else None
        if field:
            if header.setdefault(name := field[1].lower(), field[2]) != field[2] and name in PER_CHANNEL:
                raise CorruptFile(
                    f"Line {number} gives “{field[1]}” again, and differently.", code="bad_header", line=number
                )
            continue
        if not line.strip():
            continue
        comma = comma if numbers else _decimal_comma(header)
        try:
            numbers.append(_number(line, comma))
        except ValueError:
            raise CorruptFile(f"Line {number} holds no number.", code="bad_row", line=number) from None
        if len(numbers) > min(limits.points, limits.text_rows):
            raise TooLarge("This file holds more points than are allowed.", code="too_many_points", line=number)
    return header, numbers


def _number(word: str, comma: bool) -> float:
    """A finite number. Raises ValueError for anything else."""
    value = float(word.strip().replace(",", ".") if comma else word)
    if not isfinite(value) or "_" in word:
        raise ValueError
    return value


def _decimal_comma(header: dict[str, str]) -> bool:
    """Whether numbers have a decimal comma, as the multipliers, none of which is a whole number, show."""
    row = header.get("x axis multiplier", "")
    return "," in row and "." not in row


def _channels(header: dict[str, str]) -> list[_Channel]:
    """What the header says of each channel. Raises CorruptFile where it does not say all of it."""
    rows = dict[str, list[str]]()
    for name in PER_CHANNEL:
        words = [w.strip() for w in re.split(r"\t" if "\t" in header.get(name, "\t") else "[,;]", header.get(name, ""))]
        rows[name] = words[:-1] if name in PER_CHANNEL[:2] else words
    count = len(rows["sampling rate"])
    odd = next((name for name, words in rows.items() if len(words) != count or not all(words)), "")
    if odd or not count:
        raise CorruptFile(
            f"The header does not give “{(odd or 'sampling rate').capitalize()}” for each channel.", code="bad_header"
        )
    comma = _decimal_comma(header)
    try:
        made = [
            _Channel(_number(rate, comma), int(points), x, y, _number(x_factor, comma), _number(y_factor, comma))
            for rate, points, x, y, x_factor, y_factor in zip(*rows.values(), strict=True)
        ]
    except ValueError:
        raise CorruptFile(
            "A rate, a number of points or a multiplier in the header is no number.", code="bad_header"
        ) from None
    if any(c.rate <= 0 or c.points < 1 or c.x_factor <= 0 or c.y_factor == 0 for c in made):
        raise CorruptFile(
            "A rate, a number of points or a multiplier in the header cannot be right.", code="bad_header"
        )
    if (most := header.get("maxchannels", "").strip(" \t,;")).isdecimal() and len(made) > int(most[:6]):
        raise CorruptFile(f"The header describes {len(made)} channels, but allows for {most[:6]}.", code="bad_header")
    if not re.search(r"[\t,;] ?hz\s*$", header["sampling rate"], re.I):
        raise CorruptFile("The header gives the sampling rate in another unit than Hz.", code="bad_header")
    return made


def _spacing(channel: _Channel, hints: Hints) -> tuple[float, str, tuple[Remark, ...]]:
    """From one point to the next, the unit of time, and what is doubtful about them."""
    unit = hints.x_unit or units.x_unit(channel.x_title)
    step = channel.x_factor / channel.rate
    if unit not in SPACING:
        said = f"The file gives its times in {channel.x_title[:40]!r}, which is no unit of time known here."
        return step, unit or channel.x_title, (warning("time_unit_unknown", said),)
    if abs(channel.x_factor - SPACING[unit]) <= 1e-3 * SPACING[unit]:
        return SPACING[unit] / channel.rate, unit, ()
    said = f"The file multiplies its times by {channel.x_factor:g}, but times in {channel.x_title[:40]!r} need {SPACING[unit]:.6g}. The file's figure was used. Compare the time of a known peak."
    return step, unit, (warning("time_unit_unknown", said),)
