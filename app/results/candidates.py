"""From a candidate of a spectrum to a finding: the register's substance, with what cannot be told apart. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.results.finding import NewFinding
from harm_messages.vocabulary import Abundance

MOST_ALIKE = 12


def with_candidate(
    there: Sequence[NewFinding], candidate: Mapping[str, Any], analysis_id: uuid.UUID
) -> list[NewFinding]:
    """The findings with this candidate among them. A second technique narrows down what cannot be told apart."""
    new = finding_of_candidate(candidate, analysis_id)
    out = []
    merged = False
    for old in there:
        if old.key != new.key:
            out.append(old)
            continue
        merged = True
        fresh = analysis_id not in old.analysis_ids
        alike = tuple(a for a in old.cannot_tell_from if a in new.cannot_tell_from or not fresh)
        analyses = (*old.analysis_ids, analysis_id) if fresh else old.analysis_ids
        out.append(replace(old, analysis_ids=analyses, cannot_tell_from=alike))
    return out if merged else [*out, new]


def with_parts(
    there: Sequence[NewFinding], parts: Sequence[Mapping[str, Any]], analysis_id: uuid.UUID
) -> list[NewFinding]:
    """The findings with every part of a mixture among them."""
    rows = [{**part, "ambiguous_with": part.get("not_distinguished", [])} for part in parts]
    return with_rows(there, [(row, analysis_id) for row in rows])


def with_rows(there: Sequence[NewFinding], rows: Iterable[tuple[Mapping[str, Any], uuid.UUID]]) -> list[NewFinding]:
    """The findings with each row of an answer among them; a part that is only possible is an indication."""
    out = list(there)
    for row, analysis_id in rows:
        held = {old.key for old in out}
        out = with_candidate(out, row, analysis_id)
        if out[-1].key not in held and row.get("grade") == "possible":
            out[-1] = replace(out[-1], abundance=Abundance.INDICATION)
    return out


def with_strip(
    there: Sequence[NewFinding], target: str, is_substance: bool, analysis_id: uuid.UUID
) -> list[NewFinding]:
    """The findings with what a positive strip says among them: its class, or the one substance it reacts to."""
    new = NewFinding(
        substance_id=target if is_substance else None,
        substance_class="" if is_substance else target,
        abundance=Abundance.INDICATION,
        analysis_ids=(analysis_id,),
    )
    if any(old.key == new.key for old in there):
        return [
            replace(old, analysis_ids=tuple(dict.fromkeys((*old.analysis_ids, analysis_id))))
            if old.key == new.key
            else old
            for old in there
        ]
    return [*there, new]


def finding_of_candidate(candidate: Mapping[str, Any], analysis_id: uuid.UUID) -> NewFinding:
    """A new finding. What the register does not know keeps the library's name and has no name of ours yet."""
    known = str(candidate.get("substance_id") or "")
    alike = tuple(str(name)[:80] for name in candidate.get("ambiguous_with", []))[:MOST_ALIKE]
    return NewFinding(
        substance_id=known or None,
        substance_class=str(candidate.get("substance_class") or "") if known else "",
        unknown_label="" if known else str(candidate["substance"])[:80],
        analysis_ids=(analysis_id,),
        cannot_tell_from=alike,
    )
