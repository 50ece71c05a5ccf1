"""A mass spectrum against the laboratory's own standards: first and apart from libraries from elsewhere.

One out of date is shown and marked, and is no evidence. Nothing here says “identified”: that takes a second technique.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

from app.laboratory.library.shelf import Opened, OwnEntry, Shelf
from app.laboratory.readings.ranking import Matched, Names, regrouped, rows_as_json, tagged
from spectra import Candidate, IdentificationLevel, MassSpectrum, SpectrumError
from spectra.confidence.standards import Retention, Standard, exclude_isomers

MOST = 5


@lru_cache(maxsize=1)
def _numbers() -> dict[str, dict[str, float]]:
    """The figures of in_house.toml: a chemist reviews them there, not in code."""
    data = tomllib.loads(files("app.laboratory.readings").joinpath("in_house.toml").read_text(encoding="utf-8"))
    return {name: table for name, table in data.items() if isinstance(table, dict)}


@dataclass(frozen=True, slots=True)
class Own:
    """What own standards say of one spectrum: rows, best first, those that count before those that do not."""

    rows: tuple[Candidate, ...]
    facts: dict[str, OwnEntry]
    book: Opened

    @property
    def counting(self) -> list[Candidate]:
        """Rows of standards that are evidence now."""
        return [row for row in self.rows if not self.facts[row.entry_id].void]


def own_of(query: MassSpectrum, books: Sequence[Opened], how: Names) -> Own | None:
    """The best run of each own standard; None where there is none, or nothing resembles the spectrum."""
    if not books:
        return None
    book = books[0]
    score = "entropy" if book.accurate else "composite"
    try:
        found = tagged(book, book.mass.search(query, min(len(book), 200), score))
    except SpectrumError:
        return None
    best: dict[tuple[str, bool], Candidate] = {}
    for row in (how.index.unified(c) for c in found):
        if row.entry_id in book.own and row.score >= _numbers()["shown"][score]:
            best.setdefault((row.compound, bool(book.own[row.entry_id].void)), row)
    rows = sorted(best.values(), key=lambda row: (bool(book.own[row.entry_id].void), -row.score))
    return Own(tuple(rows[:MOST]), dict(book.own), book) if rows else None


def with_own(matched: Matched, query: MassSpectrum, books: Sequence[Opened], how: Names) -> Matched:
    """The answer from elsewhere, with what own standards say before it and apart."""
    own = own_of(query, books, how)
    searched = [
        {"key": b.key, "name": b.name, "n_entries": len(b), "starter": False, "source": b.source} for b in books
    ]
    if own is None:
        return replace(matched, libraries=[*searched, *matched.libraries])
    score = own.rows[0].score_name
    leading = [
        r
        for r in own.counting
        if r.score >= _numbers()["leads"][score] and retention_fits(own.facts[r.entry_id], how) is not False
    ]
    ruled_out = _excluded(query, own, leading, how)
    gone = {one["compound"] for one in ruled_out if one["excluded"]}
    leading = [row for row in leading if row.compound not in gone]
    rest = [row for row in own.rows if row not in leading]
    candidates = [*_json(leading, own, how), *matched.candidates, *_json(rest, own, how)]
    for place, row in enumerate(candidates, start=1):
        row["rank"] = place
    answer = {**matched.answer, "in_house": _in_house(own, leading, how, ruled_out)}
    if leading:
        _lead(answer, leading, own)
        answer["set"] = [compound for compound in answer["set"] if compound not in gone]
    return replace(
        matched, candidates=candidates, answer=answer, score_name=matched.score_name or score,
        libraries=[*searched, *matched.libraries],
    )  # fmt: skip


def _lead(answer: dict[str, Any], leading: Sequence[Candidate], own: Own) -> None:
    """An own standard that fits speaks first; what libraries from elsewhere say stays as it is."""
    names = list(dict.fromkeys(row.name for row in leading))
    fits = f"Consistent with your own standard of {' or '.join(names[:3])}."
    answer["headline"] = f"{fits} {answer['mixture']}" if answer.get("mixture") else fits
    if answer["level"] in ("not_compared", IdentificationLevel.RELATED.value, "nothing_above_limit"):
        answer["level"] = IdentificationLevel.CONSISTENT_WITH.value
    answer["set"] = list(dict.fromkeys([*(row.compound for row in leading), *answer["set"]]))
    answer["sentences"] = [*answer["in_house"]["sentences"], *answer["sentences"]]


def _json(rows: Sequence[Candidate], own: Own, how: Names) -> list[dict[str, Any]]:
    out = rows_as_json(regrouped(list(rows)), [own.book], how.index)
    for row, candidate in zip(out, rows, strict=True):
        fact = own.facts[candidate.entry_id]
        row |= {
            "own": True, "void": fact.void, "lot": fact.lot, "instrument": fact.instrument,
            "measured_on": fact.measured_at.date().isoformat(), "standard_id": str(fact.standard_id),
            "retention_time_s": fact.retention_time_s, "retention_index": fact.retention_index,
        }  # fmt: skip
    return out


def _excluded(query: MassSpectrum, own: Own, leading: Sequence[Candidate], how: Names) -> list[dict[str, Any]]:
    """Which other own standards the one that fits best excludes, and why; never by a score."""
    others = [row for row in own.counting if leading and row.compound != leading[0].compound]
    if not others or own.book.accurate:
        return []
    here = Retention(how.retention_index, None, how.instrument.casefold()) if how.instrument else None
    standards = [_standard(own, row) for row in (leading[0], *others)]
    try:
        found = exclude_isomers([query], standards[0], standards[1:], here)
    except SpectrumError:
        return []
    return [
        {
            "compound": row.compound,
            "name": row.name,
            "excluded": one.excluded,
            "by": one.by,
            "reasons": list(one.reasons),
        }
        for row, one in zip(others, found, strict=True)
    ]


def _standard(own: Own, row: Candidate) -> Standard:
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


def _in_house(
    own: Own, leading: Sequence[Candidate], how: Names, ruled_out: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    sentences = [words for row in own.rows for words in _sentences(row, own, how)]
    sentences += [reason for one in ruled_out for reason in one["reasons"]]
    agrees = [r.compound for r in leading if retention_fits(own.facts[r.entry_id], how)]
    return {
        "searched": len(own.book), "supports": [row.compound for row in leading], "retention_agrees": agrees,
        "sentences": sentences, "isomers": list(ruled_out),
    }  # fmt: skip


def _sentences(row: Candidate, own: Own, how: Names) -> list[str]:
    fact = own.facts[row.entry_id]
    shown = f"{row.score:.0f} of 1000" if row.score_name == "composite" else f"{row.score:.2f} of 1"
    lot = f", lot {fact.lot}" if fact.lot else ""
    out = [f"Own standard of {row.name}{lot}, run of {fact.measured_at:%-d %B %Y}: {row.score_name} score {shown}."]
    if fact.void:
        return [out[0][:-1] + f"; it counts as no evidence, because {fact.void}."]
    if word := retention_words(fact, how):
        out.append(word)
    return out


RETIRED = "the standard was retired, or is here no more, since this was compared"


def void_now(candidate: Mapping[str, Any], shelf: Shelf) -> str:
    """Why the own standard behind a candidate is no evidence at this moment; "" where it is, or is none.

    A comparison keeps what was so when it was made; a standard may be retired, or its certificate run out, after that.
    """
    if not candidate.get("own"):
        return ""
    books = [one for one in shelf.own() if one.key == candidate["library_key"]]
    fact = books[0].own.get(str(candidate["entry"])) if books else None
    return RETIRED if fact is None else fact.void


def retention_fits(fact: OwnEntry, how: Names) -> bool | None:
    """Index against index where both have one, else time against time on the same instrument; None: not to be said."""
    if how.retention_index is not None and fact.retention_index is not None:
        return abs(how.retention_index - fact.retention_index) <= _numbers()["retention"]["index_units"]
    if how.retention_time_s is None or fact.retention_time_s is None or _elsewhere(fact, how):
        return None
    return (
        abs(how.retention_time_s - fact.retention_time_s)
        <= _numbers()["retention"]["time_relative"] * fact.retention_time_s
    )


def _elsewhere(fact: OwnEntry, how: Names) -> bool:
    return bool(how.instrument and fact.instrument and how.instrument.casefold() != fact.instrument.casefold())


def retention_words(fact: OwnEntry, how: Names) -> str:
    """The same as a sentence; "" where neither side has a time."""
    fits = retention_fits(fact, how)
    if fits is None:
        if how.retention_time_s is None or fact.retention_time_s is None:
            return ""
        return f"The standard of {fact.name} was run on another instrument, so retention times are not compared."
    if how.retention_index is not None and fact.retention_index is not None:
        said = f"retention index {how.retention_index:.0f} against {fact.retention_index:.0f}"
    else:
        said = f"{(how.retention_time_s or 0) / 60:.2f} min against {(fact.retention_time_s or 0) / 60:.2f} min"
    if fits:
        unnamed = "" if how.instrument and fact.instrument else " Not both name their instrument: make sure it is one."
        return f"The retention agrees with the own standard of {fact.name}: {said}.{unnamed}"
    return f"The retention speaks against {fact.name}: {said}. This standard supports no answer here."
