"""Reader of Mascot generic format, through pyteomics; what pyteomics lets pass is checked here first.

pyteomics skips peaks with one column and a last spectrum without END IONS in silence. Imports nothing above
`instruments`; pyteomics itself is imported on first use.
"""

from __future__ import annotations

import io
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

_PEAK = re.compile(r"[+-]?[\d.]+(?:[eE][+-]?\d+)?[\s]+[+-]?[\d.]+(?:[eE][+-]?\d+)?(?:\s+\S+)*$")
_BEGIN = re.compile(rb"^[ \t]*BEGIN IONS[ \t]*\r?$", re.M)
COMMENTS = "#;!/"


def sniff_mgf(probe: Probe) -> Guess | None:
    """A BEGIN IONS line."""
    return Guess(95, "BEGIN IONS") if _BEGIN.search(probe.head.replace(b"\r", b"\n")) else None


@reader("mgf", title="Mascot generic format (MGF)", techniques={"MS"}, magic=sniff_mgf, extensions=("mgf",))
def read_mgf(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_SPECTRUM per BEGIN IONS; PEPMASS is the precursor in m/z, RTINSECONDS the time in seconds.

    Raises CorruptFile with a line on a spectrum without END IONS or a peak that is not two numbers.
    """
    from pyteomics import mgf
    from pyteomics.auxiliary import PyteomicsError

    for number, lines in _spectra(text.lines(source, limits)):
        try:
            stream = io.StringIO("\n".join(lines))
            with mgf.MGF(stream, use_header=False, read_charges=False, convert_arrays=1) as parsed:
                spectra = list(parsed)
        except (PyteomicsError, ValueError) as error:
            raise CorruptFile(f"The spectrum of line {number} is damaged.", code="bad_spectrum", line=number) from error
        for spectrum in spectra:
            yield _reading(spectrum, number)


def _spectra(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """The lines of each spectrum, checked, with the number of the first. CHARGE is left to meta as text."""
    kept: list[str] = []
    begun = 0
    for number, line in lines:
        bare = line.strip()
        if bare == "BEGIN IONS":
            if begun:
                raise CorruptFile(
                    f"The spectrum of line {begun} has no END IONS before line {number}.", code="truncated", line=number
                )
            begun, kept = number, [bare]
        elif bare == "END IONS":
            if not begun:
                raise CorruptFile(f"END IONS on line {number} without BEGIN IONS.", code="bad_row", line=number)
            yield begun, [*kept, bare]
            begun = 0
        elif begun and bare and bare[0] not in COMMENTS:
            kept.append(_checked(bare, number))
    if begun:
        raise CorruptFile(
            f"The spectrum of line {begun} has no END IONS; the file is cut short.", code="truncated", line=begun
        )


def _checked(bare: str, number: int) -> str:
    if "=" in bare:
        key, _, value = bare.partition("=")
        if key.strip().upper() == "PEPMASS" and not re.match(r"\s*(\d+\.?\d*([eE][+-]?\d+)?(\s+\S+){0,2})?\s*$", value):
            raise CorruptFile(f"PEPMASS on line {number} is no mass.", code="bad_header", line=number)
        if key.strip().upper() == "CHARGE":  # pyteomics raises on charges that GNPS writes, such as 0 or N/A
            return f"charge_text={value}"
        return bare
    if not _PEAK.match(bare):
        raise CorruptFile(f"Line {number} holds no peak of two numbers.", code="bad_row", line=number)
    return bare


def _reading(spectrum: dict[str, Any], line: int) -> Reading:
    fields = dict(spectrum["params"])
    masses = fields.pop("pepmass", (None, None)) or (None, None)
    time = fields.pop("rtinseconds", None)
    mz = np.asarray(spectrum["m/z array"], dtype=np.float64)
    if mz.size == 0:
        raise CorruptFile(f"The spectrum of line {line} holds no peaks.", code="no_points", line=line)
    level = str(fields.get("mslevel", "")).strip()
    plain = {str(k): str(v) for k, v in fields.items()}
    return peak_list(
        mz,
        np.asarray(spectrum["intensity array"], dtype=np.float64),
        title=_title(plain),
        instrument=plain.get("source_instrument", ""),
        meta={"fields": plain},
        precursor_mz=float(masses[0]) if masses[0] else None,
        ionisation="",
        retention_time_s=float(time) if isinstance(time, float) else None,
        ms_level=int(level) if level.isdecimal() else None,
    )


def _title(fields: dict[str, str]) -> str:
    return fields.get("title") or fields.get("name") or fields.get("compound_name") or ""
