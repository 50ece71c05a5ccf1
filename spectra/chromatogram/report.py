"""A whole run as an answer: per peak and per sample, with what the library, the blank and the clock say.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spectra.chromatogram.blank import BlankComparison, BlankVerdict, against_blank, carried_over
from spectra.chromatogram.components import RunComponent, RunComponents, find_components
from spectra.chromatogram.first_pass import first_pass
from spectra.chromatogram.retention import RetentionIndex, RetentionLadder, relative_retention
from spectra.confidence.grouping import group_by_compound
from spectra.mass_library import MassLibrary
from spectra.types import Candidate, Identification, IdentificationLevel, Level, MassRun, Remark

NAMED = (IdentificationLevel.IDENTIFIED, IdentificationLevel.CONSISTENT_WITH, IdentificationLevel.CLASS_ONLY)


@dataclass(frozen=True, eq=False)
class ReportedPeak:
    """One component with its answer. `candidates` best compound first; `identification` None where it was too small
    to ask for one; `name` of its most probable compound, "" where nothing is named. `index` and `relative_retention`
    None without a ladder or an internal standard. `remarks` gathers overlap, blank, carry-over and neighbours with the
    same best match."""

    component: RunComponent
    candidates: tuple[Candidate, ...] = ()
    identification: Identification | None = None
    name: str = ""
    index: RetentionIndex | None = None
    relative_retention: float | None = None
    blank: BlankComparison | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def named(self) -> bool:
        """Whether the answer names compounds."""
        return bool(self.name)

    @property
    def compound(self) -> str:
        """Key of the most probable compound, "" where none is named."""
        return self.identification.compounds[0][0] if self.named and self.identification is not None else ""


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One compound of the sample, counted once: `compound` key ("" for what is not named), `area_percent` of all
    counted peaks, `peaks` numbers of its components, `not_distinguished` keys that fit as well."""

    compound: str
    name: str
    area_percent: float
    peaks: tuple[int, ...]
    not_distinguished: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class RunReport:
    """What a run says. `peaks` in order of area, without background and without what comes from the blank.

    `summary` per sample, largest first; `background` column, air and solvent; `from_blank` peaks the blank explains;
    `unnamed_percent` area of counted peaks without a name; `unexplained_percent` of the total ion current above the
    baseline that is in no component (None without signal).
    """

    peaks: tuple[ReportedPeak, ...]
    summary: tuple[SampleRow, ...]
    background: tuple[RunComponent, ...]
    from_blank: tuple[ReportedPeak, ...]
    unnamed_percent: float
    unexplained_percent: float | None
    found: RunComponents
    remarks: tuple[Remark, ...] = ()


def read_run(
    run: MassRun,
    libraries: MassLibrary | Sequence[MassLibrary] = (),
    *,
    top: int = 5,
    least_percent: float = 0.03,
    searched: int = 100,
    most: int = 30,
    accurate: bool = False,
    blank: MassRun | RunComponents | None = None,
    previous: MassRun | RunComponents | None = None,
    ladder: RetentionLadder | None = None,
    standard_s: float | None = None,
) -> RunReport:
    """Components of a run, each searched in the libraries, and the sample as a whole.

    `top` compounds per peak. Peaks below `least_percent` of the area and beyond the `searched` largest are listed
    without a search; the `most` largest of the others are identified, the rest has candidates only. `blank`: the
    batch's blank, whose components are taken off (see `against_blank`); `previous`: the run injected before; `ladder`:
    n-alkanes for retention indices; `standard_s`: time of the internal standard, seconds.
    Each identification comes from the library that holds the best candidate. Area % is a share of signal, not of
    weight. "Not seen" is not "absent". Raises SpectrumError on times that are not finite.

    >>> import numpy as np
    >>> from spectra.types import MassSpectrum
    >>> lib = MassLibrary.from_arrays([58, 91, 134, 44, 91, 65], [9, 3, 2, 9, 2, 1], [0, 3, 6], names=["M", "A"],
    ...                               compounds=["m", "a"])
    >>> peak = 1000 * np.exp(-0.5 * ((np.arange(80.0) - 40) / 3) ** 2) + 1
    >>> run = MassRun([MassSpectrum([58, 91, 134], [9 * h, 3 * h, 2 * h]) for h in peak], np.arange(80.0))
    >>> [(row.name, row.area_percent) for row in read_run(run, lib).summary]
    [('M', 100.0)]
    """
    books = [libraries] if isinstance(libraries, MassLibrary) else list(libraries)
    found = find_components(run, accurate=accurate)
    other, before = _components(blank, accurate), _components(previous, accurate)
    peaks = [_placed(c, other, before, ladder, standard_s) for c in found.substances]
    dropped = [p for p in peaks if p.blank is not None and p.blank.verdict is BlankVerdict.DROPPED]
    counted = _shared([p for p in peaks if p not in dropped])
    counted.sort(key=lambda p: (-p.component.area, p.component.number))
    final = _with_repeats(_answered(counted, books, top, least_percent, searched, most))
    return _report(found, final, dropped)


def _report(found: RunComponents, peaks: list[ReportedPeak], dropped: list[ReportedPeak]) -> RunReport:
    summary = _summary(peaks)
    return RunReport(
        tuple(peaks),
        summary,
        tuple(c for c in found.components if c.background),
        tuple(dropped),
        sum(row.area_percent for row in summary if not row.compound),
        None if found.explained_percent is None else 100 - found.explained_percent,
        found,
        found.remarks,
    )


