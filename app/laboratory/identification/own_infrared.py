"""The laboratory's own infrared references, used first: they lead the list, and explain mixtures before anybody else's.

A compound measured on the laboratory's own instrument has the shape its samples have; one from elsewhere has not. Own
references out of date are shown and marked, and explain nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.in_house import own_run
from app.laboratory.identification.parts import Candidate, InHouse
from app.laboratory.identification.ranking import SearchConditions
from app.laboratory.library.opened import Opened, OwnEntry
from spectra import Candidate as Hit
from spectra import InfraredLibrary
from spectra.index.catalogue import Catalogue
from spectra.index.columns import TextColumn

LEADS = 0.70
"""First-derivative correlation with which an own reference leads, as any other answer (app/laboratory/identification/matching.py)."""
SHOWN = 0.40
"""Default: an own reference that correlates less is not listed; as in app/laboratory/identification/in_house.toml."""
NEARER = 0.05
"""Default: an entry of another compound from elsewhere that fits better by more than this is not put behind an own one."""
MOST = 50_000
"""Larger libraries are not joined in memory; then own references lead the list only."""

KEPT = 4
"""Joined libraries kept in memory."""

_lock = threading.Lock()
_joined: dict[tuple[str, str, str, tuple[str, ...]], tuple[InfraredLibrary, InfraredLibrary]] = {}


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
    if home.own or len(home) > MOST:
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
    return f"{words[:-1]}; it counts as no evidence, because {fact.void}." if fact.void else words
