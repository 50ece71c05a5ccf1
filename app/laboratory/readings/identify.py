"""From readings to candidates: shared by the job behind an upload and by `mast identify`.

`identify_reading` gives what is stored; `identify_bytes` gives the blocks of the command line's contract.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from app.laboratory.library.shelf import Shelf
from app.laboratory.readings.accurate_mass import match_accurate_mass
from app.laboratory.readings.controls import RunControls
from app.laboratory.readings.domain import Method, MethodInfo
from app.laboratory.readings.in_house import with_own
from app.laboratory.readings.instrument_state import InstrumentState
from app.laboratory.readings.mass_scale import negative_ions, put_right
from app.laboratory.readings.matching import match_infrared, match_unit_mass
from app.laboratory.readings.methods import method_for, method_info
from app.laboratory.readings.mixtures import add_mixture, mixture_of
from app.laboratory.readings.ranking import Matched, Names, not_compared
from app.laboratory.readings.run_answers import peak_json, with_run
from app.laboratory.readings.runs import RunPeak, components_of
from app.laboratory.readings.substances import SubstanceIndex
from instruments import InstrumentError, describe, read, to_absorbance, to_mass_spectrum, to_seconds
from spectra import MassSpectrum, Reading, ReadingKind, SpectrumError

ALL_IN_BLANK = "Everything in this run is in the blank of its batch too, so nothing of it is compared."
_UNIT = frozenset({Method.GC_MS})
_ACCURATE = frozenset({Method.DART_MS, Method.AMBIENT_MS, Method.LC_MS})


class FileReader(Protocol):
    """A ReaderJail, or what looks like one."""

    def read(self, source: Path, name: str | None = None, hints: Mapping[str, str] | None = None) -> list[Reading]:
        """Readings of one file; raises InstrumentError."""
        ...


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that was compared: a whole reading, or one peak of a run."""

    matched: Matched
    peak: RunPeak | None = None


def is_accurate(spectrum: MassSpectrum) -> bool:
    """Whether masses were measured to three places or better; unit-mass instruments write 58.1 or 91.05.

    Judged by the 50 strongest peaks: at least half of their weight has a third decimal.
    """
    order = np.argsort(-spectrum.intensity)[:50]
    mz, height = spectrum.mz[order], spectrum.intensity[order]
    if height.sum() <= 0:
        return False
    off = np.abs(mz * 20 - np.rint(mz * 20))
    return bool(height[off > 0.01].sum() >= 0.5 * height.sum()) and spectrum.ionisation != "EI"


def method_of(reading: Reading) -> Method | None:
    """The method a reading most likely belongs to."""
    scan = _strongest(reading.scans)
    return method_for(
        reading.kind.value,
        accurate=scan is not None and is_accurate(scan),
        precursor=scan is not None and scan.precursor_mz is not None,
        scans=reading.kind is ReadingKind.MASS_RUN,
    )


def _strongest(scans: Sequence[MassSpectrum]) -> MassSpectrum | None:
    return max(scans, key=lambda s: float(s.intensity.sum()), default=None)


def identify_reading(
    reading: Reading,
    shelf: Shelf,
    *,
    method: Method | None = None,
    libraries: Collection[str] = (),
    top: int = 10,
    index: SubstanceIndex | None = None,
    controls: RunControls | None = None,
    on: InstrumentState | None = None,
) -> list[Block]:
    """What one reading resembles. A run gives one block per peak, highest first; everything else one block.

    `method` is the chemist's word and decides between unit and accurate mass; without it the masses decide.
    `controls` is what was run beside a run in its batch, `on` what is known of the instrument that day.
    Never raises for a spectrum that cannot be compared: the block says why.
    """
    chosen = method or method_of(reading)
    if chosen is None:
        return [Block(not_compared(_WHY_NOT[ReadingKind.OTHER]))]
    info = method_info(chosen)
    here = on or InstrumentState()
    how = Names(
        top, index or SubstanceIndex(), instrument=here.name, negative=negative_ions(reading), widening=here.widening
    )
    try:
        if reading.kind in (ReadingKind.IR, ReadingKind.RAMAN):
            books = shelf.infrared(libraries) if reading.kind is ReadingKind.IR else shelf.raman(libraries)
            if here.transferred is not None:
                books = here.transferred(books)
            return [Block(match_infrared(to_absorbance(reading), books, info, how))]
        if reading.kind is ReadingKind.MASS_SPECTRUM:
            return [Block(_mass(to_mass_spectrum(reading), shelf, libraries, info, how, chosen))]
        if reading.kind is ReadingKind.MASS_RUN:
            return _run(reading, shelf, libraries, info, how, chosen, controls or RunControls())
    except (InstrumentError, SpectrumError) as error:
        return [Block(not_compared(f"This reading cannot be compared: {str(error).rstrip('.')}.", info.all_limits))]
    return [Block(not_compared(_WHY_NOT[reading.kind], info.all_limits))]


