"""Counting samples in the fact tables. Returns true counts: only trends.service may see them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.trends.domain import EXPECTATION_KNOWN, Count, Dimension, Kind, Measure, ReleaseFact, Seen
from app.trends.tables import TrendFinding, TrendSample, TrendTest

Key = tuple[str, ...]


Pair = tuple[int | None, int | None]
"""What the yardstick and the method compared with it say: 1 seen, 0 not seen, None not asked."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a method is asked about. `within`: the thing itself and all that lies under it; `covering`: itself and the
    classes that hold it, up to everything."""

    within: frozenset[str]
    covering: frozenset[str]


_COLUMNS: dict[Dimension, Any] = {
    Dimension.MONTH: TrendSample.month,
    Dimension.REGION: TrendSample.region,
    Dimension.EXPECTED: TrendSample.expected,
    Dimension.EXPECTED_CLASS: TrendSample.expected_class,
    Dimension.FORM: TrendSample.form,
    Dimension.SERVICE_TYPE: TrendSample.service_type,
    Dimension.SITE: TrendSample.site,
    Dimension.AGENCY: TrendSample.agency,
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


def amounts(
    session: Session, substance: str, dimensions: Sequence[Dimension], *, agency_id: uuid.UUID | None = None
) -> list[tuple[Key, tuple[str, str], float]]:
    """Every measured amount of a substance: its cell, its unit and basis, the figure."""
    columns = [*(_COLUMNS[d] for d in dimensions), TrendFinding.unit, TrendFinding.basis]
    query = (
        sa.select(*columns, col(TrendFinding.amount))
        .join_from(TrendSample, TrendFinding, col(TrendFinding.sample_id) == TrendSample.sample_id)
        .where(_of_clients(agency_id), col(TrendFinding.found) == substance, col(TrendFinding.amount).is_not(None))
    )
    return [
        (tuple(str(v) for v in row[:-3]), (str(row[-3]), str(row[-2])), float(row[-1]))
        for row in session.connection().execute(query)
    ]


def agreement(
    session: Session,
    target: Target,
    methods: tuple[str, str],
    dimensions: Sequence[Dimension],
    *,
    agency_id: uuid.UUID | None = None,
) -> list[tuple[Key, Pair, int]]:
    """Samples per cell and per pair of answers (1 seen, 0 not seen, None not asked) of two methods about one target."""
    first, second = (_answers(target, method).subquery() for method in methods)
    columns = [_COLUMNS[d] for d in dimensions]
    query = (
        sa.select(*columns, first.c.said, second.c.said, sa.func.count())
        .select_from(TrendSample)
        .outerjoin(first, first.c.sample_id == TrendSample.sample_id)
        .outerjoin(second, second.c.sample_id == TrendSample.sample_id)
        .where(_of_clients(agency_id), sa.or_(first.c.said.is_not(None), second.c.said.is_not(None)))
        .group_by(*columns, first.c.said, second.c.said)
    )
    rows = session.connection().execute(query)
    return [(tuple(str(v) for v in row[:-3]), (row[-3], row[-2]), int(row[-1])) for row in rows]


def was_found(session: Session, name: str, *, least: int) -> bool:
    """Whether at least so many samples of clients hold this, the register knowing it or not."""
    query = (
        sa.select(sa.func.count())
        .join_from(TrendFinding, TrendSample, col(TrendFinding.sample_id) == TrendSample.sample_id)
        .where(_of_clients(None), col(TrendFinding.found) == name)
    )
    return int(session.connection().execute(query).scalar_one()) >= least


def methods_asked(session: Session) -> list[str]:
    """Methods that looked for anything in any sample."""
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
    if measure.kind is not Kind.SHARE:
        return sa.true()
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
    dated = sa.and_(_of_clients(agency_id), col(TrendSample.month) != "")
    query = sa.select(sa.func.min(TrendSample.month), sa.func.max(TrendSample.month)).where(dated)
    row = session.connection().execute(query).one()
    return (row[0], row[1]) if row[0] else None


AT_ONCE = 500
"""Keys in one statement: SQLite of old takes 999 values."""


def delete(session: Session, sample_ids: Sequence[uuid.UUID]) -> int:
    """Take samples out of every later aggregate. How many were counted."""
    session.flush()
    gone = 0
    for part in _parts(sample_ids):
        for table in (TrendTest, TrendFinding):
            session.connection().execute(sa.delete(table).where(col(table.sample_id).in_(part)))
        gone += (
            session.connection().execute(sa.delete(TrendSample).where(col(TrendSample.sample_id).in_(part))).rowcount
        )
    session.expire_all()
    return gone


def insert(session: Session, facts: Sequence[ReleaseFact]) -> None:
    """Write the facts of samples that are not counted yet. A substance named twice is counted once."""
    rows: dict[type, list[dict[str, Any]]] = {TrendSample: [], TrendFinding: [], TrendTest: []}
    for fact in facts:
        rows[TrendSample].append(_sample_row(fact))
        named = {item.found: item for item in reversed(fact.found)}
        rows[TrendFinding] += [
            {"sample_id": fact.sample_id, **asdict(item), "methods": "".join(f" {m}" for m in item.methods) + " "}
            for item in named.values()
        ]
        asked = {(test.method, test.target): test for test in fact.tests}
        rows[TrendTest] += [{"sample_id": fact.sample_id, **asdict(test)} for test in asked.values()]
    for table, values in rows.items():
        if values:
            session.connection().execute(sa.insert(table), values)


def _sample_row(fact: ReleaseFact) -> dict[str, Any]:
    return {
        "sample_id": fact.sample_id,
        "own_sample_id": None if fact.import_id else fact.sample_id,
        "import_id": fact.import_id,
        "agency_id": fact.agency_id,
        "agency": fact.agency,
        "session_id": fact.session_id,
        "day": fact.day,
        "month": f"{fact.day:%Y-%m}" if fact.day else "",
        "region": fact.region,
        "site": fact.site,
        "service_type": fact.service_type,
        "submitter_group": "client" if fact.client else "other",
        "form": fact.form,
        "expected": fact.expected,
        "expected_class": fact.expected_class,
        "verdict": fact.verdict,
        "outcome": fact.outcome,
        "released_at": fact.released_at,
    }


def _parts(keys: Sequence[uuid.UUID]) -> Iterator[Sequence[uuid.UUID]]:
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]
