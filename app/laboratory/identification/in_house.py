"""A reading against the laboratory's own standards: mass spectra first and apart from libraries from elsewhere, infrared
references in one list with them.

One out of date is shown and marked, and is no evidence. Nothing here says “identified”: that takes a second technique.
"""

from __future__ import annotations

import json
import threading
import tomllib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

import numpy as np

from app.laboratory.identification.answer import Answer, Level
from app.laboratory.identification.parts import Candidate, InHouse, Isomer, OwnRun
from app.laboratory.identification.ranking import SearchConditions, as_candidates, libraries_of, regrouped, tagged
from app.laboratory.library.domain import Libraries, Opened, OwnEntry
from spectra import Candidate as Hit
from spectra import InfraredLibrary, MassSpectrum, SpectrumError
from spectra.confidence.standards import Retention, Standard, exclude_isomers
from spectra.index.catalogue import Catalogue
from spectra.index.columns import TextColumn

MOST = 5
LEADS = 0.70
"""First-derivative correlation with which an own reference leads, as any other answer (app/laboratory/identification/matching.py)."""
SHOWN = 0.40
"""Default: an own reference that correlates less is not listed; as in app/laboratory/identification/in_house.toml."""
NEARER = 0.05
"""Default: an entry of another compound from elsewhere that fits better by more than this is not put behind an own one."""
MOST_JOINED = 50_000
"""Larger libraries are not joined in memory; then own references lead the list only."""

KEPT = 4
"""Joined libraries kept in memory."""

_NAMELESS = frozenset({Level.NOT_COMPARED, Level.RELATED, Level.NOTHING_ABOVE_LIMIT})
_lock = threading.Lock()
_joined: dict[tuple[str, str, str, tuple[str, ...]], tuple[InfraredLibrary, InfraredLibrary]] = {}


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
    sentences = [words for row in own.rows for words in _sentences(row, own, conditions)]
    sentences += [reason for isomer in ruled_out for reason in isomer.reasons]
    agrees = tuple(row.compound for row in leading if retention_fits(own.facts[row.entry_id], conditions))
    candidates = (
        *_candidates(leading, own, conditions), *answer.candidates, *_candidates(rest, own, conditions),
    )  # fmt: skip
    answer = replace(
        answer,
        candidates=tuple(replace(row, rank=place) for place, row in enumerate(candidates, start=1)),
        in_house=InHouse(len(own.book), tuple(row.compound for row in leading), tuple(sentences), agrees, ruled_out),
        score_name=answer.score_name or score,
        libraries=libraries,
    )
    return _led(answer, leading, gone) if leading else answer


def _led(answer: Answer, leading: Sequence[Hit], gone: Collection[str]) -> Answer:
    """An own standard that fits speaks first; what libraries from elsewhere say stays as it is."""
    names = list(dict.fromkeys(row.name for row in leading))
    fits = f"Consistent with your in-house standard of {' or '.join(names[:3])}."
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


def _sentences(row: Hit, own: Own, conditions: SearchConditions) -> list[str]:
    fact = own.facts[row.entry_id]
    shown = f"{row.score:.0f} of 1000" if row.score_name == "composite" else f"{row.score:.2f} of 1"
    lot = f", lot {fact.lot}" if fact.lot else ""
    out = [f"In-house standard of {row.name}{lot}, run {fact.measured_at:%-d %b %Y}: {row.score_name} score {shown}."]
    if fact.void:
        return [out[0][:-1] + f". It does not count, because {fact.void}."]
    if word := retention_words(fact, conditions):
        out.append(word)
    return out


RETIRED = "the standard was retired or removed after this search"


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
    here, there, own = conditions.instrument.casefold(), fact.instrument.casefold(), fact.retention_time_s
    if conditions.retention_time_s is None or own is None or (here and there and here != there):
        return None
    return abs(conditions.retention_time_s - own) <= _numbers()["retention"]["time_relative"] * own


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
    if not fits:
        return f"The retention does not fit {fact.name}: {said}. This standard does not count here."
    named = conditions.instrument and fact.instrument
    unnamed = "" if named else " Check that both were run on the same instrument."
    return f"The retention agrees with the in-house standard of {fact.name}: {said}.{unnamed}"


# -- infrared references: a compound measured on the laboratory's own instrument has the shape its samples have, one from
# elsewhere has not; so they lead the list, and explain mixtures before anybody else's