_WHY_NOT = {
    ReadingKind.UV: "A UV spectrum is kept and shown, but not compared: it cannot name a substance by itself.",
    ReadingKind.CHROMATOGRAM: "A chromatogram without spectra is kept and shown, but not compared: retention times "
    "need the laboratory's own standards.",
    ReadingKind.OTHER: "The file does not say what was measured, so it was not compared. Say what the axis is.",
}


def _mass(
    query: MassSpectrum, shelf: Shelf, libraries: Collection[str], info: MethodInfo, how: Names, method: Method
) -> Matched:
    if not (query.intensity > 0).any():
        return not_compared("This spectrum has no peak above zero, so there is nothing to compare.", info.all_limits)
    accurate = _takes_accurate(query, method)
    books = shelf.mass(libraries, accurate=accurate)
    own, others = [b for b in books if b.own], [b for b in books if not b.own]
    if accurate:
        matched = match_accurate_mass(query, others, shelf.formulas(libraries), info, how)
        query = put_right(query, info.lock_masses).spectrum
        home = max(others, key=len, default=None)
        if how.mixtures and home is not None:
            add_mixture(matched.answer, mixture_of([query], home), home, how)
    else:
        matched = match_unit_mass(query, others, info, how)
    return with_own(matched, query, own, how)


def _takes_accurate(query: MassSpectrum, method: Method) -> bool:
    if method in _UNIT:
        return False
    return is_accurate(query) or (method in _ACCURATE and query.precursor_mz is not None)


def _run(
    reading: Reading,
    shelf: Shelf,
    libraries: Collection[str],
    info: MethodInfo,
    how: Names,
    method: Method,
    controls: RunControls,
) -> list[Block]:
    strongest = _strongest(reading.scans)
    accurate = strongest is not None and _takes_accurate(strongest, method)
    peaks = components_of(
        reading.scans,
        _seconds(reading),
        accurate=accurate,
        blank=controls.blank,
        ladder=controls.retention,
        previous=controls.previous,
    )
    if not peaks:
        lit = any((scan.intensity > 0).any() for scan in reading.scans)
        return [Block(not_compared(ALL_IN_BLANK if lit else "No scan of this run holds any signal.", info.all_limits))]
    where = controls.instrument or reading.instrument
    return [Block(_mass(p.spectrum, shelf, libraries, info, _beside(how, p, where), method), p) for p in peaks]


def _beside(how: Names, peak: RunPeak, instrument: str) -> Names:
    """What is known of a peak beside its spectrum; peaks are taken apart by time, not by mixtures."""
    return replace(
        how,
        retention_time_s=peak.retention_time_s,
        retention_index=peak.retention_index,
        instrument=instrument,
        mixtures=False,
    )


def _seconds(reading: Reading) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    try:
        return to_seconds(reading.x, reading.x_unit)
    except InstrumentError:
        return np.asarray(reading.x, dtype=np.float64)


def stored(blocks: Sequence[Block]) -> Matched:
    """What is stored for a reading: the first block (of a run its largest component), with all peaks in the answer."""
    first = blocks[0].matched
    if blocks[0].peak is None:
        return first
    found = [(block.peak, block.matched) for block in blocks if block.peak is not None]
    answer = with_run(first.answer, found)
    answer["peaks"] = [peak_json(peak, matched) for peak, matched in found]
    return Matched(first.score_name, first.candidates, answer, first.limits, first.libraries)