def _answered(
    counted: list[ReportedPeak],
    books: Sequence[MassLibrary],
    top: int,
    least_percent: float,
    searched: int,
    most: int,
) -> list[ReportedPeak]:
    """The peaks with what the libraries say of those that are large enough."""
    asked = [p for p in counted[:searched] if (p.component.area_percent or 0) >= least_percent]
    answers = _answers([p.component for p in asked], books, top, most)
    said = [
        replace(p, candidates=rows, identification=one, name=name)
        for p, (rows, one, name) in zip(asked, answers, strict=True)
    ]
    return [*said, *counted[len(said) :]]


def _components(run: MassRun | RunComponents | None, accurate: bool) -> tuple[RunComponent, ...]:
    if run is None:
        return ()
    return (run if isinstance(run, RunComponents) else find_components(run, accurate=accurate)).components


def _placed(
    one: RunComponent,
    blank: Sequence[RunComponent],
    previous: Sequence[RunComponent],
    ladder: RetentionLadder | None,
    standard_s: float | None,
) -> ReportedPeak:
    compared = against_blank(one, blank) if blank else None
    remarks = list(one.remarks)
    if compared is not None and compared.text:
        remarks.append(Remark(Level.WARNING, "peak_in_blank", compared.text))
    if carried := carried_over(one, previous):
        remarks.append(Remark(Level.WARNING, "peak_carried_over", carried))
    relative = None
    if standard_s is not None:
        relative = relative_retention(one.retention_time_s, standard_s)
    index = None if ladder is None else ladder.index(one.retention_time_s)
    return ReportedPeak(
        one, index=index, relative_retention=relative, blank=compared, remarks=tuple(remarks)
    )  # fmt: skip


def _shared(peaks: list[ReportedPeak]) -> list[ReportedPeak]:
    """Area % of the peaks that are counted."""
    total = sum(p.component.area for p in peaks)
    share = 100 / total if total > 0 else 0.0
    return [replace(p, component=replace(p.component, area_percent=share * p.component.area)) for p in peaks]


Answer = tuple[tuple[Candidate, ...], Identification | None, str]


def _answers(asked: Sequence[RunComponent], books: Sequence[MassLibrary], top: int, most: int) -> list[Answer]:
    """Candidates over all libraries, and for the first `most` the identification by the library with the best one."""
    spectra = [one.spectrum for one in asked]
    lists = [first_pass(book, spectra) for book in books] if spectra else []
    out: list[Answer] = []
    for k, spectrum in enumerate(spectra):
        grouped = tuple(group_by_compound([c for rows in lists for c in rows[k]])[:top])
        if not grouped or k >= most:
            out.append((grouped, None, ""))
            continue
        best = [rows[k][0].score if rows[k] else -1.0 for rows in lists]
        home = books[best.index(max(best))]
        said = home.identify(spectrum)
        out.append((grouped, said, _name(home, said, grouped)))
    return out


def _name(home: MassLibrary, said: Identification, rows: Sequence[Candidate]) -> str:
    """What the library calls the most probable compound, "" where none is named."""
    if said.level not in NAMED or not said.compounds:
        return ""
    key = said.compounds[0][0]
    known = next((row.name for row in rows if row.compound == key), "")
    return known or (home.names[list(home.compounds).index(key)] if key in home.compounds else key)


def _with_repeats(peaks: list[ReportedPeak]) -> list[ReportedPeak]:
    """Peaks next to a larger one of the same best match say so: tail, split peak or isomer."""
    out: list[ReportedPeak] = []
    for peak in peaks:
        larger = next((p for p in out if _repeats(peak, p)), None)
        if larger is not None:
            one = larger.component
            text = f"Peak {one.number} at {one.retention_time_s / 60:.2f} min has the same best match and is larger: "
            text += "this may be its tail, a split peak, or an isomer."
            remark = Remark(Level.WARNING, "peak_repeated", text)
            out.append(replace(peak, remarks=(*peak.remarks, remark)))
        else:
            out.append(peak)
    return out


def _repeats(peak: ReportedPeak, larger: ReportedPeak) -> bool:
    if not (peak.named and larger.named):
        return False
    near = 3 * max(peak.component.width_s, larger.component.width_s)
    close = abs(peak.component.retention_time_s - larger.component.retention_time_s) <= near
    return close and peak.compound == larger.compound


def _summary(peaks: Sequence[ReportedPeak]) -> tuple[SampleRow, ...]:
    """Each compound once. What is not named stands alone, by its time."""
    rows: dict[str, SampleRow] = {}
    for peak in peaks:
        share = peak.component.area_percent or 0.0
        said = peak.identification
        if peak.named and said is not None:
            key, label, name = peak.compound, peak.compound, peak.name
            others = tuple(c for c in said.set if c != key)
        else:
            key, label, others = f"?{peak.component.number}", "", ()
            name = f"not named, at {peak.component.retention_time_s / 60:.2f} min"
        before = rows.get(key)
        if before is None:
            rows[key] = SampleRow(label, name, share, (peak.component.number,), others)
        else:
            rows[key] = replace(
                before, area_percent=before.area_percent + share, peaks=(*before.peaks, peak.component.number)
            )
    ordered = sorted(rows.values(), key=lambda row: (-row.area_percent, row.peaks))
    return tuple(replace(row, area_percent=round(row.area_percent, 4)) for row in ordered)
