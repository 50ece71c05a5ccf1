"""Reader of MassBank records (one or more per file). The licence of each record is kept.

Format: MassBank Record Format 2.6, section PK$. Imports nothing above `instruments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite, nan
from typing import Any

import numpy as np

from spectra.types import FloatArray, Reading, Remark

from .. import text
from ..errors import CorruptFile
from ..limits import Limits
from ..peaks import peak_list, relative_differs
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import count_remark, warning
from .peak_libraries import (
    doubtful_time,
    impossible,
    ionisation_in,
    leave_out_empty,
    precursor,
    splash_remark,
    stated_twice,
)
from .record_facts import StatedFacts

_NUMBER = r"[+-]?(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?\d{1,3}+)?+"  # possessive: see msp_peaks
_PEAK = re.compile(rf"\s++({_NUMBER})\s++({_NUMBER})(?:\s++(\S++))?\s*")
_NUMERIC = re.compile(_NUMBER)
_COUNT = re.compile(r"\d{1,15}")
_KIND = re.compile(r"MS(?:\d{0,2}|n)", re.I)
_RELATIVE = warning(
    "relative_differs", "The relative intensities do not fit the absolute ones; a value may be damaged."
)

# Both are required of a record (sections 2.6.2, 2.6.3): where they fail a row may be lost, or two columns swapped.
_UNANNOUNCED = warning("no_count", "The record does not say how many peaks it has; some may be missing.")
_UNNAMED = warning(
    "columns_differ", "PK$PEAK names two columns, but its rows have three; one of the two may be damaged."
)
_UNSORTED = warning("unsorted_mz", "The peaks of this record are not in order of m/z, as MassBank writes them.")


def sniff_massbank(probe: Probe) -> Guess | None:
    """ACCESSION: first, or the peak section of the format."""
    head = text.head_lines(probe.head).lstrip()
    if head.startswith("ACCESSION:") and ("CH$" in head or "CH$" in text.decode_head(probe.head[:64] + probe.tail)):
        return Guess(95, "ACCESSION:")
    return Guess(80, "PK$PEAK:") if "\nPK$PEAK:" in head else None


@reader(
    "massbank",
    title="a MassBank record",
    techniques={"MS"},
    magic=sniff_massbank,
    extensions=("txt", "massbank"),
    version="11",
)
def read_massbank(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_SPECTRUM per record: absolute intensities. Raises CorruptFile when a record is not closed by //."""
    yield from leave_out_empty(_records(source, limits))


def _records(source: Source, limits: Limits) -> Iterator[Reading | None]:
    fields: dict[str, Any] = {}
    rows: list[tuple[int, str]] = []
    in_peaks = False
    line_number = 0
    for line_number, line in text.lines(source, limits):
        if line.startswith("//"):
            if line.strip("/ \t\r"):
                raise CorruptFile(
                    f"Line {line_number} has text behind the // that ends a record; a line break may be lost.",
                    code="bad_row",
                    line=line_number,
                )
            if fields:
                yield _reading(fields, rows, line_number)
            fields, rows, in_peaks = {}, [], False
        elif in_peaks and line[:1].isspace():
            rows.append((line_number, line))
        elif ":" in line:
            key, _, value = line.partition(":")
            in_peaks = key == "PK$PEAK"
            _add(fields, key.strip(), value.strip())
    if fields:
        raise CorruptFile("The record is not closed by //; the file is cut short.", code="truncated", line=line_number)


def _add(fields: dict[str, Any], key: str, value: str) -> None:
    if key in ("AC$MASS_SPECTROMETRY", "AC$CHROMATOGRAPHY", "MS$FOCUSED_ION", "CH$LINK"):
        word, _, value = value.partition(" ")
        key = f"{key} {word}"
    known = fields.get(key)
    if isinstance(known, list):
        known.append(value)
    else:
        fields[key] = value if known is None else [known, value]


def _columns(names: str) -> int:
    """How many columns PK$PEAK names: "m/z int. rel.int." are three, and the second of them is never the third."""
    if re.match(r"m/z\s+rel\S*\s+int", names):
        raise CorruptFile(
            f"PK$PEAK names its columns {names[:40]!r}, where MassBank has the intensity first.", code="bad_header"
        )
    return len(names.split()) if names.startswith("m/z") else 0


def _first(fields: dict[str, Any], key: str) -> str:
    value = fields.get(key, "")
    return str(value[0] if isinstance(value, list) else value)


