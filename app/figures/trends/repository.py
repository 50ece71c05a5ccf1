"""Counting samples in the fact tables. Returns true counts: only trends.service may see them.

`holds` everywhere is a further condition on samples, made by `holding`: filters by what was found or by method.
"""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.care.counted.service import TrendFinding, TrendOutcome, TrendSample, TrendTest
from app.figures.trends.columnar import Facts, Mask
from app.figures.trends.domain import SPREADING, Count, Measure
from app.figures.trends.repository_columns import (
    Columns,
    Key,
    classes_found,
    columns_of,
    counted,
    holding,
    of_clients,
)
from app.figures.trends.repository_names import first_of, wait_at, was_found
from app.figures.trends.repository_snapshot import columns as kept_columns
from app.figures.trends.repository_snapshot import mask_of
from app.figures.trends.repository_tests import OPEN_OUTCOMES, Pair, agreement, found_in, methods_asked, tested_for
from app.figures.trends.targets import Target

__all__ = [
    "Columns", "Key", "Pair", "Target", "agreement", "amounts", "cells", "classes_found",
    "first_of", "found_with", "holding", "holds_target", "methods_asked", "outcome_cells", "outcomes", "turnarounds", "wait_at",
    "waited", "was_found",
]  # fmt: skip


def cells(
    session: Session,
    measure: Measure,
    dimensions: Columns,
    *,
    target: Target | None = None,
    agency_id: uuid.UUID | None = None,
    holds: Any = None,
) -> list[Count]:
    """Numerator and denominator per combination of the dimensions, of every client sample the measure is about.

    With a target: where it was found, among those tested for it. A sample whose result is open counts only where the
    target was found, or a test of its own said that it was not.
    """
    facts = kept_columns(session)
    if facts is not None:
        return facts.cells(dimensions, *_masks(session, facts, measure, target, agency_id, holds))
    columns, source = columns_of(dimensions), counted(dimensions)
    among = [of_clients(agency_id), *([] if holds is None else [holds])]
    if target is None:
        hit: Any = col(TrendSample.verdict).in_(sorted(measure.numerator))
        among.append(_base(measure))
    else:
        found = found_in(session, target).subquery("found")
        tested = tested_for(target)
        source = source.outerjoin(found, found.c.sample_id == TrendSample.sample_id)
        source = source.outerjoin(tested, tested.c.sample_id == TrendSample.sample_id)
        hit = found.c.counts == 1
        conclusive = col(TrendSample.outcome).not_in(OPEN_OUTCOMES)
        among.append(
            sa.or_(found.c.sample_id.is_not(None), tested.c.own == 1, sa.and_(tested.c.looked == 1, conclusive))
        )
    query = (
        sa.select(*columns, sa.func.sum(sa.case((hit, 1), else_=0)), sa.func.count())
        .select_from(source)
        .where(*among)
        .group_by(*columns)
    )
    return [
        Count(tuple(str(value) for value in row[:-2]), int(row[-2] or 0), int(row[-1]))
        for row in session.connection().execute(query)
        if row[-1]
    ]


def _masks(
    session: Session,
    facts: Facts,
    measure: Measure,
    target: Target | None,
    agency_id: uuid.UUID | None,
    holds: Any,
) -> tuple[Mask, Mask]:
    """Samples in the numerator, and all that count, in columns that are kept in memory."""
    among = _among(session, facts, agency_id, holds)
    if target is None:
        among = among & facts.having("verdict", measure.denominator) if measure.denominator else among
        return facts.having("verdict", measure.numerator), among
    found, asked_for = facts.found_in(target)
    own, looked = facts.tested_for(target)
    return asked_for, among & (found | own | (looked & ~facts.having("outcome", OPEN_OUTCOMES)))


def _among(session: Session, facts: Facts, agency_id: uuid.UUID | None, holds: Any) -> Mask:
    clients = facts.clients(agency_id.hex if agency_id else None)
    return clients if holds is None else clients & mask_of(session, facts, holds)


def _base(measure: Measure) -> Any:
    return col(TrendSample.verdict).in_(sorted(measure.denominator)) if measure.denominator else sa.true()


def amounts(
    session: Session,
    substance: str,
    dimensions: Columns,
    *,
    agency_id: uuid.UUID | None = None,
    holds: Any = None,
) -> list[tuple[Key, tuple[str, str], float]]:
    """Every measured amount of a substance: its cell, its unit and basis, the figure. A 0 stands with the tests."""
    facts = None if SPREADING & set(dimensions) else kept_columns(session)
    if facts is not None:
        return facts.amounts(substance, dimensions, _among(session, facts, agency_id, holds))
    of = aliased(TrendFinding)  # the split may be by another substance in the same sample
    columns = [*columns_of(dimensions), of.unit, of.basis, of.amount]
    query = (
        sa.select(*columns)
        .select_from(counted(dimensions).join(of, col(of.sample_id) == TrendSample.sample_id))
        .where(of_clients(agency_id), col(of.found) == substance, col(of.amount).is_not(None))
    )
    none = aliased(TrendTest)
    without = [*columns_of(dimensions), none.unit, none.basis, sa.literal(0.0)]
    zeros = (
        sa.select(*without)
        .select_from(counted(dimensions).join(none, col(none.sample_id) == TrendSample.sample_id))
        .where(of_clients(agency_id), col(none.target) == substance, col(none.unit) != "")
    )
    return [
        (tuple(str(v) for v in row[:-3]), (str(row[-3]), str(row[-2])), float(row[-1]))
        for row in (*_rows(session, query, holds), *_rows(session, zeros, holds))
    ]


