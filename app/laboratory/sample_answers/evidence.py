"""From what is recorded of a sample to what is asked about it: readings, strips, libraries and the register, in the words of `spectra`.

Peaks of a run are those of its stored comparison, so that what the blank explains is out of both alike. Reads arrays, no database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import cast
from uuid import UUID

from app.laboratory.identification.contract import IdentifiedBlock
from app.laboratory.identification.domain import Method, methods
from app.laboratory.identification.identify import method_of
from app.laboratory.library import joined_libraries
from app.laboratory.library.domain import Libraries, Opened
from app.laboratory.library.joined_libraries import JoinedLibraries
from app.laboratory.readings import arrays
from app.laboratory.readings.analyses import AnalysisView, ReadingView, files_of
from app.laboratory.readings.domain import AnalysisStatus
from app.laboratory.readings.references import infrared_of
from app.platform.kernel.errors import MastError
from app.platform.storage import BlobStore
from harm_messages.register import Register, Substance
from harm_messages.vocabulary import StripReading
from instruments import InstrumentError, to_absorbance, to_mass_spectrum
from spectra import InfraredLibrary, MassLibrary, MassSpectrum, ReadingKind, SpectrumError
from spectra.sample.answer import (
    SampleLibraries,
    SampleReading,
    SampleRegister,
    SampleTest,
    StandsFor,
    TestResult,
)
from spectra.sample.naming import folded

MOST_READINGS = 24
"""Readings of one sample that are put together, a run with all its peaks being one; what comes after is said to be left out."""
TOO_MANY = f"More than {MOST_READINGS} readings of this sample were compared, so this one is left out."
LEAST_INDEX_SPREAD = 10.0
"""Standard deviation of a retention index where the laboratory measured too few to state its own, in index units."""
_RESULTS = {
    StripReading.POSITIVE: TestResult.POSITIVE,
    StripReading.NEGATIVE: TestResult.NEGATIVE,
    StripReading.FAINT: TestResult.FAINT,
    StripReading.INVALID: TestResult.INVALID,
}


def basis_of(analyses: Iterable[AnalysisView]) -> list[str]:
    """What an answer made now would be made of: every analysis with its version, every reading with its comparison."""
    out = []
    for one in analyses:
        seen = ",".join(str(u.warnings_seen_at is not None)[0] for u in one.uploads)
        out.append(f"analysis {one.analysis.id} {one.analysis.version} {seen}")
        out += [f"reading {r.reading.id} {r.match.id}" for r in one.readings if r.match is not None]
    return sorted(out)


def readings_in(basis: Iterable[str]) -> frozenset[str]:
    """The readings with their comparisons among what an answer was made of."""
    return frozenset(one for one in basis if one.startswith("reading "))


def libraries_in(basis: Iterable[str]) -> str | None:
    """The editions of libraries among what an answer was made of (`library.service.editions`); None where it did not note them."""
    return next((one for one in basis if one.startswith("libraries ")), None)


def whose(key: str) -> str:
    """The reading behind a key of `readings_of`: that of a peak is the key of its run.

    >>> whose("1f#3")
    '1f'
    """
    return key.partition("#")[0]


def readings_of(analyses: Iterable[AnalysisView], store: BlobStore) -> list[SampleReading]:
    """Every reading that was compared, peaks of a run apart; one that supports no answer goes in as refused, with why."""
    out: list[SampleReading] = []
    compared = [(a, view) for a in analyses for view in a.readings if view.answer is not None and view.answer.compared]
    for count, (analysis, view) in enumerate(compared):
        if count < MOST_READINGS:
            out += _reading(analysis, view, store, _refused(analysis))
        else:
            out.append(SampleReading(str(view.reading.id), analysis.analysis.method.value, None, refused=TOO_MANY))
    return out


def readings_of_blocks(blocks: Iterable[IdentifiedBlock]) -> list[SampleReading]:
    """Readings of files that belong to no sample on record: a block is a reading, or a peak of one."""
    return [_of_block(block) for block in blocks]


def _of_block(block: IdentifiedBlock) -> SampleReading:
    reading, peak = block.reading, block.peak
    method = method_of(reading)
    name, key = method.value if method else "", f"{block.file}:{block.number}"
    if peak is not None:
        return SampleReading(
            f"{key}#{peak.number}", name, peak.spectrum, StandsFor.ONE_PEAK, peak.retention_index, peak.area_percent,
            source=reading.source_sha256,
        )  # fmt: skip
    if not block.answer.compared:
        return SampleReading(key, name, None, refused=block.answer.headline)
    try:
        data = to_mass_spectrum(reading) if reading.kind is ReadingKind.MASS_SPECTRUM else to_absorbance(reading)
    except (InstrumentError, SpectrumError) as error:
        return SampleReading(key, name, None, refused=str(error))
    return SampleReading(key, name, data, source=reading.source_sha256)


def _refused(view: AnalysisView) -> str:
    row = view.analysis
    if row.status is not AnalysisStatus.OK:
        return f"{view.method.title} is marked “{row.status.value.replace('_', ' ')}”."
    if row.qc_failed:
        return f"The blank or control of {view.method.title} failed."
    if any(file.unseen for file in files_of(view)):
        return f"Warnings of a file of {view.method.title} have not been checked."
    return ""


def _reading(analysis: AnalysisView, view: ReadingView, store: BlobStore, refused: str) -> Iterator[SampleReading]:
    row, answer, method = view.reading, view.answer, analysis.analysis.method.value
    assert answer is not None
    key = str(row.id)
    if answer.peaks:
        for peak in answer.peaks:
            data = MassSpectrum(peak.mz, peak.intensity) if peak.mz else None
            yield SampleReading(
                f"{key}#{peak.peak}", method, data, StandsFor.ONE_PEAK, peak.retention_index, peak.area_percent,
                source=row.arrays_sha256, refused=refused,
            )  # fmt: skip
        return
    try:
        if row.kind == ReadingKind.MASS_SPECTRUM:
            yield SampleReading(
                key, method, arrays.single_spectrum(store, row.arrays_sha256), source=row.arrays_sha256, refused=refused
            )
        elif row.kind == ReadingKind.IR:
            yield SampleReading(key, method, infrared_of(row, store), source=row.arrays_sha256, refused=refused)
    except MastError as error:
        yield SampleReading(key, method, None, refused=refused or str(error))


def tests_of(analyses: Iterable[AnalysisView]) -> list[SampleTest]:
    """Strips that were read, their run in order."""
    return [
        SampleTest(
            str(row.id), row.method.value, row.strip_target, _RESULTS[row.strip_reading], row.strip_cut_off_ng_ml
        )
        for row in (view.analysis for view in analyses)
        if row.method is Method.STRIP
        and row.strip_reading is not None
        and row.status is AnalysisStatus.OK
        and not row.qc_failed
    ]


@dataclass(frozen=True, slots=True)
class SearchedLibraries:
    """The libraries the readings are compared with; `said`: which, in a sentence; `calibration`: what of theirs is not used."""

    libraries: SampleLibraries
    said: str
    calibration: str


def searched_libraries(
    libraries: Libraries, names: Collection[str] = (), key: joined_libraries.Key | None = None
) -> SearchedLibraries:
    """All libraries of each technique together (of `names`, where there are any), and retention indices of own standards."""
    mass, accurate = (joined_libraries.mass_of(libraries, names, accurate=exact, key=key) for exact in (False, True))
    infrared = joined_libraries.infrared_of(libraries, names)
    kinds = {"Mass spectra": mass, "Infrared spectra": infrared, "Accurate-mass spectra": accurate}
    known = {what: one for what, one in kinds.items() if one is not None}
    unused = [one.name for kind in known.values() for one in kind.unused]
    return SearchedLibraries(
        SampleLibraries(
            cast(MassLibrary, mass.spectra) if mass else None,
            cast(InfraredLibrary, infrared.spectra) if infrared else None,
            cast(MassLibrary, accurate.spectra) if accurate else None,
            retention=_retention(libraries.own()),
        ),
        " ".join(_searched(what, one) for what, one in known.items()) or "There is no library.",
        f"Own calibrations of {listed(unused)} are not used, because several libraries were put together." if unused else "",
    )  # fmt: skip


def _searched(what: str, joined: JoinedLibraries) -> str:
    """What the readings of one kind were compared with."""
    said = f"{what} were compared with {listed([one.name for one in joined.libraries])}"
    said += " as one library" if len(joined.libraries) > 1 else ""
    if joined.left_out:
        said += f", and not with {listed([one.name for one in joined.left_out])}, because together they are too large"
    said += "."
    if joined.general:
        holds = "holds" if len(joined.general) == 1 else "hold"
        said += f" {listed([one.name for one in joined.general])} {holds} chemicals of any kind."
    return said


def listed(words: Sequence[str]) -> str:
    """Words as one writes them in a sentence.

    >>> listed(["A", "B", "C"])
    'A, B and C'
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _retention(own: Sequence[Opened]) -> Mapping[str, tuple[float, float]]:
    """Compound → mean retention index and its standard deviation, of runs of standards that are evidence now."""
    found: dict[str, list[float]] = defaultdict(list)
    for book in own:
        for entry in book.own.values():
            if entry.retention_index is not None and not entry.void:
                found[entry.compound].append(entry.retention_index)
    return {
        compound: (fmean(values), max(stdev(values), 1.0) if len(values) >= 3 else LEAST_INDEX_SPREAD)
        for compound, values in found.items()
    }


