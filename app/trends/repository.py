"""Counting samples in the fact tables. Returns true counts: only trends.service may see them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.trends.domain import EXPECTATION_KNOWN, Count, Dimension, Measure
from app.trends.tables import TrendFinding, TrendSample

_COLUMNS: dict[Dimension, Any] = {
    Dimension.MONTH: TrendSample.month,
    Dimension.REGION: TrendSample.region,
    Dimension.EXPECTED: TrendSample.expected,
    Dimension.EXPECTED_CLASS: TrendSample.expected_class,
    Dimension.FORM: TrendSample.form,
    Dimension.SERVICE_TYPE: TrendSample.service_type,
    Dimension.SITE: TrendSample.site,
    Dimension.AGENCY: TrendSample.agency_id,
}


def counts(
    session: Session,
    measure: Measure,
    dimensions: Sequence[Dimension],
    filters: Mapping[Dimension, str],
    *,
    found: str = "",
    months: tuple[str, str] = ("", ""),
    agency_id: uuid.UUID | None = None,
) -> list[Count]:
    """Numerator and denominator per combination of the dimensions, client samples only."""
    columns = [_COLUMNS[d] for d in dimensions]
    if measure.name == "found":
        hit: Any = sa.exists().where(
            col(TrendFinding.sample_id) == TrendSample.sample_id,
            sa.or_(col(TrendFinding.found) == found, _in_class(found)),
        )
        base = col(TrendSample.verdict) != "inconclusive"
    else:
        hit = col(TrendSample.verdict).in_(sorted(measure.numerator))
        base = col(TrendSample.verdict).in_(sorted(EXPECTATION_KNOWN))
    query = (
        sa.select(*columns, sa.func.sum(sa.case((hit, 1), else_=0)), sa.func.count())
        .select_from(TrendSample)
        .where(base, col(TrendSample.submitter_group) == "client")
    )
    for dimension, value in filters.items():
        if dimension is Dimension.EXPECTED_CLASS:
            query = query.where(
                sa.or_(
                    col(TrendSample.expected_class) == value, col(TrendSample.expected_class).startswith(value + ".")
                )
            )
        else:
            query = query.where(_COLUMNS[dimension] == value)
    first, last = months
    if first:
        query = query.where(col(TrendSample.month) >= first)
    if last:
        query = query.where(col(TrendSample.month) <= last)
    if agency_id is not None:
        query = query.where(col(TrendSample.agency_id) == agency_id)
    query = query.group_by(*columns).order_by(*columns)
    return [
        Count(tuple(str(value) for value in row[:-2]), int(row[-2] or 0), int(row[-1]))
        for row in session.connection().execute(query)
    ]


def _in_class(name: str) -> Any:
    return sa.or_(col(TrendFinding.found_class) == name, col(TrendFinding.found_class).startswith(name + "."))


def choices(session: Session, dimension: Dimension) -> list[str]:
    """Values a dimension has, for the query form. Names only, no counts."""
    rows = session.connection().execute(sa.select(_COLUMNS[dimension]).distinct().order_by(_COLUMNS[dimension]))
    return [str(row[0]) for row in rows]


def month_range(session: Session) -> tuple[str, str] | None:
    """First and last month with any sample."""
    row = session.connection().execute(sa.select(sa.func.min(TrendSample.month), sa.func.max(TrendSample.month))).one()
    return (row[0], row[1]) if row[0] else None


def delete(session: Session, sample_id: uuid.UUID) -> bool:
    """Take a sample out of every later aggregate."""
    row = session.get(TrendSample, sample_id)
    if row is None:
        return False
    session.connection().execute(sa.delete(TrendFinding).where(col(TrendFinding.sample_id) == sample_id))
    session.delete(row)
    session.flush()
    return True


def found_values(session: Session) -> list[str]:
    """Substances and classes that were found in any sample, for the query form. Names only, no counts."""
    connection = session.connection()
    classes = {str(row[0]) for row in connection.execute(sa.select(col(TrendFinding.found_class)).distinct()) if row[0]}
    substances = {str(row[0]) for row in connection.execute(sa.select(col(TrendFinding.found)).distinct())}
    return sorted(classes) + sorted(substances - classes)
