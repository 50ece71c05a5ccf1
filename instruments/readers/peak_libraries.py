"""What readers of mass spectra share: library records without peaks, and names of the ionisation.

Imports spectra.types, errors, validate and the terms of mzML only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import isfinite

from spectra.types import FloatArray, Reading, Remark

from ..errors import CorruptFile
from ..validate import LONGEST_RUN_S, warning
from .mzml_terms import finite

# PSI-MS accessions of ion sources
IONISATIONS = {
    "MS:1000389": "EI",
    "MS:1000071": "CI",
    "MS:1000271": "CI",
    "MS:1000073": "ESI",
    "MS:1000397": "ESI",
    "MS:1000398": "ESI",
    "MS:1000070": "APCI",
    "MS:1000382": "APPI",
    "MS:1000075": "MALDI",
}
_SPLASH = re.compile(r"splash10-[0-9a-z]{4}-[0-9a-z]{10}-([0-9a-f]{20})")
_IMPOSSIBLE = re.compile(r"\s*(?:[+-]?(?:nan|inf)|-\s*\d)", re.I)
_NOT_KNOWN = re.compile(r"\s*+(-1(\.0*)?|n\.?/?a\.?|none|null|unknown|ccs:|[-?]*+)\s*+(s|sec|min)?\s*+", re.I)
_IONISATION = re.compile(r"\b(EI|CI|APCI|APPI|ESI|NSI|DART|MALDI)\b", re.I)


def leave_out_empty(readings: Iterable[Reading | None]) -> Iterator[Reading]:
    """The readings of a library; None stands for a record without peaks, which a library may hold here and there.

    They are left out, and the last reading says how many. Raises CorruptFile when nothing is left.
    """
    waiting: Reading | None = None
    empty = 0
    for reading in readings:
        if reading is None:
            empty += 1
            continue
        if waiting is not None:
            yield waiting
        waiting = reading
    if waiting is None:
        if empty:
            raise CorruptFile("No record of this file holds a peak.", code="no_points")
        return
    if empty:
        what = "record without peaks was" if empty == 1 else "records without peaks were"
        note = warning("empty_records", f"{empty:,} {what} left out.")
        waiting = replace(waiting, remarks=(*waiting.remarks, note))
    yield waiting


def splash_remark(stated: str, mz: FloatArray, intensity: FloatArray) -> tuple[Remark, ...]:
    """A warning where peaks do not have the SPLASH that the record states; nothing where it states none.

    Wohlgemuth et al. 2016 (doi:10.1038/nbt.3689): its last block is the SHA-256 of the peaks in order, m/z to six decimals
    and intensity in whole per cent, both cut and not rounded.
    """
    bare = stated.strip().lower()
    match = _SPLASH.fullmatch(bare)
    if not bare.startswith("splash") and not _NOT_KNOWN.fullmatch(bare):
        return (warning("checksum", f"The record gives its SPLASH as {stated.strip()[:50]!r}, which is not a SPLASH."),)
    largest = float(intensity.max()) if intensity.size else 0.0
    if match is None or largest <= 0 or not all(map(isfinite, (largest, *mz.tolist(), *intensity.tolist()))):
        return ()
    peaks = sorted(zip(mz.tolist(), (intensity / largest * 100).tolist(), strict=True), key=lambda p: (p[0], -p[1]))
    words = " ".join(f"{int((m + 1e-7) * 1e6)}:{int(i + 1e-7)}" for m, i in peaks)
    if hashlib.sha256(words.encode()).hexdigest().startswith(match[1]):
        return ()
    text = "The peaks do not have the SPLASH that the record states: they were changed or damaged after it was made."
    return (warning("checksum", text),)


def positive(number: str | None) -> float | None:
    """A mass that a pattern found; None where there is none or it is 0. Raises CorruptFile beyond all numbers."""
    value = float(number) if number else 0.0
    if value == float("inf"):
        raise CorruptFile("The mass of a precursor is no number that could be measured.", code="bad_header")
    return value or None


def impossible(stated: str, what: str = "precursor", unit: str = "m/z", *, bare: bool = False) -> tuple[Remark, ...]:
    """A warning where what a record states as its precursor or its retention time is a word, NaN, infinite or negative; it is
    left out. What stands for one that is not known is no doubt. `bare` tells that only a number may stand there.
    """
    word = finite(stated) is None if bare else not re.search(r"\d", stated)
    if not (word and not _NOT_KNOWN.fullmatch(stated)) and not _IMPOSSIBLE.match(stated):
        return ()
    text = f"The record gives its {what} as {stated.strip()[:30]!r}, which is no {unit}; it was left out."
    return (warning(f"bad_{what.replace(' ', '_')}", text),)


def doubtful_time(stated: str) -> tuple[Remark, ...]:
    """As `impossible`, of a retention time; also where it is longer than any run."""
    if _NOT_KNOWN.fullmatch(stated):
        return ()
    number = re.match(r"\s*(\d[\d.]*(?:[eE]\+?\d{1,3})?)", stated)
    if number and number[1].count(".") < 2 and float(number[1]) > LONGEST_RUN_S:
        text = f"The record gives its retention time as {stated.strip()[:30]!r}, which is longer than any run."
        return (warning("implausible_time", text),)
    return impossible(stated, "retention time", "time")


def stated_twice(what: str, values: Iterable[str]) -> tuple[Remark, ...]:
    """A warning where a record gives a single fact several times and not the same."""
    if len({value.strip() for value in values}) < 2:
        return ()
    return (
        warning("stated_twice", f"The record gives its {what} more than once, and not the same; the first was taken."),
    )


def precursor(number: str, line: int) -> float | None:
    """A precursor's m/z that a pattern found, None for 0. Raises CorruptFile for one beyond all numbers."""
    if float(number) == float("inf"):
        raise CorruptFile(f"The precursor of the spectrum at line {line} is no mass.", code="bad_header", line=line)
    return positive(number)


def ionisation_in(words: str) -> str:
    """EI, CI, ESI … named in words such as "GC-EI-TOF" or "LC-ESI-QFT", '' if none is."""
    found = _IONISATION.search(words)
    if found is None:
        return ""
    kind = found[1].upper()
    return "ESI" if kind == "NSI" else kind
