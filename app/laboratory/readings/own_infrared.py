"""The laboratory's own infrared references, used first: they lead the list, and explain mixtures before anybody else's.

A compound measured on the laboratory's own instrument has the shape its samples have; one from elsewhere has not. Own
references out of date are shown and marked, and explain nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from app.laboratory.library.shelf import Opened, OwnEntry
from app.laboratory.readings.ranking import Matched, Names
from spectra import Candidate, InfraredLibrary
from spectra.index.catalogue import Catalogue
from spectra.index.columns import TextColumn

LEADS = 0.70
"""First-derivative correlation with which an own reference leads, as any other answer (app/laboratory/readings/matching.py)."""
SHOWN = 0.40
"""Default: an own reference that correlates less is not listed; as in app/laboratory/readings/in_house.toml."""
NEARER = 0.05
"""Default: an entry of another compound from elsewhere that fits better by more than this is not put behind an own one."""
MOST = 50_000
"""Larger libraries are not joined in memory; then own references lead the list only."""

KEPT = 4
"""Joined libraries kept in memory."""

_lock = threading.Lock()
_joined: dict[tuple[str, str, str, tuple[str, ...]], tuple[InfraredLibrary, InfraredLibrary]] = {}


def own_first(
    found: Sequence[Candidate],
    shelf: Sequence[Opened],
    how: Names,
    ranked: Callable[[list[Candidate]], list[Candidate]],
) -> list[Candidate]:
    """Candidates of all libraries as one ranking, the laboratory's own references first where they fit.

    An own reference that fits stands for its compound instead of an entry from elsewhere, and comes first unless an
    entry of another compound fits better by more than NEARER. One out of date comes last. `ranked` makes one ranking of
    candidates of several libraries.
    """
    facts = _facts(shelf)
    if not facts:
        return ranked(list(found))
    found = [row for row in found if row.entry_id not in facts or row.score >= SHOWN]
    void = [row for row in found if row.entry_id in facts and facts[row.entry_id].void]
    fits = [row for row in found if _counts(row, facts) and row.score >= LEADS]
    stood_for = {how.index.unified(row).compound for row in fits}
    keys = {(row.library, row.entry_id) for row in fits}
    rest = [
        row for row in found
        if (row.library, row.entry_id) not in keys and how.index.unified(row).compound not in stood_for
    ]  # fmt: skip
    rows = ranked([*fits, *[row for row in rest if row not in void]])
    best = max((row.score for row in rows if not _counts(row, facts)), default=0.0)
    leading = [row for row in rows if _counts(row, facts) and row.score >= max(LEADS, best - NEARER)]
    ordered = [*leading, *[row for row in rows if row not in leading], *ranked(void)]
    return [replace(row, rank=place) for place, row in enumerate(ordered, start=1)]


def _counts(row: Candidate, facts: dict[str, OwnEntry]) -> bool:
    return row.entry_id in facts and not facts[row.entry_id].void


def for_mixtures(home: Opened, shelf: Sequence[Opened], instrument: str = "") -> Opened:
    """The library a mixture is explained with: own references that count, then `home` without their compounds.

    Own references of the reading's own `instrument` are marked so: only with such a one is a part "identified".
    """
    own = next((one for one in shelf if one.own), None)
    if own is None:
        return home
    others = [one for one in shelf if not one.own]
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


def marked(matched: Matched, shelf: Sequence[Opened]) -> Matched:
    """The same answer with what is known of each own reference in its row, and said in a sentence."""
    facts = _facts(shelf)
    if not facts:
        return matched
    rows = [row | _said(facts[str(row["entry"])]) if str(row["entry"]) in facts else row for row in matched.candidates]
    mine = [row for row in rows if row.get("own") and not row["void"]]
    leading = [row for row in mine if rows[0].get("own") and row["score"] >= LEADS]
    sentences = [_sentence(row) for row in rows if row.get("own")]
    answer = {
        **matched.answer,
        "in_house": {"searched": len(facts), "supports": [row["compound"] for row in leading], "sentences": sentences},
        "sentences": [*sentences, *matched.answer["sentences"]],
    }
    return replace(matched, candidates=rows, answer=answer)


def _facts(shelf: Sequence[Opened]) -> dict[str, OwnEntry]:
    return {key: fact for one in shelf for key, fact in one.own.items()}


def _said(fact: OwnEntry) -> dict[str, Any]:
    return {
        "own": True, "void": fact.void, "lot": fact.lot, "instrument": fact.instrument,
        "measured_on": fact.measured_at.date().isoformat(), "standard_id": str(fact.standard_id),
        "retention_time_s": None, "retention_index": None,
    }  # fmt: skip


def _sentence(row: dict[str, Any]) -> str:
    where = f" on {row['instrument']}" if row["instrument"] else ""
    lot = f", lot {row['lot']}" if row["lot"] else ""
    words = (
        f"Own reference of {row['substance']}{lot}, measured{where} on {row['measured_on']}: {row['score']:.2f} of 1."
    )
    return f"{words[:-1]}; it counts as no evidence, because {row['void']}." if row["void"] else words
