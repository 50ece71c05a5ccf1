"""Asks every library once: readings in, words out; duplicates counted once, refused readings said and left aside.

Why apart: nothing after this looks at a spectrum, so that weighing is arithmetic on words. Imports the standard library, numpy and
`spectra` only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from spectra.chromatogram.report import NAMED, ReportedPeak, read_run
from spectra.confidence.identify import identify, rank_compounds
from spectra.confidence.ranking import Ranked
from spectra.infrared.explain import noise_share
from spectra.infrared.identify import COMPARED
from spectra.infrared.identify import identify as identify_infrared
from spectra.infrared_library import InfraredLibrary
from spectra.mass_library import MassLibrary
from spectra.mixture.ei_beside import left_beside
from spectra.mixture.unit_mass import explain_with_places
from spectra.preprocess import refuse_what_is_no_peak_list, within_range
from spectra.sample.answer import SampleLibraries, SampleReading, StandsFor
from spectra.sample.heard import Heard, InfraredWord, Kind, Left, MassWord, Place, Rival, nothing_taken
from spectra.sample.naming import Naming, keyed, summed
from spectra.types import (
    Identification,
    InfraredSpectrum,
    MassRun,
    MassSpectrum,
    MixtureExplanation,
    SpectrumError,
)

Library = TypeVar("Library")
Word = TypeVar("Word")

FLOOR, NOISE_KNOWN = 1e-4, 0.1
"""Least residual, and how well what noise leaves is known: for one reading in ten it is wrong by more than a tenth."""
PARTS = 4
LEAST_LISTED = 0.003


def hear(readings: Sequence[SampleReading], libraries: SampleLibraries, naming: Naming) -> Heard:
    """The words of all readings, sorted by method and content."""
    ordered = sorted(readings, key=lambda r: (r.method, content(r), r.key))
    mass, infrared, accurate = list[MassWord](), list[InfraredWord](), list[MassWord]()
    silent, reasons, met = dict[str, str](), list[str](), dict[str, str]()
    for reading in ordered:
        digest = f"{reading.method} {content(reading)}"
        if reading.data is not None and digest in met:
            reasons.append(f"{reading.key} holds the same data as {met[digest]} and counts once.")
            continue
        met[digest] = reading.key
        word = _word(reading, libraries, naming)
        if isinstance(word, str):
            silent.setdefault(reading.method, word)
            reasons.append(f"{reading.key} supports no answer. {word}")
        elif isinstance(word, InfraredWord):
            infrared.append(word)
        else:
            (accurate if word.kind is Kind.ACCURATE else mass).append(word)
    reasons += _keyless(libraries)
    reasons += dict.fromkeys(said for word in mass for one in word.explanations.values() for said in one.general)
    answered = {w.method for w in mass + accurate} | {w.method for w in infrared}
    quiet = {method: why for method, why in silent.items() if method not in answered}
    methods = {w.method for w in mass or accurate}
    unseen = [frozenset(c for c in w.parts if methods and all(naming.blind(m, c) for m in methods)) for w in infrared]
    heard = tuple(replace(word, unseen=some) for word, some in zip(infrared, unseen, strict=True))
    return Heard(tuple(mass), tuple(accurate), heard, quiet, tuple(reasons))


def _keyless(libraries: SampleLibraries) -> list[str]:
    """A sentence for every library with entries that have no key."""
    books = (("EI", libraries.mass), ("infrared", libraries.infrared), ("accurate-mass", libraries.accurate))
    text = "The {} library has entries without a key, which are joined to other libraries by their names."
    return [text.format(what) for what, library in books if library is not None and not keyed(library)]


def content(reading: SampleReading) -> str:
    """A digest of what was measured, whatever the reading is called."""
    data, digest = reading.data, hashlib.sha256()
    if isinstance(data, MassSpectrum):
        arrays = [data.mz, data.intensity]
    elif isinstance(data, InfraredSpectrum):
        arrays = [data.wavenumber, data.absorbance]
    elif isinstance(data, MassRun):
        arrays = [data.retention_time, *(a for s in data.scans for a in (s.mz, s.intensity))]
    else:
        arrays = []
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(str(reading.retention_index).encode())
    return digest.hexdigest()


def _word(reading: SampleReading, libraries: SampleLibraries, naming: Naming) -> MassWord | InfraredWord | str:
    """The word of one reading, or why there is none."""
    if reading.refused:
        return reading.refused if reading.refused.endswith(".") else f"{reading.refused}."
    data = reading.data
    if data is None:
        return "It holds no data."
    try:
        if isinstance(data, InfraredSpectrum):
            return _with(libraries.infrared, "infrared spectra", lambda lib: infrared_word(reading, data, lib, naming))
        accurate = _accurate(data)
        library = libraries.accurate if accurate else libraries.mass
        words: Callable[[MassLibrary], MassWord] = lambda lib: mass_word(reading, data, lib, naming)  # noqa: E731
        return _with(library, "accurate masses" if accurate else "EI spectra", words)
    except SpectrumError as error:
        text = str(error)
        return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _with(library: Library | None, what: str, ask: Callable[[Library], Word]) -> Word | str:
    if library is None:
        return f"There is no library of {what} to compare it with."
    return ask(library)


def _accurate(data: MassSpectrum | MassRun) -> bool:
    one = data if isinstance(data, MassSpectrum) else (data.scans[0] if data.scans else None)
    return one is not None and one.ionisation != "EI"


def mass_word(reading: SampleReading, data: MassSpectrum | MassRun, library: MassLibrary, naming: Naming) -> MassWord:
    """What a mass library says of a spectrum or of every peak of a run."""
    if isinstance(data, MassRun):
        return _run_word(reading, data, library, naming)
    refuse_what_is_no_peak_list(data)
    query = within_range([data])[0]
    ranked = rank_compounds(library, query, library.calibration)
    said = identify(library, query, library.calibration, ranked)
    listed = _listed(said, library, ranked, naming)
    whole = reading.stands_for is StandsFor.WHOLE_SAMPLE and not library.accurate
    left: Left = nothing_taken
    explanation, places, several = None, [_peak_place(reading.key, said, listed, reading)], 0.0
    if whole:
        explanation, places, several = _mixture(reading.key, library, query, naming)
        left = beside(library, query, reading.method, naming)
    parts = explanation.components if explanation else ()
    limits = explanation.detection_limits if explanation else {}
    return MassWord(
        reading.key,
        reading.method,
        Kind.ACCURATE if library.accurate else Kind.MASS,
        whole,
        listed,
        said.p_not_in_library,
        tuple(place for place in places if place.rivals),
        several,
        naming.of_library(library),
        said.calibrated,
        {reading.key: said},
        {reading.key: explanation} if explanation else {},
        {naming.of(c): limit for c, limit in limits.items()},
        _formulas(library, ranked, naming) if library.accurate else {},
        parts={naming.of(part.compound, part.name): part for part in parts},
        left=left,
    )


def beside(library: MassLibrary, query: MassSpectrum, method: str, naming: Naming) -> Left:
    """What names of a mixture explain beside others. Asked only when another method names what this one does not.

    What the method is blind to takes nothing, though a library may hold its spectrum.
    """

    def left(named: Sequence[str], given: Sequence[str]) -> Mapping[str, tuple[float, str]]:
        entries = {c: naming.entries(library, naming.seen_as(method, c)) for c in (*named, *given)}
        own = [c for c in named if entries[c]]
        others = [c for c in given if entries[c] and not naming.blind(method, c)]
        if not own or not others:
            return {}
        values = left_beside(library, query, [entries[c] for c in own], [entries[c] for c in others])
        return {c: (float(row[-1]), others[int(row[:-1].argmin())]) for c, row in zip(own, values, strict=True)}

    return left


def _mixture(
    key: str, library: MassLibrary, query: MassSpectrum, naming: Naming
) -> tuple[MixtureExplanation, list[Place], float]:
    explanation, seen = explain_with_places(library, [query], PARTS)
    places = []
    for place in seen.places:
        rows: dict[str, Rival] = {}
        for c in place.rivals:
            compound = naming.of(library.compounds[c.entry], library.names[c.entry])
            rows.setdefault(compound, Rival(compound, c.probability, c.share))
        places.append(Place(key, tuple(rows.values()), place.total, place.named))
    return explanation, places, seen.several


def _listed(said: Identification, library: MassLibrary, ranked: Ranked, naming: Naming) -> dict[str, float]:
    """Compounds of an identification by the register's keys, forms of one added up."""
    entry = dict(zip(ranked.compounds, ranked.entries.tolist(), strict=True))
    return dict(summed((naming.of(c, library.names[entry[c]]), p) for c, p in said.compounds))


