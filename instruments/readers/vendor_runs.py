"""Mass spectra of a vendor file to readings: one run per acquisition, built like those of mzML.

Imports numpy, spectra.types and siblings; the library's handle is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from spectra.types import Reading, ReadingKind

from ..errors import TooLarge
from ..limits import Limits
from ..validate import warning
from .mz_run import RawScan, Run
from .vendor_open import Kind, Opened

SOURCES = {"ESI": "ESI", "NSI": "ESI", "APCI": "APCI", "EI": "EI", "CI": "CI", "APPI": "APPI"}


def runs(opened: Opened, kind: Kind, limits: Limits) -> Iterator[Reading]:
    """Every run of the file: x = retention time in seconds, y = summed intensity. Raises TooLarge before reading."""
    declared = [(int(r["index"]), int(r["scan_count"])) for r in opened.info.get("spectra", ())]
    if sum(count for _, count in declared) > limits.spectra:
        raise TooLarge(f"This file holds more than {limits.spectra:,} spectra.", code="too_many_spectra")
    for about, (index, count) in zip(opened.info.get("spectra", ()), declared, strict=True):
        yield from _run(opened, kind, limits, about, index, count)


def _run(
    opened: Opened, kind: Kind, limits: Limits, about: Mapping[str, Any], index: int, count: int
) -> Iterator[Reading]:
    run, ionisation = Run(limits), _ionisation(about)
    stored: list[float] = []
    for number in range(count):
        scan = opened.file.read_spectrum(number, run=index)
        stored.append(float(scan.get("total_ion_current") or 0.0))
        run.add(raw_scan(scan, kind.profile), ionisation)
    remarks, doubt = opened.doubts("spectra")
    extra = {k: v for k, v in (about.get("extra") or {}).items() if k in ("signal", "stored_spectra", "separation")}
    instrument = str((about.get("instrument") or {}).get("model") or opened.model)
    for reading in run.readings(instrument, opened.about() | extra | doubt, remarks):
        titled = replace(reading, title=reading.title or str(about.get("name") or "").strip())
        yield _with_stored_total(titled, np.array(stored))


def raw_scan(scan: Mapping[str, Any], tells_profile: bool) -> RawScan:
    """One spectrum of the library as the shared builder wants it; times are in seconds there."""
    precursor, polarity = scan.get("precursor_mz"), str(scan.get("polarity") or "")
    level = scan.get("ms_level")
    return RawScan(
        str(scan.get("native_id") or scan.get("scan_number") or ""),
        np.asarray(scan["mz"], dtype=np.float64),
        np.asarray(scan["intensity"], dtype=np.float64),
        scan.get("rt_s"),
        int(level) if level else None,
        float(precursor) if precursor else None,
        "",
        not scan.get("centroided") if tells_profile and len(scan["mz"]) else None,
        polarity if polarity in ("positive", "negative") else "",
    )


def _with_stored_total(reading: Reading, stored: Any) -> Reading:
    """Where no scan holds a peak that can be read, the total ion current that the instrument stored is shown."""
    if reading.kind is not ReadingKind.MASS_RUN or reading.y.any() or not stored.any():
        return reading
    note = warning(
        "no_peaks_read",
        "The scans of this run hold no peaks that can be read here; only the total ion current, as the instrument "
        "stored it, is shown.",
    )
    return replace(reading, y=stored, remarks=(*reading.remarks, note))


def _ionisation(about: Mapping[str, Any]) -> str:
    """The ion source when the run names exactly one, else ''."""
    named = {SOURCES.get(str(s).upper(), "") for s in (about.get("extra") or {}).get("ion_sources", ())}
    return named.pop() if len(named) == 1 else ""
