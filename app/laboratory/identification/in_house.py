"""A mass spectrum against the laboratory's own standards: first and apart from libraries from elsewhere.

One out of date is shown and marked, and is no evidence. Nothing here says “identified”: that takes a second technique.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

from app.laboratory.identification.answer import Answer, Level
from app.laboratory.identification.parts import Candidate, InHouse, Isomer, OwnRun
from app.laboratory.identification.ranking import SearchConditions, as_candidates, libraries_of, regrouped, tagged
from app.laboratory.library.opened import Libraries, Opened, OwnEntry
from spectra import Candidate as Hit
from spectra import MassSpectrum, SpectrumError
from spectra.confidence.standards import Retention, Standard, exclude_isomers

MOST = 5
_NAMELESS = frozenset({Level.NOT_COMPARED, Level.RELATED, Level.NOTHING_ABOVE_LIMIT})


@lru_cache(maxsize=1)
def _numbers() -> dict[str, dict[str, float]]:
    """The figures of in_house.toml: a chemist reviews them there, not in code."""
    data = tomllib.loads(files("app.laboratory.identification").joinpath("in_house.toml").read_text(encoding="utf-8"))
    return {name: table for name, table in data.items() if isinstance(table, dict)}


@dataclass(frozen=True, slots=True)
class Own:
    """What own standards say of one spectrum: rows, best first, those that count before those that do not."""

    rows: tuple[Hit, ...]
    facts: dict[str, OwnEntry]
    book: Opened

    @property
    def counting(self) -> list[Hit]:
        """Rows of standards that are evidence now."""
        return [row for row in self.rows if not self.facts[row.entry_id].void]


def own_of(query: MassSpectrum, books: Sequence[Opened], conditions: SearchConditions) -> Own | None:
    """The best run of each own standard; None where there is none, or nothing resembles the spectrum."""
    if not books:
        return None
    book = books[0]
    score = "entropy" if book.accurate else "composite"
    try:
        found = tagged(book, book.mass.search(query, min(len(book), 200), score))
    except SpectrumError:
        return None
    best: dict[tuple[str, bool], Hit] = {}
    for row in (conditions.index.unified(c) for c in found):
        if row.entry_id in book.own and row.score >= _numbers()["shown"][score]:
            best.setdefault((row.compound, bool(book.own[row.entry_id].void)), row)
    rows = sorted(best.values(), key=lambda row: (bool(book.own[row.entry_id].void), -row.score))
    return Own(tuple(rows[:MOST]), dict(book.own), book) if rows else None


def with_own(answer: Answer, query: MassSpectrum, books: Sequence[Opened], conditions: SearchConditions) -> Answer:
    """The answer from elsewhere, with what own standards say before it and apart."""
    own = own_of(query, books, conditions)
    libraries = (*libraries_of(books), *answer.libraries)
    if own is None:
        return replace(answer, libraries=libraries)
    score = own.rows[0].score_name
    leading = [
        row
        for row in own.counting
        if row.score >= _numbers()["leads"][score] and retention_fits(own.facts[row.entry_id], conditions) is not False
    ]
    ruled_out = _excluded(query, own, leading, conditions)
    gone = {isomer.compound for isomer in ruled_out if isomer.excluded}
    leading = [row for row in leading if row.compound not in gone]
    rest = [row for row in own.rows if row not in leading]
    candidates = (
        *_candidates(leading, own, conditions), *answer.candidates, *_candidates(rest, own, conditions),
    )  # fmt: skip
    answer = replace(
        answer,
        candidates=tuple(replace(row, rank=place) for place, row in enumerate(candidates, start=1)),
        in_house=_in_house(own, leading, conditions, ruled_out),
        score_name=answer.score_name or score,
        libraries=libraries,
    )
    return _led(answer, leading, gone) if leading else answer


def _led(answer: Answer, leading: Sequence[Hit], gone: Collection[str]) -> Answer:
    """An own standard that fits speaks first; what libraries from elsewhere say stays as it is."""
    names = list(dict.fromkeys(row.name for row in leading))
    fits = f"Consistent with your own standard of {' or '.join(names[:3])}."
    named = dict.fromkeys([*(row.compound for row in leading), *answer.set])
    said = answer.in_house.sentences if answer.in_house is not None else ()
    return replace(
        answer,
        level=Level.CONSISTENT_WITH if answer.level in _NAMELESS else answer.level,
        headline=f"{fits} {answer.mixture}" if answer.mixture else fits,
        sentences=(*said, *answer.sentences),
        set=tuple(compound for compound in named if compound not in gone),
    )


def _candidates(rows: Sequence[Hit], own: Own, conditions: SearchConditions) -> tuple[Candidate, ...]:
    made = as_candidates(regrouped(list(rows)), [own.book], conditions.index)
    return tuple(
        replace(candidate, own_run=own_run(own.facts[row.entry_id])) for candidate, row in zip(made, rows, strict=True)
    )


def own_run(fact: OwnEntry) -> OwnRun:
    """What is known of a run of an own standard."""
    return OwnRun(
        True, fact.void, fact.lot, fact.instrument, fact.measured_at.date().isoformat(), str(fact.standard_id),
        fact.retention_time_s, fact.retention_index,
    )  # fmt: skip


def _excluded(
    query: MassSpectrum, own: Own, leading: Sequence[Hit], conditions: SearchConditions
) -> tuple[Isomer, ...]:
    """Which other own standards the one that fits best excludes, and why; never by a score."""
    others = [row for row in own.counting if leading and row.compound != leading[0].compound]
    if not others or own.book.accurate:
        return ()
    here = (
        Retention(conditions.retention_index, None, conditions.instrument.casefold()) if conditions.instrument else None
    )
    standards = [_standard(own, row) for row in (leading[0], *others)]
    try:
        found = exclude_isomers([query], standards[0], standards[1:], here)
    except SpectrumError:
        return ()
    return tuple(
        Isomer(row.compound, row.name, isomer.excluded, isomer.by, tuple(isomer.reasons))
        for row, isomer in zip(others, found, strict=True)
    )


def _standard(own: Own, row: Hit) -> Standard:
    """All runs of a row's compound that count, with their mean retention index on one instrument."""
    compound, ids = own.facts[row.entry_id].compound, list(own.book.mass.ids)
    runs = [
        (key, fact) for key, fact in own.facts.items() if fact.compound == compound and not fact.void and key in ids
    ]
    indices = [fact.retention_index for _, fact in runs if fact.retention_index is not None]
    machines = {fact.instrument.casefold() for _, fact in runs if fact.retention_index is not None}
    one = machines.pop() if len(machines) == 1 else ""  # runs whose instrument nobody named may be of two methods
    retention = Retention(sum(indices) / len(indices), None, one) if one else None
    return Standard(compound, row.name, tuple(own.book.mass.spectrum(ids.index(key)) for key, _ in runs), retention)