def _peak_place(key: str, said: Identification, listed: dict[str, float], reading: SampleReading) -> Place:
    area = None if reading.area_percent is None else reading.area_percent / 100.0
    return _place_of(key, said, listed, reading.retention_index, area, reading.stands_for is StandsFor.ONE_PEAK)


def _place_of(
    key: str, said: Identification, listed: dict[str, float], index: float | None, area: float | None, peak: bool
) -> Place:
    """A peak as a place: its compounds with probability over all, the chance that it is none of them taken off."""
    inside = 1.0 - (said.p_not_in_library if said.p_not_in_library is not None else 0.5)
    rows = [Rival(c, p * inside, area) for c, p in listed.items() if p * inside >= LEAST_LISTED]
    rows.sort(key=lambda r: (-r.probability, r.compound))
    return Place(key, tuple(rows), inside, said.level in NAMED, index, area, peak)


def _run_word(reading: SampleReading, run: MassRun, library: MassLibrary, naming: Naming) -> MassWord:
    report = read_run(run, library, accurate=library.accurate)
    answered = [p for p in report.peaks if p.identification is not None and p.identification.compounds]
    if not answered:
        raise SpectrumError("no peak of this run stands out clearly enough to be compared")
    said = {f"{reading.key}#{p.component.number}": p.identification for p in answered if p.identification is not None}
    places = [_run_place(reading.key, p, naming) for p in answered]
    first = answered[0].identification
    assert first is not None  # every answered peak has one
    return MassWord(
        reading.key,
        reading.method,
        Kind.ACCURATE if library.accurate else Kind.MASS,
        True,
        {},
        None,
        tuple(place for place in places if place.rivals),
        1.0 if len(places) > 1 else 0.0,
        naming.of_library(library),
        all(one.calibrated for one in said.values()),
        said,
        {},
        run=True,
    )