def register_of(register: Register) -> SampleRegister:
    """The substances as `spectra` asks for them, by the first block of their InChIKey, or by their id where they have none; and what
    each method is blind to, as methods.toml declares it."""
    names: dict[str, str] = {}
    same: dict[str, str] = {}
    classes: dict[str, frozenset[str]] = {}
    for row in register:
        key = key_of(row)
        names.setdefault(key, row.name)
        classes[key] = classes.get(key, frozenset()) | {row.id, *_wider(row.drug_class)}
        same |= {folded(word): key for word in (row.id, row.name)}
    declared = {method.value: info for method, info in methods().items()}
    return SampleRegister(
        names,
        same,
        classes,
        seen_as={
            method: {key_of(register[one]): key_of(register[other]) for one, other in info.seen_as.items()}
            for method, info in declared.items()
        },
        blind={
            method: frozenset(key for key, called in classes.items() if not called.isdisjoint(info.blind))
            for method, info in declared.items()
        },
    )


def key_of(row: Substance) -> str:
    """The key of a substance among compounds."""
    return row.inchikey.value.split("-")[0] if row.inchikey is not None else row.id


def _wider(drug_class: str) -> Iterator[str]:
    """A class and every wider one.

    >>> list(_wider("opioid.nitazene"))
    ['opioid.nitazene', 'opioid']
    """
    while drug_class:
        yield drug_class
        drug_class = drug_class.rpartition(".")[0]


def analysis_of(analyses: Iterable[AnalysisView]) -> dict[str, UUID]:
    """Key of a reading or a strip → its analysis."""
    out: dict[str, UUID] = {}
    for view in analyses:
        out[str(view.analysis.id)] = view.analysis.id
        out |= {str(one.reading.id): view.analysis.id for one in view.readings}
    return out