# -- the command line's contract -------------------------------------------------------------------

_KEYS = ("rank", "substance", "compound", "entry", "library", "score", "score_name", "matched_peaks",
         "explained_fraction", "ambiguous_with")  # fmt: skip
_KEYS_OF_BANDS = ("shift", "aligned")
_KEYS_OF_LIMITS = ("substance", "compound", "substance_id", "limit", "seen", "estimate", "low", "high", "sentence")


def identify_readings(
    readings: Sequence[Reading],
    shelf: Shelf,
    *,
    libraries: Collection[str] = (),
    top: int = 10,
    index: SubstanceIndex | None = None,
    method: Method | None = None,
) -> list[dict[str, Any]]:
    """One block per reading (per peak of a run) in the form of `mast identify --json`, without the file name."""
    out = []
    for number, reading in enumerate(readings):
        blocks = identify_reading(reading, shelf, method=method, libraries=libraries, top=top, index=index)
        out += [_contract(number, reading, block) for block in blocks]
    return out


def identify_bytes(
    path: Path,
    shelf: Shelf,
    *,
    libraries: Collection[str] = (),
    top: int = 10,
    index: SubstanceIndex | None = None,
    reader: FileReader | None = None,
    method: Method | None = None,
    hints: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Read a file (in `reader`, a jail, when given) and identify what is in it. Raises InstrumentError, OSError."""
    given: dict[str, Any] = dict(hints or {})
    readings = reader.read(path, path.name, given) if reader is not None else read(path, path.name, **given)
    blocks = identify_readings(readings, shelf, libraries=libraries, top=top, index=index, method=method)
    return [{"file": str(path), **block} for block in blocks]


def _contract(number: int, reading: Reading, block: Block) -> dict[str, Any]:
    matched, answer = block.matched, block.matched.answer
    about = describe(reading)
    row: dict[str, Any] = {
        "reading": number,
        "title": reading.title,
        "kind": about["kind"],
        "level": answer["level"],
        "headline": answer["headline"],
        "candidates": [_candidate(c) for c in matched.candidates],
        "components": [_part(p) for p in answer["components"]],
        "unexplained_fraction": answer["unexplained_fraction"],
        "sentences": answer["sentences"],
        "limits": [*_not_seen(answer), *matched.limits],
        "warnings": about["warnings"],
    }
    if bands := answer.get("infrared"):
        row["detection_limits"] = [{key: one[key] for key in _KEYS_OF_LIMITS} for one in bands["limits"]]
        row["mostly_unexplained"] = bands["mostly_unexplained"]
        row["residual_bands"] = answer["residual_bands"]
        row["alignment"] = bands["alignment"]
    for key in ("set", "probabilities", "p_not_in_library", "not_distinguished"):
        if key in answer:
            row[key] = answer[key]
    if block.peak is not None:
        row["peak"] = block.peak.number
        row["retention_time_s"] = block.peak.retention_time_s
        row["area_percent"] = block.peak.area_percent
        row["signal_to_noise"] = block.peak.signal_to_noise
        row["retention_index"] = block.peak.retention_index
        row["remarks"] = list(block.peak.remarks)
    return row


def _candidate(found: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's keys; of a spectrum of bands also the shift in cm⁻¹ and the aligned score it is ranked by."""
    keys = (*_KEYS, *_KEYS_OF_BANDS) if "aligned" in found else _KEYS
    return {key: found[key] for key in keys}


def _not_seen(answer: Mapping[str, Any]) -> list[str]:
    """What is in the register and was not seen, each with the share it would have been seen from in this reading."""
    rows = answer.get("infrared", {}).get("limits", [])
    return [one["sentence"] for one in rows if one["substance_id"] and one["seen"] is not True]


def _part(part: dict[str, Any]) -> dict[str, Any]:
    return {
        "substance": part["substance"], "compound": part["compound"], "fraction": part["share"], "low": part["low"],
        "high": part["high"], "grade": part["grade"], "probability": part.get("probability"),
        "not_distinguished": part.get("not_distinguished", []),
    }  # fmt: skip
