"""Who was tested for what: the ground of every “not found”. Returns true counts, for trends.service only."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.care.counted.domain import Seen
from app.care.counted.service import TrendFinding, TrendSample, TrendTest
from app.figures.trends.repository_columns import Columns, Key, classes_found, columns_of, counted, of_clients
from app.figures.trends.repository_snapshot import columns
from app.figures.trends.targets import Target
from app.laboratory.identification.domain import QUICK_TESTS

Pair = tuple[int | None, int | None]
"""What the yardstick and the method compared with it say: 1 seen, 0 not seen, None not asked."""

OPEN_OUTCOMES = ("inconclusive", "insufficient", "pending")
"""Of such a result nobody can say that something was not there, unless a test of its own said so."""


def found_in(session: Session, target: Target) -> Any:
    """Per sample in which anything of the target was found: its key, and as `counts` whether the finding is one of
    those asked for (of that abundance, not the substance itself among its analogues)."""
    finding = col(TrendFinding.found)
    within = sa.or_(finding == target.name, col(TrendFinding.found_class).in_(classes_found(session, target.name)))
    counts: list[Any] = [sa.true()]
    if target.besides:
        counts.append(finding.not_in(sorted(target.besides)))
    if target.amongst.abundances:
        counts.append(col(TrendFinding.abundance).in_(sorted(target.amongst.abundances)))
    asked_for = sa.literal(1) if len(counts) == 1 else sa.case((sa.and_(*counts), 1), else_=0)
    return (
        sa.select(col(TrendFinding.sample_id).label("sample_id"), sa.func.max(asked_for).label("counts"))
        .where(within)
        .group_by(col(TrendFinding.sample_id))
    )


def tested_for(target: Target) -> Any:
    """Per sample whether a method whose scope covers the target looked: `own` by a test of just that (an amount), `looked`
    by one that sees it among others. One row per sample that has either. Quick tests look at nothing in that sense."""
    seen = col(TrendTest.seen)
    own = sa.func.max(sa.case((seen.in_((Seen.DETECTED, Seen.NOT_DETECTED)), 1), else_=0))
    looked = sa.func.max(sa.case((seen == Seen.LOOKED, 1), else_=0))
    excluded = sa.func.max(sa.case((seen == Seen.EXCLUDED, 1), else_=0))
    by_method = (
        sa.select(
            col(TrendTest.sample_id).label("sample_id"),
            own.label("own"),
            sa.case((excluded == 1, 0), else_=looked).label("looked"),
        )
        .where(col(TrendTest.target).in_(sorted(target.covering)), col(TrendTest.method).not_in(sorted(QUICK_TESTS)))
        .group_by(col(TrendTest.sample_id), col(TrendTest.method))
        .subquery()
    )
    return (
        sa.select(
            by_method.c.sample_id,
            sa.func.max(by_method.c.own).label("own"),
            sa.func.max(by_method.c.looked).label("looked"),
        )
        .group_by(by_method.c.sample_id)
        .subquery("tested")
    )


def agreement(
    session: Session,
    target: Target,
    methods: tuple[str, str],
    dimensions: Columns,
    *,
    agency_id: uuid.UUID | None = None,
    holds: Any = None,
) -> list[tuple[Key, Pair, int]]:
    """Samples per cell and per pair of answers (1 seen, 0 not seen, None not asked) of two methods about one target."""
    first, second = (_answers(target, method).subquery() for method in methods)
    columns = columns_of(dimensions)
    query = (
        sa.select(*columns, first.c.said, second.c.said, sa.func.count())
        .select_from(
            counted(dimensions)
            .outerjoin(first, first.c.sample_id == TrendSample.sample_id)
            .outerjoin(second, second.c.sample_id == TrendSample.sample_id)
        )
        .where(of_clients(agency_id), sa.or_(first.c.said.is_not(None), second.c.said.is_not(None)))
        .group_by(*columns, first.c.said, second.c.said)
    )
    rows = session.connection().execute(query if holds is None else query.where(holds))
    return [(tuple(str(v) for v in row[:-3]), (row[-3], row[-2]), int(row[-1])) for row in rows]


def methods_asked(session: Session) -> list[str]:
    """Methods that looked for anything in any sample."""
    facts = columns(session)
    if facts is not None:
        return facts.methods()
    query = sa.select(col(TrendTest.method)).distinct()
    return sorted(str(row[0]) for row in session.connection().execute(query))


def _answers(target: Target, method: str) -> sa.Select[Any]:
    """Per sample what one method says about a target. No row where it could not see it, or gave no valid answer."""
    seen, about = col(TrendTest.seen), col(TrendTest.target)
    own = about.in_(target.within)
    wider = about.in_(target.covering)
    found = sa.exists(
        sa.select(col(TrendFinding.sample_id)).where(
            col(TrendFinding.sample_id) == TrendTest.sample_id,
            sa.or_(col(TrendFinding.found).in_(target.within), col(TrendFinding.found_class).in_(target.within)),
            col(TrendFinding.methods).contains(f" {method} ", autoescape=True),
        )
    )
    detected = _any(sa.and_(own, seen == Seen.DETECTED))
    asked = sa.or_(_any(sa.and_(own, seen == Seen.NOT_DETECTED)), _any(sa.and_(wider, seen == Seen.LOOKED)))
    excluded = _any(sa.and_(wider, seen == Seen.EXCLUDED))
    said = sa.case((sa.or_(detected, _any(found)), 1), else_=0)
    return (
        sa.select(col(TrendTest.sample_id), said.label("said"))
        .where(col(TrendTest.method) == method, sa.or_(own, wider))
        .group_by(col(TrendTest.sample_id))
        .having(sa.or_(detected, sa.and_(asked, sa.not_(excluded))))
    )


def _any(condition: Any) -> Any:
    """Whether it holds for any row of the group."""
    return sa.func.max(sa.case((condition, 1), else_=0)) == 1
