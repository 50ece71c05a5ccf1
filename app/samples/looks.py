"""How samples look and what was said of harm, by key, for jobs. What a ticket or a person is stays where it is."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.samples.domain import ConsentAnswer, ConsentKind, SubmitterType
from app.samples.lookup import consents_of
from app.samples.tables import Sample

AT_ONCE = 500
"""Keys in one statement: SQLite of old takes 999 values."""


@dataclass(frozen=True, slots=True)
class SampleLook:
    """One sample by how it looks. `number`: of its session, for staff of its agency."""

    sample_id: uuid.UUID
    session_id: uuid.UUID
    number: int
    form: str
    logo: str
    colours: tuple[str, ...]
    group: str
    withdrawn: bool


def looks_of(session: Session, agency_id: uuid.UUID, sample_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, SampleLook]:
    """Those of these samples that are this agency's."""
    wanted = list(sample_ids)
    found: dict[uuid.UUID, SampleLook] = {}
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        for row in session.exec(select(Sample).where(col(Sample.id).in_(part), Sample.agency_id == agency_id)):
            found[row.id] = SampleLook(
                row.id, row.session_id, row.number, row.form.value, row.logo, tuple(row.colours), row.group_ref,
                row.withdrawn_at is not None,
            )  # fmt: skip
    return found


def may_be_described(session: Session, sample_ids: Sequence[uuid.UUID]) -> bool:
    """Whether how all of these look may be said in an alert: their clients said yes, and none is withdrawn.

    Where staff, police or a partner handed something in there is no client to ask; a no is a no there too.
    """
    rows = {row.id: row for row in session.exec(select(Sample).where(col(Sample.id).in_(list(sample_ids))))}
    if len(rows) < len(set(sample_ids)):
        return False
    for row in rows.values():
        answer = consents_of(session, row.id)[ConsentKind.SHARE_IN_ALERT]
        asked = row.submitter_type is SubmitterType.PUBLIC
        if row.withdrawn_at is not None or answer is ConsentAnswer.NO or (asked and answer is not ConsentAnswer.YES):
            return False
    return True
