"""What a session's report counts of samples: times, what was expected, whether figures may be passed on. Reads only.

Knows no result: whoever counts puts the two together by the sample's key.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.intake.samples.domain import ConsentAnswer, ConsentKind, Intent, SubmitterType
from app.intake.samples.lookup import expected_of_each
from app.intake.samples.queue import samples_of_session
from app.intake.samples.tables import Consent, Sample

NEVER_CLIENTS = frozenset({SubmitterType.POLICE_BACK_OF_HOUSE, SubmitterType.PARTNER_AGENCY})
"""Their samples are never mixed with those of clients in a figure that leaves the service."""


@dataclass(frozen=True, slots=True)
class SampleFact:
    """One sample of a session. `expected`: a register id or class, "mixture" for several things, "unknown" for none."""

    id: uuid.UUID
    number: int
    expected: str
    received_at: datetime
    analysed_at: datetime | None
    released_at: datetime | None
    told_at: datetime | None
    withdrawn_at: datetime | None
    may_be_passed_on: bool


def facts_of_session(session: Session, agency_id: uuid.UUID, session_id: uuid.UUID) -> list[SampleFact]:
    """Every sample of a session in the order they came, withdrawn ones too."""
    rows = samples_of_session(session, agency_id, session_id, in_queue=False)
    expected = expected_of_each(session, [row.id for row in rows])
    agreed = _agreed(session, session_id)
    return [
        SampleFact(
            row.id, row.number, expectation(row.intent, expected[row.id]), row.received_at, row.analysed_at,
            row.released_at, row.told_at, row.withdrawn_at,
            row.withdrawn_at is None and row.id in agreed and row.submitter_type not in NEVER_CLIENTS,
        )
        for row in rows
    ]  # fmt: skip


def expectation(intent: Intent, named: list[str]) -> str:
    """The one thing a sample is counted under, as published figures count it."""
    if intent is Intent.MIXTURE or len(named) > 1:
        return "mixture"
    return "unknown" if intent is Intent.UNKNOWN or not named else named[0]


def _agreed(session: Session, session_id: uuid.UUID) -> set[uuid.UUID]:
    """Samples whose last answer to “count it in figures” is yes."""
    query = (
        select(Consent.sample_id, Consent.answer)
        .join(Sample, col(Sample.id) == col(Consent.sample_id))
        .where(Sample.session_id == session_id, Consent.kind == ConsentKind.AGGREGATE_DATA)
        .order_by(col(Consent.at), col(Consent.id))
    )
    last = dict(session.exec(query).all())
    return {key for key, answer in last.items() if answer is ConsentAnswer.YES}