def turnarounds(
    session: Session, dimensions: Columns, *, agency_id: uuid.UUID | None = None, holds: Any = None
) -> list[tuple[Key, int, int]]:
    """Per cell the minutes from received to first released, and how many samples took just so long."""
    facts = None if SPREADING & set(dimensions) else kept_columns(session)
    if facts is not None:
        return facts.turnarounds(dimensions, _among(session, facts, agency_id, holds))
    columns = [*columns_of(dimensions), TrendSample.turnaround_min]
    query = (
        sa.select(*columns, sa.func.count())
        .select_from(counted(dimensions))
        .where(of_clients(agency_id), col(TrendSample.turnaround_min).is_not(None))
        .group_by(*columns)
    )
    return [(tuple(str(v) for v in row[:-2]), int(row[-2]), int(row[-1])) for row in _rows(session, query, holds)]


def waited(
    session: Session, dimensions: Columns, *, agency_id: uuid.UUID | None = None, holds: Any = None
) -> list[Count]:
    """Samples per cell of which the minutes from received to first released are known."""
    facts = None if SPREADING & set(dimensions) else kept_columns(session)
    if facts is not None:
        return facts.waited(dimensions, _among(session, facts, agency_id, holds))
    columns = columns_of(dimensions)
    query = (
        sa.select(*columns, sa.func.count())
        .select_from(counted(dimensions))
        .where(of_clients(agency_id), col(TrendSample.turnaround_min).is_not(None))
        .group_by(*columns)
    )
    return [Count(tuple(str(v) for v in row[:-1]), 0, int(row[-1])) for row in _rows(session, query, holds) if row[-1]]


def outcome_cells(
    session: Session, moment: str, dimensions: Columns, *, agency_id: uuid.UUID | None = None, holds: Any = None
) -> list[Count]:
    """Samples of which anybody said anything at that moment: the denominator of every outcome."""
    columns = columns_of(dimensions)
    asked = sa.select(col(TrendOutcome.sample_id)).where(col(TrendOutcome.moment) == moment)
    query = (
        sa.select(*columns, sa.func.count())
        .select_from(counted(dimensions))
        .where(of_clients(agency_id), col(TrendSample.sample_id).in_(asked))
        .group_by(*columns)
    )
    return [Count(tuple(str(v) for v in row[:-1]), 0, int(row[-1])) for row in _rows(session, query, holds) if row[-1]]


def outcomes(
    session: Session, moment: str, dimensions: Columns, *, agency_id: uuid.UUID | None = None, holds: Any = None
) -> list[tuple[Key, str, int, int]]:
    """Per cell and intention in how many samples somebody said so at that moment, and how many people did."""
    columns = [*columns_of(dimensions), TrendOutcome.intention]
    query = (
        sa.select(*columns, sa.func.count(), sa.func.sum(TrendOutcome.people))
        .select_from(counted(dimensions).join(TrendOutcome, col(TrendOutcome.sample_id) == TrendSample.sample_id))
        .where(of_clients(agency_id), col(TrendOutcome.moment) == moment)
        .group_by(*columns)
    )
    return [
        (tuple(str(v) for v in row[:-3]), str(row[-3]), int(row[-2]), int(row[-1]))
        for row in _rows(session, query, holds)
    ]


def found_with(
    session: Session,
    target: Target,
    dimensions: Columns,
    *,
    agency_id: uuid.UUID | None = None,
    holds: Any = None,
) -> list[tuple[Key, str, int]]:
    """Per cell, of the samples in which the target was found, how many hold each other substance."""
    other = aliased(TrendFinding)
    columns = [*columns_of(dimensions), other.found]
    query = (
        sa.select(*columns, sa.func.count())
        .select_from(counted(dimensions).join(other, col(other.sample_id) == TrendSample.sample_id))
        .where(
            of_clients(agency_id),
            holds_target(session, target),
            col(other.found).not_in(sorted(target.within)),
        )
        .group_by(*columns)
    )
    return [(tuple(str(v) for v in row[:-2]), str(row[-2]), int(row[-1])) for row in _rows(session, query, holds)]


def holds_target(session: Session, target: Target) -> Any:
    """Condition: the sample holds what is looked for."""
    return col(TrendSample.sample_id).in_(_hits(session, target))


def _hits(session: Session, target: Target) -> Any:
    found = found_in(session, target).subquery()
    return sa.select(found.c.sample_id).where(found.c.counts == 1)


def _rows(session: Session, query: Any, holds: Any) -> Any:
    return session.connection().execute(query if holds is None else query.where(holds))
