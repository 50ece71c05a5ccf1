"""Names that occur in the facts, the first period with any, and how long results take: what a question is checked with.

Returns names in so many samples at least, and never a count.
"""

from __future__ import annotations

import uuid
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col

from app.care.counted.service import TrendFinding, TrendSample
from app.figures.trends.domain import Dimension
from app.figures.trends.repository_columns import columns_of, of_clients


def was_found(session: Session, name: str, *, least: int) -> bool:
    """Whether at least so many samples of clients hold this, the register knowing it or not."""
    query = (
        sa.select(sa.func.count())
        .join_from(TrendFinding, TrendSample, col(TrendFinding.sample_id) == TrendSample.sample_id)
        .where(of_clients(None), col(TrendFinding.found) == name)
    )
    return int(session.connection().execute(query).scalar_one()) >= least


def first_of(session: Session, period: Dimension, *, agency_id: uuid.UUID | None) -> str:
    """The earliest week, month, quarter or year with any client sample, or nothing."""
    (column,) = columns_of((period,))
    query = sa.select(sa.func.min(column)).where(of_clients(agency_id), column != "")
    return str(session.connection().execute(query).scalar_one() or "")


def wait_at(
    session: Session, share: float, days: tuple[date, date], *, fewest: int, agency_id: uuid.UUID | None
) -> int:
    """Minutes within which this share of samples received in these days was released; 0 where fewer than `fewest` are known."""
    waits = sa.and_(
        of_clients(agency_id), col(TrendSample.turnaround_min).is_not(None), col(TrendSample.day).between(*days)
    )
    known = int(session.connection().execute(sa.select(sa.func.count()).where(waits)).scalar_one())
    if known < fewest:
        return 0
    ordered = sa.select(col(TrendSample.turnaround_min)).where(waits).order_by(col(TrendSample.turnaround_min))
    return int(session.connection().execute(ordered.offset(int(share * (known - 1))).limit(1)).scalar_one() or 0)