def _run_place(key: str, peak: ReportedPeak, naming: Naming) -> Place:
    said = peak.identification
    assert said is not None  # only answered peaks come here
    names = {c.compound: c.name for c in peak.candidates}
    listed = dict(summed((naming.of(c, names.get(c, "")), p) for c, p in said.compounds))
    index = peak.index.value if peak.index is not None else None
    area = (peak.component.area_percent or 0.0) / 100.0
    return _place_of(f"{key}#{peak.component.number}", said, listed, index, area, peak=True)


def infrared_word(
    reading: SampleReading, data: InfraredSpectrum, library: InfraredLibrary, naming: Naming
) -> InfraredWord:
    """What an infrared library says: one substance by alignment, a mixture by the joint fit.

    What noise alone leaves of a reading speaks against no reference, so residuals are counted beyond it.
    """
    by_key = keyed(library)
    rows = library.search_compounds(data, COMPARED) if by_key else library.search(data, COMPARED)
    said = identify_infrared(library, data, rows if by_key else None)
    explanation = library.explain(data)
    noise = noise_share(library, data)
    found: dict[str, float] = {}
    for row in rows:
        compound = naming.of(row.compound, row.name)
        found[compound] = min(found.get(compound, 1.0), beyond_noise(1.0 - row.score**2, noise))
    worst = max(found.values()) if len(rows) >= COMPARED else 1.0  # what was not aligned resembles the reading less
    residuals = {c: found.get(c, worst) for c in naming.of_library(library)}
    parts = {naming.of(p.compound, p.name): p for p in reversed(explanation.components)}
    limits = {naming.of(limit.compound, limit.name): limit for limit in explanation.limits}
    alike = {naming.of(p.compound, p.name): tuple(map(naming.of, p.not_distinguished)) for p in explanation.components}
    return InfraredWord(reading.key, reading.method, said, explanation, residuals, parts, limits, alike)


def beyond_noise(residual: float, noise: float) -> float:
    """What a reference leaves of the signal of a reading, 0 to 1: `residual` and `noise` are shares of the whole reading.

    >>> round(beyond_noise(0.25, 0.2), 3), beyond_noise(0.99, 0.98)
    (0.062, 1.0)
    """
    return min(1.0, max(residual - noise, NOISE_KNOWN * noise, FLOOR) / max(1.0 - noise, FLOOR))


def _formulas(library: MassLibrary, ranked: Ranked, naming: Naming) -> dict[str, str]:
    rows = zip(ranked.compounds, ranked.entries.tolist(), strict=True)
    return {naming.of(c, library.names[e]): str(library.formulas[e]) for c, e in rows if library.formulas[e]}
