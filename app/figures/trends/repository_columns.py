"""From a way to split to columns and joins, and whose samples are counted. Used by the other repositories of trends."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.care.counted.domain import Seen
from app.care.counted.service import TrendFinding, TrendSample, TrendTest
from app.figures.trends.domain import Dimension

Key = tuple[str, ...]
Columns = Sequence[Dimension]

LOOKED = (Seen.DETECTED.value, Seen.NOT_DETECTED.value, Seen.LOOKED.value)
"""What a method said if it looked. Of a target it cannot see it says nothing; an invalid strip says nothing either."""

_CLASSES = (
    sa.select(col(TrendFinding.sample_id).label("sample_id"), col(TrendFinding.found_class).label("found_class"))
    .distinct()
    .subquery("classes_found")
)
_METHODS = (
    sa.select(col(TrendTest.sample_id).label("sample_id"), col(TrendTest.method).label("method"))
    .where(col(TrendTest.seen).in_(LOOKED))
    .distinct()
    .subquery("methods_that_looked")
)
_COLUMNS: dict[Dimension, Any] = {
    Dimension.WEEK: TrendSample.week,
    Dimension.MONTH: TrendSample.month,
    Dimension.QUARTER: TrendSample.quarter,
    Dimension.YEAR: TrendSample.year,
    Dimension.REGION: TrendSample.region,
    Dimension.AGENCY: TrendSample.agency,
    Dimension.SITE: TrendSample.site,
    Dimension.FORM: TrendSample.form,
    Dimension.EXPECTED: TrendSample.expected,
    Dimension.EXPECTED_CLASS: TrendSample.expected_class,
    Dimension.SERVICE_TYPE: TrendSample.service_type,
    Dimension.SUBMITTER_TYPE: TrendSample.submitter_type,
    Dimension.FOUND: TrendFinding.found,
    Dimension.FOUND_CLASS: _CLASSES.c.found_class,
    Dimension.METHOD: _METHODS.c.method,
}


def columns_of(dimensions: Columns) -> list[Any]:
    """A column for each. Beside the substance, the class is that of the substance."""
    return [
        col(TrendFinding.found_class) if d is Dimension.FOUND_CLASS and Dimension.FOUND in dimensions else _COLUMNS[d]
        for d in dimensions
    ]


def counted(dimensions: Columns) -> Any:
    """The samples, once each; where the split is by what was found or by method, once for each of these.

    A sample in which nothing was found stands in no row of such a split.
    """
    source = (
        sa.join(TrendSample, TrendFinding, _same(TrendFinding.sample_id)) if Dimension.FOUND in dimensions else None
    )
    source = source if source is not None else TrendSample.__table__  # type: ignore[attr-defined]
    if Dimension.FOUND_CLASS in dimensions and Dimension.FOUND not in dimensions:
        source = source.join(_CLASSES, _same(_CLASSES.c.sample_id))
    if Dimension.METHOD in dimensions:
        source = source.join(_METHODS, _same(_METHODS.c.sample_id))
    return source


def _same(sample_id: Any) -> Any:
    return col(TrendSample.sample_id) == sample_id


def of_clients(agency_id: uuid.UUID | None) -> Any:
    """Samples of police and partner agencies are never mixed in; one agency, or all."""
    clients = col(TrendSample.submitter_group) == "client"
    return clients if agency_id is None else sa.and_(clients, col(TrendSample.agency_id) == agency_id)


def holding(session: Session, filters: Mapping[Dimension, str]) -> Any:
    """Condition for filters by what was found or by method: samples in which it was, or which it looked at.

    Cells of such a dimension cannot be added up, because a sample stands in several; so these filters are asked here.
    """
    conditions: list[Any] = []
    for dimension, value in filters.items():
        if dimension is Dimension.METHOD:
            which = sa.and_(col(TrendTest.method) == value, col(TrendTest.seen).in_(LOOKED))
            keys = sa.select(col(TrendTest.sample_id)).where(which)
        elif dimension is Dimension.FOUND:
            keys = sa.select(col(TrendFinding.sample_id)).where(col(TrendFinding.found) == value)
        else:
            classes = classes_found(session, value)
            keys = sa.select(col(TrendFinding.sample_id)).where(col(TrendFinding.found_class).in_(classes))
        conditions.append(col(TrendSample.sample_id).in_(keys))
    return sa.and_(sa.true(), *conditions)


def classes_found(session: Session, name: str) -> list[str]:
    """Classes of findings that are this class or lie under it: "opioid" covers "opioid.nitazene", "opi" nothing."""
    return sorted(c for c in all_classes(session) if c == name or c.startswith(name + "."))


def all_classes(session: Session) -> list[str]:
    """Every class of a finding. Steps through the index from one to the next: there are a few dozen among millions."""
    column, found, last = col(TrendFinding.found_class), [], None
    while True:
        query = sa.select(sa.func.min(column))
        last = session.connection().execute(query if last is None else query.where(column > last)).scalar_one()
        if last is None:
            return found
        found.append(str(last))
