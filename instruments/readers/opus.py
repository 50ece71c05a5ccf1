"""Reader of Bruker OPUS files (.0, .1, ...): every spectrum, single beam and interferogram, the result first.

Blocks and numbers are siblings (`opus_blocks`, `opus_data`). OPUS keeps transmittance and reflectance as fractions
and numbers the axis from the first point to the last. Imports nothing above `instruments`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np

from spectra.types import Reading, ReadingKind, Remark

from .. import units
from ..errors import CorruptFile, UnsupportedVariant
from ..limits import MIB, Limits
from ..registry import Hints, reader
from ..source import Source
from ..validate import info, warning
from .lost_values import zeroed
from .opus_blocks import MAGIC, Block, Parameters, directory, names_all, parameters
from .opus_data import SERIES, Trace, is_data, pair, read_trace, without_data

FILE_BYTES = 128 * MIB
RESULT, SAMPLE_BEAM = "result", "sample single beam"
INSTRUMENT, ACQUISITION, OPTICS, SAMPLE = 2, 3, 6, 10
AXES = {"WN": "cm-1", "MI": "um", "NM": "nm", "MIN": "min", "PNT": "point", "LGW": "ln(cm-1)"}
DERIVATIVES = ("", "first derivative", "second derivative", "higher derivative")
PARTS = {1: "real part", 2: "imaginary part"}
CODE_PAGES = {874, 932, 936, 949, 950, *range(1250, 1259)}
_DATE = re.compile(r"(\d\d)/(\d\d)/(\d{4})|(\d{4})/(\d\d)/(\d\d)")
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)(?: \(GMT([+-]\d{1,2}(?:\.\d+|:\d\d)?)\))?")


@dataclass(frozen=True, slots=True)
class Nature:
    """What a type of data is: the file's word, our unit of y, and its place among the readings of one file."""

    word: str
    y_unit: str
    rank: int


NATURES = {
    1: Nature("single beam", "single beam", 4),
    2: Nature("interferogram", "interferogram", 6),
    3: Nature("phase", "phase", 7),
    4: Nature("absorbance", "absorbance", 0),
    5: Nature("transmittance", "transmittance", 1),
    6: Nature("Kubelka-Munk", "kubelka-munk", 2),
    7: Nature("trace", "intensity", 2),
    10: Nature("Raman", "intensity", 2),
    11: Nature("emission", "emission", 2),
    12: Nature("reflectance", "reflectance", 2),
    14: Nature("power", "power", 7),
    15: Nature("log reflectance", "log(1/R)", 2),
    16: Nature("ATR", "ATR", 2),
    17: Nature("photoacoustic", "photoacoustic", 2),
    18: Nature("arithmetic, like transmittance", "transmittance", 1),
    19: Nature("arithmetic, like absorbance", "absorbance", 0),
    22: Nature("match", "match", 3),
}
# Compared with another reader on real files; the others are known from the table of brukeropus only.
PROVEN = frozenset({1, 2, 3, 4, 10, 12, 22})
UNKNOWN = Nature("data of unknown type", "", 7)
RESULTS = frozenset(code for code, nature in NATURES.items() if nature.rank < 3)


@dataclass(frozen=True, slots=True)
class _About:
    """The parameter blocks that concern a reading, the code page of their texts, and the axes that have a unit."""

    sample: Parameters
    reference: Parameters
    encoding: str
    axes: Mapping[tuple[float, float, int], Trace]

    def of(self, block: Block) -> Parameters:
        return self.sample | self.reference if block.channel == 2 else self.sample

    def text(self, found: Parameters, name: str) -> str:
        value = found.get(name, b"")
        words = value.decode(self.encoding, "replace") if isinstance(value, bytes) else str(value)
        return "".join(c for c in words if c.isprintable()).strip()[:500]