def _reading(fields: dict[str, Any], rows: list[tuple[int, str]], line: int) -> Reading | None:
    """None for a record that says itself that it has no peaks."""
    columns = _columns(_first(fields, "PK$PEAK"))
    flat = _peaks(rows, columns)
    declared = _first(fields, "PK$NUM_PEAK")
    if declared not in ("", "N/A") and not _COUNT.fullmatch(declared):
        raise CorruptFile(f"PK$NUM_PEAK is {declared[:30]!r}, which is no count.", code="bad_header", line=line)
    mismatch = count_remark(float(declared), flat.shape[0], "peaks") if _COUNT.fullmatch(declared) else None
    if mismatch:
        raise CorruptFile(mismatch.text, code="point_count", line=line)
    if flat.size == 0 and declared in ("0", "N/A"):
        return None
    level = re.search(r"MS(\d)?", _first(fields, "AC$MASS_SPECTROMETRY MS_TYPE"))
    stated = _first(fields, "MS$FOCUSED_ION PRECURSOR_M/Z")
    mass = re.match(r"\d+(\.\d+)?", stated)
    ion = precursor(mass[0], line) if mass else None
    withdrawn = _first(fields, "DEPRECATED")
    return peak_list(
        flat[:, 0].copy(),
        flat[:, 1].copy(),
        title=_first(fields, "CH$NAME"),
        instrument=_first(fields, "AC$INSTRUMENT"),
        ms_level=int(level[1] or 1) if level else None,
        meta={"fields": fields, "accession": _first(fields, "ACCESSION"), "licence": _first(fields, "LICENSE")},
        remarks=(warning("withdrawn", f"MassBank has withdrawn this record: {withdrawn[:120]}."),) * bool(withdrawn)
        + impossible(stated)
        + doubtful_time(_first(fields, "AC$CHROMATOGRAPHY RETENTION_TIME"))
        + (_RELATIVE,) * relative_differs(flat[:, 1], flat[:, 2])
        + (_UNNAMED,) * (columns == 2 and bool(np.isfinite(flat[:, 2]).any()))
        + (_UNANNOUNCED,) * (declared in ("", "N/A"))
        + (_UNSORTED,) * bool((np.diff(flat[:, 0]) < 0).any())
        + tuple(_doubts(fields))
        + splash_remark(_first(fields, "PK$SPLASH"), flat[:, 0], flat[:, 1])
        + _stated(fields, ion).contradictions(flat[:, 0], flat[:, 1]),
        precursor_mz=ion,
        ionisation=_first(fields, "AC$MASS_SPECTROMETRY IONIZATION")
        or ionisation_in(_first(fields, "AC$INSTRUMENT_TYPE")),
        retention_time_s=_seconds(_first(fields, "AC$CHROMATOGRAPHY RETENTION_TIME")),
    )


def _stated(fields: dict[str, Any], ion: float | None) -> StatedFacts:
    return StatedFacts(
        _first(fields, "CH$FORMULA"),
        _first(fields, "CH$EXACT_MASS"),
        "",
        _first(fields, "MS$FOCUSED_ION PRECURSOR_TYPE"),
        _first(fields, "AC$MASS_SPECTROMETRY ION_MODE"),
        ion,
        _first(fields, "CH$LINK CAS"),
    )


def _doubts(fields: dict[str, Any]) -> Iterator[Remark]:
    """What every record has, and has once."""
    for key in ("ACCESSION", "CH$NAME"):
        if not _first(fields, key):
            yield warning(
                "no_name", f"The record has no {key}, which MassBank asks of every record; its head may be lost."
            )
    for key in ("ACCESSION", "PK$SPLASH"):
        values = fields.get(key)
        yield from stated_twice(key, values if isinstance(values, list) else ())
    kind = _first(fields, "AC$MASS_SPECTROMETRY MS_TYPE")
    if kind and not _KIND.fullmatch(kind):
        yield warning("bad_level", f"The record gives its MS_TYPE as {kind[:30]!r}, which is not a stage of MS.")


def _peaks(rows: list[tuple[int, str]], columns: int) -> FloatArray:
    """(P, 3): m/z, absolute and relative intensity, NaN where there is none. Raises CorruptFile at a row that is no peak or lost one of its columns."""
    peaks = []
    for number, row in rows:
        match = _PEAK.fullmatch(row)
        if match is None or len(row.split()) < columns:
            raise CorruptFile(f"Line {number} holds no peak.", code="bad_row", line=number)
        relative = float(match[3]) if match[3] and _NUMERIC.fullmatch(match[3]) else nan
        peaks.append((float(match[1]), float(match[2]), relative))
    return np.array(peaks, dtype=np.float64).reshape(-1, 3)


def _seconds(value: str) -> float | None:
    """Retention time of a value such as "7.4 min" or "444 s", None without a unit."""
    match = re.match(r"(\d+(?:\.\d+)?)\s*(s|min)", value)
    seconds = float(match[1]) * (60.0 if match[2] == "min" else 1.0) if match else None
    return seconds if seconds is not None and isfinite(seconds) else None