def _in_house(own: Own, leading: Sequence[Hit], conditions: SearchConditions, ruled_out: tuple[Isomer, ...]) -> InHouse:
    sentences = [words for row in own.rows for words in _sentences(row, own, conditions)]
    sentences += [reason for isomer in ruled_out for reason in isomer.reasons]
    agrees = tuple(row.compound for row in leading if retention_fits(own.facts[row.entry_id], conditions))
    return InHouse(len(own.book), tuple(row.compound for row in leading), tuple(sentences), agrees, ruled_out)


def _sentences(row: Hit, own: Own, conditions: SearchConditions) -> list[str]:
    fact = own.facts[row.entry_id]
    shown = f"{row.score:.0f} of 1000" if row.score_name == "composite" else f"{row.score:.2f} of 1"
    lot = f", lot {fact.lot}" if fact.lot else ""
    out = [f"Own standard of {row.name}{lot}, run of {fact.measured_at:%-d %B %Y}: {row.score_name} score {shown}."]
    if fact.void:
        return [out[0][:-1] + f"; it counts as no evidence, because {fact.void}."]
    if word := retention_words(fact, conditions):
        out.append(word)
    return out


RETIRED = "the standard was retired, or is here no more, since this was compared"


def void_now(candidate: Candidate, libraries: Libraries) -> str:
    """Why the own standard behind a candidate is no evidence at this moment; "" where it is, or is none.

    A comparison keeps what was so when it was made; a standard may be retired, or its certificate run out, after that.
    """
    if candidate.own_run is None:
        return ""
    book = next((library for library in libraries.own() if library.key == candidate.library_key), None)
    fact = book.own.get(candidate.entry) if book is not None else None
    return RETIRED if fact is None else fact.void


def retention_fits(fact: OwnEntry, conditions: SearchConditions) -> bool | None:
    """Index against index where both have one, else time against time on the same instrument; None: not to be said."""
    if conditions.retention_index is not None and fact.retention_index is not None:
        return abs(conditions.retention_index - fact.retention_index) <= _numbers()["retention"]["index_units"]
    if conditions.retention_time_s is None or fact.retention_time_s is None or _elsewhere(fact, conditions):
        return None
    return (
        abs(conditions.retention_time_s - fact.retention_time_s)
        <= _numbers()["retention"]["time_relative"] * fact.retention_time_s
    )


def _elsewhere(fact: OwnEntry, conditions: SearchConditions) -> bool:
    return bool(
        conditions.instrument and fact.instrument and conditions.instrument.casefold() != fact.instrument.casefold()
    )


def retention_words(fact: OwnEntry, conditions: SearchConditions) -> str:
    """How the retention times agree, as a sentence; "" where neither side has a time."""
    fits = retention_fits(fact, conditions)
    if fits is None:
        if conditions.retention_time_s is None or fact.retention_time_s is None:
            return ""
        return f"The standard of {fact.name} was run on another instrument, so retention times are not compared."
    if conditions.retention_index is not None and fact.retention_index is not None:
        said = f"retention index {conditions.retention_index:.0f} against {fact.retention_index:.0f}"
    else:
        said = f"{(conditions.retention_time_s or 0) / 60:.2f} min against {(fact.retention_time_s or 0) / 60:.2f} min"
    if fits:
        unnamed = (
            "" if conditions.instrument and fact.instrument else " Not both name their instrument: make sure it is one."
        )
        return f"The retention agrees with the own standard of {fact.name}: {said}.{unnamed}"
    return f"The retention speaks against {fact.name}: {said}. This standard supports no answer here."
