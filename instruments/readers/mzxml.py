"""Reader of mzXML, the predecessor of mzML: skeleton through pyteomics, peaks decoded by ourselves with caps.

Format: Pedrioli et al. 2004 (doi:10.1038/nbt1031). Imports nothing above `instruments`; pyteomics on first use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from spectra.types import FloatArray, MassSpectrum, Reading, ReadingKind, Remark

from ..errors import CorruptFile, TooLarge
from ..limits import Limits
from ..peaks import ScanNotes, peak_list, to_scan
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import info
from .mz_arrays import base64_bytes, from_bytes, inflate
from .xml_guard import guard


def sniff_mzxml(probe: Probe) -> Guess | None:
    """The root element or a doctype that names it."""
    if any(tag in probe.head for tag in (b"<mzXML", b"<!DOCTYPE mzXML")):
        return Guess(98, "mzXML root element")
    return None


@reader("mzxml", title="mzXML", techniques={"MS", "GC-MS", "LC-MS"}, magic=sniff_mzxml, extensions=("mzxml",))
def read_mzxml(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_RUN of all scans (one scan: MASS_SPECTRUM); times in seconds from the duration in the file."""
    from lxml import etree
    from pyteomics import mzxml
    from pyteomics.auxiliary import PyteomicsError

    guard(source, b"mzXML")
    try:
        parser = mzxml.MzXML(
            source.open(), read_schema=False, iterative=True, use_index=False, huge_tree=False, decode_binary=False
        )
        scans = list(_scans(parser.iterfind("scan"), limits))
        models = list(
            mzxml.MzXML(
                source.open(), read_schema=False, use_index=False, huge_tree=False, decode_binary=False
            ).iterfind("msModel")
        )
    except (etree.XMLSyntaxError, PyteomicsError, KeyError, AttributeError, ValueError) as error:
        raise CorruptFile("The XML of this file is damaged or beyond what mzXML needs.", code="bad_xml") from error
    model = models[0].get("value", "") if models and isinstance(models[0], dict) else ""
    yield from _readings(scans, str(model))


_Scan = tuple[FloatArray, FloatArray, dict[str, Any]]


def _scans(elements: Iterator[dict[str, Any]], limits: Limits) -> Iterator[_Scan]:
    total = 0
    for count, element in enumerate(elements, start=1):
        if count > limits.spectra:
            raise TooLarge(f"This file holds more than {limits.spectra:,} spectra.", code="too_many_spectra")
        where = f"scan {element.get('num', count)}"
        mz, intensity = _peaks(element, limits, where)
        total += mz.size
        if total > limits.total_points:
            raise TooLarge("This run holds more points than are allowed.", code="too_many_points")
        yield mz, intensity, {k: element.get(k) for k in ("num", "msLevel", "retentionTime", "precursorMz")}


def _peaks(element: dict[str, Any], limits: Limits, where: str) -> tuple[FloatArray, FloatArray]:
    """The interleaved m/z–intensity pairs, exactly as many as peaksCount says."""
    declared = int(element.get("peaksCount", 0))
    record = element.get("m/z array")
    if declared < 0 or declared > limits.points:
        raise TooLarge(f"The {where} announces {declared:,} peaks.", code="too_many_points")
    if record is None or declared == 0:
        return np.empty(0), np.empty(0)
    number = record.dtype[0]
    packed = base64_bytes(str(record.data), where)
    size = 2 * declared * number.itemsize
    raw = inflate(packed, size, where) if record.compression == "zlib compression" else packed
    values = from_bytes(raw, number, where)
    if values.size != 2 * declared:
        raise CorruptFile(
            f"The {where} holds {values.size / 2:g} peaks where it states {declared:,}.", code="array_length"
        )
    return values[0::2].copy(), values[1::2].copy()


def _seconds(value: Any) -> float | None:
    """pyteomics turns an XML duration into minutes; a bare number is taken as seconds, as msConvert wrote them."""
    if not isinstance(value, float):
        return None
    return float(value) * (60.0 if getattr(value, "unit_info", "") == "minute" else 1.0)


def _precursor(value: Any) -> float | None:
    try:
        first = value[0]
        return float(first["precursorMz"] if isinstance(first, dict) else first) or None
    except (TypeError, IndexError, KeyError, ValueError):
        return None


def _readings(scans: list[_Scan], model: str) -> Iterator[Reading]:
    notes, kept, times = ScanNotes(), list[MassSpectrum](), list[float | None]()
    for mz, intensity, fields in scans:
        level = fields["msLevel"]
        times.append(_seconds(fields["retentionTime"]))
        kept.append(
            to_scan(
                mz,
                intensity,
                notes,
                precursor_mz=_precursor(fields["precursorMz"]),
                ionisation="",
                retention_time_s=times[-1],
                ms_level=int(level) if level else None,
            )
        )
    levels = {s.ms_level for s in kept}
    level = levels.pop() if len(levels) == 1 else None
    meta = {"points": notes.points, "max_intensity": notes.largest}
    if len(kept) == 1 and scans[0][0].size:
        yield peak_list(
            *scans[0][:2],
            title=f"scan {scans[0][2]['num']}",
            instrument=model,
            meta=meta,
            ms_level=level,
            ionisation="",
            precursor_mz=kept[0].precursor_mz,
            retention_time_s=times[0],
        )
    elif kept:
        axis, unit, remarks = _axis(times)
        total = np.array([float(s.intensity.sum()) for s in kept])
        yield Reading(
            ReadingKind.MASS_RUN,
            axis,
            total,
            unit,
            "total ion current",
            meta=meta,
            instrument=model,
            ms_level=level,
            scans=tuple(kept),
            remarks=remarks + notes.remarks(),
        )


def _axis(times: list[float | None]) -> tuple[FloatArray, str, tuple[Remark, ...]]:
    if all(t is None for t in times):
        return (
            np.arange(1.0, len(times) + 1),
            "scan",
            (info("no_times", "The file gives no retention times; its scans are numbered instead."),),
        )
    if any(t is None for t in times):
        raise CorruptFile("Some scans have no retention time.", code="times_missing")
    return np.array(times, dtype=np.float64), "s", ()
