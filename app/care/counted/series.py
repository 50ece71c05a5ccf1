"""True counts for the detection of alerts: samples of one service with what was found in them, one by one.

Only app.care.alerts asks, and app.care.consultations for what staff are asked to do; nothing of it is a figure for anybody else. What leaves a service does so by a signed alert.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.care.counted.tables import TrendFinding, TrendSample

WATCHED_ROLES = ("substitute", "adulterant", "unstated")
"""What a finding is to what was expected where it is worth watching: not what was expected, no cutting agent, no
by-product, no excipient."""


@dataclass(frozen=True, slots=True)
class SeriesSample:
    """One sample as a series counts it. `period`: its session, or the week of a sample of an import."""

    sample_id: uuid.UUID
    own: bool
    period: str
    session_id: uuid.UUID | None
    day: date
    region: str
    intent: str
    found: frozenset[tuple[str, str]] = field(default=frozenset())
    """(substance or class, its class) of what is watched."""
    unsure: frozenset[str] = field(default=frozenset())
    """The substances of `found` that are not confirmed."""


def samples_of(session: Session, agency_id: uuid.UUID, since: date) -> list[SeriesSample]:
    """Samples of clients of one agency received since that day, oldest first. Undated ones are in no series."""
    rows = session.connection().execute(
        sa.select(
            TrendSample.sample_id, TrendSample.own_sample_id, TrendSample.session_id, TrendSample.week,
            TrendSample.day, TrendSample.region, TrendSample.expected,
        )  # type: ignore[call-overload]
        .where(_clients(agency_id), col(TrendSample.day) >= since)
        .order_by(col(TrendSample.day), col(TrendSample.sample_id))
    ).all()  # fmt: skip
    found, unsure = _watched(session, agency_id, since)
    return [
        SeriesSample(
            key, own is not None, str(held) if held else f"week {week}", held, day, region, expected,
            frozenset(found[key]), frozenset(unsure[key]),
        )
        for key, own, held, week, day, region, expected in rows
    ]  # fmt: skip


def _watched(
    session: Session, agency_id: uuid.UUID, since: date
) -> tuple[dict[uuid.UUID, set[tuple[str, str]]], dict[uuid.UUID, set[str]]]:
    """What was found in each sample, and what of that is not confirmed."""
    query = _of_findings(
        TrendFinding.sample_id, TrendFinding.found, TrendFinding.found_class, TrendFinding.confidence
    ).where(_clients(agency_id), col(TrendSample.day) >= since, col(TrendFinding.role).in_(WATCHED_ROLES))
    found: defaultdict[uuid.UUID, set[tuple[str, str]]] = defaultdict(set)
    unsure: defaultdict[uuid.UUID, set[str]] = defaultdict(set)
    for key, name, of_class, confidence in session.connection().execute(query):
        found[key].add((name, of_class))
        unsure[key].update((name, of_class) if confidence != "confirmed" else ())
    return found, unsure


def sessions_with_releases(session: Session, agency_id: uuid.UUID, since: datetime) -> list[uuid.UUID]:
    """Sessions of which something was released since that moment, oldest first."""
    query = (
        sa.select(col(TrendSample.session_id))
        .where(_clients(agency_id), col(TrendSample.released_at) >= since, col(TrendSample.session_id).is_not(None))
        .group_by(col(TrendSample.session_id))
        .order_by(sa.func.min(col(TrendSample.day)), col(TrendSample.session_id))
    )
    return [key for key in session.connection().execute(query).scalars() if key is not None]


def agencies(session: Session) -> list[uuid.UUID]:
    """Agencies anything is counted of."""
    query = sa.select(col(TrendSample.agency_id)).where(col(TrendSample.agency_id).is_not(None)).distinct()
    return sorted(key for key in session.connection().execute(query).scalars() if key is not None)


@dataclass(frozen=True, slots=True)
class Circles:
    """Earlier samples in the circles around one, and how many of them hold a substance."""

    here: int
    in_region: int
    ever: int
    samples_in_region: int
    samples_ever: int


def earlier(
    session: Session,
    agency_id: uuid.UUID,
    name: str,
    *,
    besides: uuid.UUID,
    told_at: datetime,
    session_id: uuid.UUID,
    region: str,
    region_since: date,
) -> Circles:
    """Samples of this agency told before one was, that hold a substance or class; of clients and others alike."""
    everywhere = _before(agency_id, besides, told_at)
    near = sa.and_(col(TrendSample.region) == region, col(TrendSample.day) >= region_since)
    found, kind = col(TrendFinding.found), col(TrendFinding.found_class)
    named = sa.or_(found == name, kind == name, kind.startswith(f"{name}.", autoescape=True))
    holds = col(TrendSample.sample_id).in_(sa.select(col(TrendFinding.sample_id)).where(named))
    here = sa.and_(holds, col(TrendSample.session_id) == session_id)
    circles = (here, sa.and_(holds, near), holds, near, sa.true())
    sums = [sa.func.sum(sa.case((which, 1), else_=0)) for which in circles]
    row = session.connection().execute(sa.select(*sums).select_from(TrendSample).where(everywhere)).one()
    return Circles(*(int(value or 0) for value in row))


def confirmed_elsewhere(
    session: Session, agency_id: uuid.UUID, names: Iterable[str], *, besides: uuid.UUID, since: date
) -> bool:
    """Whether one of these substances was confirmed in another sample that this agency received since that day."""
    wanted = sorted(names)
    if not wanted:
        return False
    query = _of_findings(TrendFinding.sample_id).where(
        col(TrendFinding.found).in_(wanted), col(TrendFinding.confidence) == "confirmed",
        col(TrendSample.agency_id) == agency_id, col(TrendSample.sample_id) != besides, col(TrendSample.day) >= since,
    )  # fmt: skip
    return session.connection().execute(query.limit(1)).first() is not None


def amounts_before(
    session: Session, agency_id: uuid.UUID, name: str, unit: str, basis: str, *, besides: uuid.UUID, told_at: datetime
) -> list[float]:
    """Amounts of a substance this agency told in the same unit and basis before those of one sample."""
    query = _of_findings(TrendFinding.amount).where(
        _before(agency_id, besides, told_at), col(TrendFinding.found) == name, col(TrendFinding.unit) == unit,
        col(TrendFinding.basis) == basis, col(TrendFinding.amount).is_not(None),
    )  # fmt: skip
    return list(session.connection().execute(query).scalars())


def _of_findings(*columns: Any) -> sa.Select[Any]:
    """These columns of findings, each beside its sample."""
    return sa.select(*columns).join_from(
        TrendFinding, TrendSample, col(TrendFinding.sample_id) == TrendSample.sample_id
    )


def _before(agency_id: uuid.UUID, besides: uuid.UUID, told_at: datetime) -> Any:
    """Samples of one agency told before a moment; imported history lies before everything told here."""
    earlier_ones = sa.or_(col(TrendSample.import_id).is_not(None), col(TrendSample.released_at) < told_at)
    return sa.and_(col(TrendSample.agency_id) == agency_id, col(TrendSample.sample_id) != besides, earlier_ones)


def _clients(agency_id: uuid.UUID) -> Any:
    return sa.and_(col(TrendSample.submitter_group) == "client", col(TrendSample.agency_id) == agency_id)