@reader(
    "opus",
    title="a Bruker OPUS file",
    techniques={"IR", "Raman"},
    magic=MAGIC,
    extensions=("0",),
    version="3",
)
def read_opus(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One Reading per data block: absorbance, transmittance, other results, match, single beams, interferograms.

    `meta["role"]` says which. Raises CorruptFile with a byte when a block, a count or an axis cannot be, and
    UnsupportedVariant when the file holds a series only.
    """
    content = source.read_all(FILE_BYTES)
    blocks = directory(content)
    traces, left_out = _traces(content, blocks, limits)
    about = _about(content, blocks, traces)
    missing = () if any(_role(t.block) == RESULT for t in traces) else (_no_sample(traces),)
    left_out += _axes_differ(traces) + _lost(content, blocks)
    for i, trace in enumerate(traces):
        # What a person answered is about the spectrum that was asked for, not about an interferogram beside it.
        answered = hints if _role(trace.block) == _role(traces[0].block) else Hints()
        yield _reading(trace, about, answered, missing + (() if i else left_out))


def _traces(content: bytes, blocks: list[Block], limits: Limits) -> tuple[list[Trace], tuple[Remark, ...]]:
    """What can be read, in the order it is given out. A damaged result is an error, a damaged accessory left out."""
    if not any(is_data(b) for b in blocks):
        raise CorruptFile("This OPUS file holds no spectrum.", code="no_data", byte=24)
    found, left_out = [], []
    for block, status in pair(content, blocks, limits):
        if block.extension == SERIES:
            left_out.append(
                warning("series_left_out", f"A series of {_word(block)} spectra in this file was not read.")
            )
            continue
        try:
            if status is None:
                raise CorruptFile("A block of this OPUS file has no description.", code="no_status", byte=block.start)
            found.append(read_trace(content, block, status, limits))
        except CorruptFile as problem:
            if _role(block) == RESULT:
                raise
            text = f"The {_role(block)} of this file was left out: {problem.message}"
            left_out.append(warning("block_left_out", text))
    if not found and all(r.code == "series_left_out" for r in left_out):
        raise UnsupportedVariant(
            "This OPUS file holds a series of spectra, which cannot be read here.",
            code="opus_series",
            hint="Extract the single spectra in OPUS and upload those.",
        )
    if not found:
        raise CorruptFile(left_out[-1].text, code="no_data")
    found.sort(key=_place)
    return found, tuple(left_out)


def _no_sample(traces: list[Trace]) -> Remark:
    roles = sorted({_role(t.block) for t in traces})
    return warning("background_only", f"This file holds no sample spectrum, only: {', '.join(roles)}.")


def _lost(content: bytes, blocks: list[Block]) -> tuple[Remark, ...]:
    """A warning where an entry of the directory is gone: it leaves a description without its data, or bytes of no block."""
    roles = sorted({_role(b) for b in without_data(blocks)})
    if roles:
        text = f"This file describes what its directory no longer holds, so it is missing here: {', '.join(roles)}."
        return (warning("block_missing", text),)
    if names_all(content, blocks):
        return ()
    text = "The directory of this file does not name all that the file holds; a spectrum may be missing here."
    return (warning("block_missing", text),)


def _axes_differ(traces: list[Trace]) -> tuple[Remark, ...]:
    """A result has the axis of the single beam that it was made from: nothing else in the file can prove its ends."""
    result, beams = traces[0], [t for t in traces if _role(t.block) == SAMPLE_BEAM]
    alike = [t for t in beams if t.x.size == result.x.size and t.block.detector == result.block.detector]
    if _role(result.block) != RESULT or not alike or any(_ends(t) == _ends(result) for t in alike):
        return ()
    text = "The axis of the result is not that of the sample single beam beside it; it was recalibrated or is damaged."
    return (warning("axes_differ", text),)


def _about(content: bytes, blocks: list[Block], traces: list[Trace]) -> _About:
    sample: Parameters = {}
    reference: Parameters = {}
    for block in blocks:
        if block.parameters in (INSTRUMENT, ACQUISITION, OPTICS, SAMPLE) and block.extension == 0:
            (reference if block.channel == 2 else sample).update(parameters(content, block))
    page = sample.get("CPG")
    encoding = f"cp{page:d}" if isinstance(page, int) and page in CODE_PAGES else "cp1252"
    return _About(sample, reference, encoding, {_ends(t): t for t in reversed(traces) if t.status.get("DXU")})


def _ends(trace: Trace) -> tuple[float, float, int]:
    return float(trace.x[0]), float(trace.x[-1]), trace.x.size


def _nature(block: Block) -> Nature:
    return NATURES.get(block.data, UNKNOWN)


def _word(block: Block) -> str:
    return _nature(block).word


def _role(block: Block) -> str:
    """ "result", "match", "sample single beam", "reference interferogram", ..."""
    if block.data in RESULTS and block.channel != 2:
        return RESULT
    return {1: "sample ", 2: "reference "}.get(block.channel, "") + _word(block)


def _place(trace: Trace) -> tuple[int, bool, int, int, int]:
    """Where a reading stands in the answer. OPUS appends, so the last of one type is the newest."""
    block, rank = trace.block, _nature(trace.block).rank
    rank = 5 if block.channel == 2 and rank < 5 else rank
    return rank, block.part in PARTS, block.channel, block.detector, -block.start


def _reading(trace: Trace, about: _About, hints: Hints, remarks: tuple[Remark, ...]) -> Reading:
    block, found = trace.block, about.of(trace.block)
    raw_x = about.text(trace.status, "DXU")
    x_unit, borrowed = _x_unit(trace, raw_x, about)
    y_unit, scale = _y_unit(trace)
    return Reading(
        kind=ReadingKind(hints.kind) if hints.kind else _kind(block, hints.x_unit or x_unit),
        x=trace.x,
        y=trace.y,
        x_unit=hints.x_unit or x_unit,
        y_unit=hints.y_unit or y_unit,
        title=about.text(about.sample, "SNM"),
        instrument=about.text(found, "INS") or about.text(about.sample, "INS"),
        meta=_meta(trace, about) | {"x_unit_raw": raw_x, "y_unit_raw": _word(block)},
        remarks=remarks
        + trace.remarks
        + zeroed(trace.y)
        + (() if hints.x_unit else borrowed)
        + (() if hints.y_unit else scale),
    )


def _x_unit(trace: Trace, raw: str, about: _About) -> tuple[str, tuple[Remark, ...]]:
    """Unit of the axis; a block that names none takes it from one with the very same axis (match blocks do)."""
    if raw:
        text = f"The file names the unit of its axis {raw[:20]!r}, which is not known here; please give the unit."
        return AXES.get(raw, raw), () if raw in AXES else (warning("x_unit_unknown", text),)
    other = about.axes.get(_ends(trace))
    if other is None:
        return "", ()
    named = about.text(other.status, "DXU")
    return AXES.get(named, named), (info("axis_shared", f"The axis is that of the {_word(other.block)}."),)


def _y_unit(trace: Trace) -> tuple[str, tuple[Remark, ...]]:
    block, unit = trace.block, _nature(trace.block).y_unit
    if not unit:
        return "", (warning("y_unit_unknown", f"The file holds data of type {block.data}, whose unit is not known."),)
    # The median, because a few points behind the detector's range overshoot a fraction by any amount.
    unit, remarks = units.scaled(unit, float(np.median(trace.y)))
    details = [DERIVATIVES[block.derivative], PARTS.get(block.part, "")]
    return ", ".join(d for d in (unit, *details) if d), remarks


def _kind(block: Block, x_unit: str) -> ReadingKind:
    if _role(block) != RESULT and block.data != 1:
        return ReadingKind.OTHER
    if block.data == 10:
        return ReadingKind.RAMAN
    if x_unit == AXES["LGW"]:
        return ReadingKind.IR
    return units.kind_of(x_unit, "")


def _meta(trace: Trace, about: _About) -> dict[str, Any]:
    """What the file says, without operator, paths and history: they name people."""
    block, found = trace.block, about.of(trace.block)
    software = re.search(r"OPUS_(\d[\d.]*)", about.text(about.sample, "XPP"))
    scans = found.get("NSR" if block.channel == 2 else "NSS")
    texts = {
        "acquired": _acquired(about.text(trace.status, "DAT"), about.text(trace.status, "TIM")),
        "serial": about.text(found, "SRN"),
        "sample": about.text(about.sample, "SNM"),
        "sample_form": about.text(about.sample, "SFM"),
        "software": f"OPUS {software[1]}" if software else "",
        "firmware": about.text(found, "VSN"),
        "detector": about.text(found, "DTC"),
        "accessory": about.text(found, "ACC"),
        "source": about.text(found, "SRC"),
    }
    numbers = {
        "resolution_cm1": found.get("RES"),
        "n_coadded": scans if isinstance(scans, int) and scans > 0 else None,
        "laser_cm1": found.get("RLW") if block.data == 10 else None,
        "channel": block.detector + 1 if block.detector else None,
    }
    kept: dict[str, Any] = {k: v for k, v in texts.items() if v}
    kept |= {k: v for k, v in numbers.items() if isinstance(v, (int, float)) and math.isfinite(v)}
    proven = block.data in PROVEN and not (block.extension or block.derivative or block.part in PARTS)
    return {"role": _role(block), "assurance": "high" if proven else "medium", **kept}


def _acquired(date: str, time: str) -> str:
    """ISO 8601 from "24/12/2020" or "2020/12/24" and "13:31:22.358 (GMT-4)"; '' for anything else."""
    if not (found := _DATE.fullmatch(date)):
        return ""
    day, month, year = (int(n) for n in (found.groups()[:3] if found[1] else found.groups()[:2:-1]))
    try:
        start = datetime(year, month, day)
        if not (clock := _TIME.match(time)):
            return start.date().isoformat()
        moment = start + timedelta(hours=int(clock[1]), minutes=int(clock[2]), seconds=float(clock[3]))
        return moment.replace(tzinfo=_zone(clock[4]) if clock[4] else None).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return ""


def _zone(text: str) -> timezone:
    """ "+1", "-4", "+5.5" or "+5:30" hours from Greenwich. Raises ValueError beyond a day."""
    sign = -1 if text[0] == "-" else 1
    hours, _, minutes = text[1:].partition(":")
    return timezone(sign * timedelta(hours=float(hours), minutes=int(minutes or 0)))