def own_first(
    found: Sequence[Hit],
    registry: Sequence[Opened],
    conditions: SearchConditions,
    ranked: Callable[[list[Hit]], list[Hit]],
) -> list[Hit]:
    """Candidates of all libraries as one ranking, the laboratory's own references first where they fit.

    An own reference that fits stands for its compound instead of an entry from elsewhere, and comes first unless an
    entry of another compound fits better by more than NEARER. One out of date comes last. `ranked` makes one ranking of
    candidates of several libraries.
    """
    facts = _facts(registry)
    if not facts:
        return ranked(list(found))
    found = [row for row in found if row.entry_id not in facts or row.score >= SHOWN]
    void = [row for row in found if row.entry_id in facts and facts[row.entry_id].void]
    fits = [row for row in found if _counts(row, facts) and row.score >= LEADS]
    stood_for = {conditions.index.unified(row).compound for row in fits}
    keys = {(row.library, row.entry_id) for row in fits}
    rest = [
        row for row in found
        if (row.library, row.entry_id) not in keys and conditions.index.unified(row).compound not in stood_for
    ]  # fmt: skip
    rows = ranked([*fits, *[row for row in rest if row not in void]])
    best = max((row.score for row in rows if not _counts(row, facts)), default=0.0)
    leading = [row for row in rows if _counts(row, facts) and row.score >= max(LEADS, best - NEARER)]
    ordered = [*leading, *[row for row in rows if row not in leading], *ranked(void)]
    return [replace(row, rank=place) for place, row in enumerate(ordered, start=1)]


def _counts(row: Hit, facts: dict[str, OwnEntry]) -> bool:
    return row.entry_id in facts and not facts[row.entry_id].void


def for_mixtures(home: Opened, registry: Sequence[Opened], instrument: str = "") -> Opened:
    """The library a mixture is explained with: own references that count, then `home` without their compounds.

    Own references of the reading's own `instrument` are marked so: only with such a one is a part "identified".
    """
    own = next((one for one in registry if one.own), None)
    if own is None:
        return home
    others = [one for one in registry if not one.own]
    if home.own:
        home = max(others, key=len, default=home)
    if home.own or len(home) > MOST_JOINED:
        return home
    counting = tuple(key for key, fact in own.own.items() if not fact.void)
    key = (home.key, home.name, instrument.casefold(), counting)
    with _lock:
        known = _joined.get(key)
        if known is None or known[0] is not home.spectra:
            while len(_joined) >= KEPT:
                del _joined[next(iter(_joined))]  # the oldest: of another agency, or before a standard came
            known = _joined[key] = (home.infrared, _join(own, counting, home, instrument))
    return replace(home, spectra=known[1])


def _join(own: Opened, counting: Sequence[str], home: Opened, instrument: str) -> InfraredLibrary:
    first, second = own.infrared, home.infrared
    mine = [k for k, key in enumerate(first.ids) if key in set(counting)]
    compounds = {first.compounds[k] for k in mine}
    theirs = [k for k, compound in enumerate(second.compounds) if compound not in compounds]
    parts = [(first, mine), (second, theirs)]
    curves = np.concatenate([np.asarray(book.curves[np.array(keep, dtype=np.int64)]) for book, keep in parts if keep])
    classes = np.concatenate([book.resolution[np.array(keep, dtype=np.int64)] for book, keep in parts if keep])
    names, keys, ids, formulas = (
        TextColumn.of([getattr(book.catalogue, name)[k] for book, keep in parts for k in keep])
        for name in ("names", "compounds", "ids", "formulas")
    )
    here = {key for key, fact in own.own.items() if instrument and fact.instrument.casefold() == instrument.casefold()}
    details = [_detail(first, k, first.ids[k] in here) for k in mine] + [second.catalogue.details[k] for k in theirs]
    return InfraredLibrary(
        curves, Catalogue(names, keys, ids, formulas, TextColumn.of(details), dict(second.info)), classes
    )


def _detail(library: InfraredLibrary, entry: int, on_this_instrument: bool) -> str:
    detail = library.catalogue.detail(entry)
    detail["meta"] = {**detail.get("meta", {}), "own_instrument": on_this_instrument}
    return json.dumps(detail, ensure_ascii=False, default=str)


def marked(answer: Answer, registry: Sequence[Opened]) -> Answer:
    """An answer with what is known of each own reference in its row, and said in a sentence."""
    facts = _facts(registry)
    if not facts:
        return answer
    rows = tuple(
        replace(row, own_run=replace(own_run(facts[row.entry]), retention_time_s=None, retention_index=None))
        if row.entry in facts
        else row
        for row in answer.candidates
    )
    mine = [row for row in rows if row.own_run is not None and not row.void]
    leading = [row.compound for row in mine if rows[0].own_run is not None and row.score >= LEADS]
    sentences = tuple(_sentence(row, facts[row.entry]) for row in rows if row.own_run is not None)
    return replace(
        answer, candidates=rows, in_house=InHouse(len(facts), tuple(leading), sentences),
        sentences=(*sentences, *answer.sentences),
    )  # fmt: skip


def _facts(registry: Sequence[Opened]) -> dict[str, OwnEntry]:
    return {key: fact for library in registry for key, fact in library.own.items()}


def _sentence(row: Candidate, fact: OwnEntry) -> str:
    where = f" on {fact.instrument}" if fact.instrument else ""
    lot = f", lot {fact.lot}" if fact.lot else ""
    when = fact.measured_at.date().isoformat()
    words = f"Own reference of {row.substance}{lot}, measured{where} on {when}: {row.score:.2f} of 1."
    return f"{words[:-1]}. It does not count, because {fact.void}." if fact.void else words
