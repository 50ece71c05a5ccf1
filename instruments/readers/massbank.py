"""Reader of MassBank records (one or more per file). The licence of each record is kept.

Format: MassBank Record Format 2.6, section PK$. Imports nothing above `instruments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from spectra.types import Reading

from .. import text
from ..errors import CorruptFile
from ..limits import Limits
from ..peaks import peak_list
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import count_remark

_PEAK = re.compile(r"\s+(\S+)\s+(\S+)(?:\s+\S+)?\s*$")


def sniff_massbank(probe: Probe) -> Guess | None:
    """ACCESSION: first, or the peak section of the format."""
    head = probe.head.lstrip(b"\xef\xbb\xbf\r\n ")
    if head.startswith(b"ACCESSION:") and b"CH$" in head + probe.tail:
        return Guess(95, "ACCESSION:")
    return Guess(80, "PK$PEAK:") if b"\nPK$PEAK:" in head else None


@reader("massbank", title="a MassBank record", techniques={"MS"}, magic=sniff_massbank, extensions=("txt", "massbank"))
def read_massbank(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_SPECTRUM per record: absolute intensities. Raises CorruptFile when a record is not closed by //."""
    fields: dict[str, Any] = {}
    rows: list[tuple[int, str]] = []
    in_peaks = False
    line_number = 0
    for line_number, line in text.lines(source, limits):
        if line.startswith("//"):
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
    fields[key] = value if known is None else [*(known if isinstance(known, list) else [known]), value]


def _first(fields: dict[str, Any], key: str) -> str:
    value = fields.get(key, "")
    return str(value[0] if isinstance(value, list) else value)


def _reading(fields: dict[str, Any], rows: list[tuple[int, str]], line: int) -> Reading:
    peaks = []
    for number, row in rows:
        match = _PEAK.match(row)
        try:
            peaks.append((float(match[1]), float(match[2])) if match else ())
        except ValueError:
            match = None
        if match is None:
            raise CorruptFile(f"Line {number} holds no peak.", code="bad_row", line=number)
    flat = np.array(peaks, dtype=np.float64).reshape(-1, 2)
    declared = _first(fields, "PK$NUM_PEAK")
    mismatch = count_remark(float(declared), flat.shape[0], "peaks") if declared.isdecimal() else None
    if mismatch:
        raise CorruptFile(mismatch.text, code="point_count", line=line)
    level = re.search(r"MS(\d)?", _first(fields, "AC$MASS_SPECTROMETRY MS_TYPE"))
    precursor = re.match(r"\d+(\.\d+)?", _first(fields, "MS$FOCUSED_ION PRECURSOR_M/Z"))
    return peak_list(
        flat[:, 0].copy(),
        flat[:, 1].copy(),
        title=_first(fields, "CH$NAME"),
        instrument=_first(fields, "AC$INSTRUMENT"),
        ms_level=int(level[1] or 1) if level else None,
        meta={"fields": fields, "accession": _first(fields, "ACCESSION"), "licence": _first(fields, "LICENSE")},
        precursor_mz=float(precursor[0]) if precursor else None,
        ionisation=_first(fields, "AC$MASS_SPECTROMETRY IONIZATION")
        or (
            "EI"
            if "EI" in _first(fields, "AC$INSTRUMENT_TYPE") and "ESI" not in _first(fields, "AC$INSTRUMENT_TYPE")
            else "ESI"
            if "ESI" in _first(fields, "AC$INSTRUMENT_TYPE")
            else ""
        ),
    )
