"""Counting samples in the fact tables. Returns true counts: only trends.service may see them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.trends.domain import EXPECTATION_KNOWN, Count, Dimension, Measure
from app.trends.tables import TrendFinding, TrendSample

Key = tuple[str, ...]

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


def cells(
    session: Session,
    measure: Measure,
    dimensions: Sequence[Dimension],
    *,
    found: str = "",
    agency_id: uuid.UUID | None = None,
) -> list[Count]:
    """Numerator and denominator per combination of the dimensions, of every client sample the measure is about."""
    columns = [_COLUMNS[d] for d in dimensions]
    if measure.name == "found":
        which = sa.or_(col(TrendFinding.found) == found, _in_class(classes_found(session, found)))
        hit: Any = col(TrendSample.sample_id).in_(sa.select(col(TrendFinding.sample_id)).where(which))
    else:
        hit = col(TrendSample.verdict).in_(sorted(measure.numerator))
    query = (
        sa.select(*columns, sa.func.sum(sa.case((hit, 1), else_=0)), sa.func.count())
        .select_from(TrendSample)
        .where(_base(measure), _of_clients(agency_id))
        .group_by(*columns)
    )
    return [
        Count(tuple(str(value) for value in row[:-2]), int(row[-2] or 0), int(row[-1]))
        for row in session.connection().execute(query)
    ]


def members_found(
    session: Session,
    measure: Measure,
    dimensions: Sequence[Dimension],
    found: str,
    agency_id: uuid.UUID | None,
) -> list[tuple[Key, str, int]]:
    """Per cell, in how many samples each member of a class was found: single substances, and classes under it."""
    classes = classes_found(session, found)
    rows = _findings(session, measure, dimensions, _in_class(classes), agency_id, col(TrendFinding.found))
    beginnings = {".".join(name.split(".")[:n]) for name in classes for n in range(1, name.count(".") + 2)}
    for name in sorted(beginnings):
        if name.startswith(found + "."):
            which = _in_class([c for c in classes if c == name or c.startswith(name + ".")])
            counted = _findings(session, measure, dimensions, which, agency_id, sa.literal(name))
            rows += [(key, f"class {member}", count) for key, member, count in counted]
    return [row for row in rows if row[1] != found]


def classes_found(session: Session, name: str) -> list[str]:
    """Classes of findings that are this class or lie under it: "opioid" covers "opioid.nitazene", "opi" nothing."""
    query = sa.select(col(TrendFinding.found_class)).distinct()
    found = (str(row[0]) for row in session.connection().execute(query))
    return sorted(c for c in found if c == name or c.startswith(name + "."))


def _findings(
    session: Session,
    measure: Measure,
    dimensions: Sequence[Dimension],
    which: Any,
    agency_id: uuid.UUID | None,
    label: Any,
) -> list[tuple[Key, str, int]]:
    columns = [_COLUMNS[d] for d in dimensions]
    query = (
        sa.select(*columns, label.label("member"), sa.func.count(sa.distinct(col(TrendSample.sample_id))))
        .join_from(TrendSample, TrendFinding, col(TrendFinding.sample_id) == TrendSample.sample_id)
        .where(_base(measure), _of_clients(agency_id), which)
        .group_by(*columns, sa.text("member"))
    )
    found = session.connection().execute(query)
    return [(tuple(str(value) for value in row[:-2]), str(row[-2]), int(row[-1])) for row in found]


def _base(measure: Measure) -> Any:
    if measure.name == "found":
        return col(TrendSample.verdict) != "inconclusive"
    return col(TrendSample.verdict).in_(sorted(EXPECTATION_KNOWN))


def _of_clients(agency_id: uuid.UUID | None) -> Any:
    """Samples of police and partner agencies are never mixed in; one agency, or all."""
    clients = col(TrendSample.submitter_group) == "client"
    return clients if agency_id is None else sa.and_(clients, col(TrendSample.agency_id) == agency_id)


def _in_class(classes: Sequence[str]) -> Any:
    return col(TrendFinding.found_class).in_(classes)


def choices(session: Session, dimension: Dimension, *, least: int, agency_id: uuid.UUID | None) -> list[str]:
    """Values a dimension has in at least so many samples, for the query form. Names only, no counts."""
    column = _COLUMNS[dimension]
    query = sa.select(column).where(_of_clients(agency_id)).group_by(column).having(sa.func.count() >= least)
    return sorted(str(row[0]) for row in session.connection().execute(query))


def found_choices(session: Session, *, least: int, agency_id: uuid.UUID | None) -> list[str]:
    """Classes, then substances, found in at least so many samples. Names only, no counts."""
    named: dict[str, set[str]] = defaultdict(set)
    for kind, column in (("class", col(TrendFinding.found_class)), ("substance", col(TrendFinding.found))):
        query = (
            sa.select(column)
            .join_from(TrendFinding, TrendSample, col(TrendFinding.sample_id) == TrendSample.sample_id)
            .where(_of_clients(agency_id))
            .group_by(column)
            .having(sa.func.count(sa.distinct(col(TrendSample.sample_id))) >= least)
        )
        named[kind] = {str(row[0]) for row in session.connection().execute(query) if row[0]}
    return sorted(named["class"]) + sorted(named["substance"] - named["class"])


def month_range(session: Session, *, agency_id: uuid.UUID | None) -> tuple[str, str] | None:
    """First and last month with any client sample."""
    query = sa.select(sa.func.min(TrendSample.month), sa.func.max(TrendSample.month)).where(_of_clients(agency_id))
    row = session.connection().execute(query).one()
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
