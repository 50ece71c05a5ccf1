"""What one reading may be: `identify`, pure. The job behind an upload and `mast identify` both ask here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from app.laboratory.identification.accurate_mass import match_accurate_mass, put_right
from app.laboratory.identification.answer import Answer
from app.laboratory.identification.domain import Method, MethodInfo, method_for, method_info
from app.laboratory.identification.in_house import with_own
from app.laboratory.identification.instrument_state import InstrumentState, with_instrument
from app.laboratory.identification.matching import match_infrared, match_unit_mass
from app.laboratory.identification.mixtures import mixture_of, with_mixture
from app.laboratory.identification.ranking import SearchConditions, not_compared, with_reading_limits
from app.laboratory.identification.runs import RunControls, RunPeak, components_of, with_run
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.library.domain import Libraries
from instruments import InstrumentError, to_absorbance, to_mass_spectrum, to_seconds
from spectra import MassSpectrum, Reading, ReadingKind, SpectrumError
from spectra.types import FloatArray

ALL_IN_BLANK = "Everything in this run is in the blank of its batch too, so nothing of it is compared."
_UNIT = frozenset({Method.GC_MS})
_ACCURATE = frozenset({Method.DART_MS, Method.AMBIENT_MS, Method.LC_MS})
_WHY_NOT = {
    ReadingKind.UV: "A UV spectrum is shown but not searched. It cannot name a substance on its own.",
    ReadingKind.CHROMATOGRAM: "A chromatogram without spectra is shown but not searched. Retention times "
    "need in-house standards.",
    ReadingKind.OTHER: "The file does not say what was measured, so it was not compared. Say what the axis is.",
}


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside a reading.

    `method` is the chemist's word and decides between unit and accurate mass; without it the masses decide. `names`
    (names or keys) narrows the libraries, `top` the candidates. `controls` is what was run beside a run in its batch,
    `instrument` what is known of the instrument that day.
    """

    method: Method | None = None
    names: Collection[str] = ()
    top: int = 10
    index: SubstanceIndex = field(default_factory=SubstanceIndex)
    controls: RunControls | None = None
    instrument: InstrumentState = field(default_factory=InstrumentState)


NOTHING_KNOWN = Context()


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that was compared: a whole reading, or one peak of a run."""

    answer: Answer
    peak: RunPeak | None = None


def identify(reading: Reading, libraries: Libraries, context: Context = NOTHING_KNOWN) -> Answer:
    """The answer for one reading, with everything that limits it. A reading that cannot be compared has one, too."""
    blocks = identify_blocks(reading, libraries, context)
    found = [(block.peak, block.answer) for block in blocks if block.peak is not None]
    answer = with_run(blocks[0].answer, found) if found else blocks[0].answer
    if answer.compared:
        answer = with_instrument(answer, context.instrument)
    if context.controls is not None and answer.peaks:
        said = tuple(context.controls.sentences)
        answer = replace(answer, controls=said, sentences=(*answer.sentences, *said))
    return with_reading_limits(answer, reading)


def identify_blocks(reading: Reading, libraries: Libraries, context: Context = NOTHING_KNOWN) -> list[Block]:
    """What one reading resembles. A run gives one block per peak, highest first; everything else one block.

    Never raises for a spectrum that cannot be compared: the block says why.
    """
    method = context.method or method_of(reading)
    if method is None:
        return [Block(not_compared(_WHY_NOT[ReadingKind.OTHER]))]
    info, instrument = method_info(method), context.instrument
    conditions = SearchConditions(
        context.top,
        context.index,
        instrument=instrument.name,
        negative=str(reading.meta.get("polarity", "")).strip().lower() == "negative",
        widening=instrument.widening,
    )
    try:
        return _blocks(reading, _Search(libraries, info, context, conditions))
    except (InstrumentError, SpectrumError) as error:
        return [Block(not_compared(f"This reading cannot be compared: {str(error).rstrip('.')}.", info.limits))]


@dataclass(frozen=True, slots=True)
class _Search:
    """One reading's search: where, by which method, and under what conditions."""

    libraries: Libraries
    info: MethodInfo
    context: Context
    conditions: SearchConditions


def _blocks(reading: Reading, search: _Search) -> list[Block]:
    if reading.kind in (ReadingKind.IR, ReadingKind.RAMAN):
        return [Block(_curve(reading, search))]
    if reading.kind is ReadingKind.MASS_SPECTRUM:
        return [Block(_mass(to_mass_spectrum(reading), search))]
    if reading.kind is ReadingKind.MASS_RUN:
        return _run(reading, search)
    return [Block(not_compared(_WHY_NOT[reading.kind], search.info.limits))]


def _curve(reading: Reading, search: _Search) -> Answer:
    names, transferred = search.context.names, search.context.instrument.transferred
    infrared = reading.kind is ReadingKind.IR
    books = search.libraries.infrared(names) if infrared else search.libraries.raman(names)
    if transferred is not None:
        books = transferred(books)
    return match_infrared(to_absorbance(reading), books, search.info, search.conditions)


def _mass(query: MassSpectrum, search: _Search) -> Answer:
    info, conditions, names = search.info, search.conditions, search.context.names
    if not (query.intensity > 0).any():
        return not_compared("This spectrum has no peak above zero, so there is nothing to compare.", info.limits)
    accurate = _takes_accurate(query, info.method)
    books = search.libraries.mass(names, accurate=accurate)
    own, others = [b for b in books if b.own], [b for b in books if not b.own]
    if not accurate:
        return with_own(match_unit_mass(query, others, info, conditions), query, own, conditions)
    answer = match_accurate_mass(query, others, search.libraries.formulas(names), info, conditions)
    query = put_right(query, info.lock_masses).spectrum
    largest = max(others, key=len, default=None)
    if conditions.mixtures and largest is not None:
        answer = with_mixture(answer, mixture_of([query], largest), largest, conditions)
    return with_own(answer, query, own, conditions)


def _run(reading: Reading, search: _Search) -> list[Block]:
    strongest, controls = _strongest(reading.scans), search.context.controls
    accurate = strongest is not None and _takes_accurate(strongest, search.info.method)
    peaks = components_of(reading.scans, seconds_of(reading), accurate=accurate, controls=controls)
    if not peaks:
        lit = any((scan.intensity > 0).any() for scan in reading.scans)
        why = ALL_IN_BLANK if lit else "No scan of this run holds any signal."
        return [Block(not_compared(why, search.info.limits))]
    where = (controls.instrument if controls is not None else "") or reading.instrument
    blocks = []
    for peak in peaks:
        at, index = peak.retention_time_s, peak.retention_index
        # peaks are taken apart by time, not by mixtures
        known = replace(search.conditions, retention_time_s=at, retention_index=index, instrument=where, mixtures=False)
        blocks.append(Block(_mass(peak.spectrum, replace(search, conditions=known)), peak))
    return blocks


def seconds_of(reading: Reading) -> FloatArray:
    """The time axis in seconds; as it is where its unit is none of time."""
    try:
        return to_seconds(reading.x, reading.x_unit)
    except InstrumentError:
        return np.asarray(reading.x, dtype=np.float64)


# -- what a reading is ---------------------------------------------------------------------------------------------


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


def _takes_accurate(query: MassSpectrum, method: Method) -> bool:
    if method in _UNIT:
        return False
    return is_accurate(query) or (method in _ACCURATE and query.precursor_mz is not None)


def _strongest(scans: Sequence[MassSpectrum]) -> MassSpectrum | None:
    return max(scans, key=lambda s: float(s.intensity.sum()), default=None)
