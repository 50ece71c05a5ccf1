"""Facts of single samples, for files about samples: never for a table, a page or an API of figures.

Anyone who asks answers for what leaves: exports makes k-anonymous extracts of it, or the operator's own audited file.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace

import sqlalchemy as sa
from sqlmodel import Session, col

from app.care.counted.domain import Detection, FoundFact, ReleaseFact, TestFact
from app.care.counted.service import TrendFinding, TrendSample, TrendTest, periods_of

_SAMPLE = [name for name in (f.name for f in fields(ReleaseFact)) if name in TrendSample.model_fields]
_FINDING = [getattr(TrendFinding, f.name) for f in fields(FoundFact)]


def samples_in(
    session: Session, agency_id: uuid.UUID, first_month: str = "", last_month: str = ""
) -> list[ReleaseFact]:
    """Samples of clients of one agency, received in these months, in the order of their keys; without their outcomes.

    Those without a day are in it only where no months are named. Withdrawn samples are in no fact table.
    """
    wanted = _wanted(agency_id, first_month, last_month)
    found, tests = _findings(session, wanted), _tests(session, wanted)
    query = sa.select(*(getattr(TrendSample, name) for name in _SAMPLE)).where(*wanted)
    rows = session.connection().execute(query.order_by(col(TrendSample.sample_id))).mappings()
    return [
        ReleaseFact(**row, client=True, found=tuple(found[row["sample_id"]]), tests=tuple(tests[row["sample_id"]]))
        for row in rows
    ]


def month_of(fact: ReleaseFact) -> str:
    """The month it was received in, 2026-05; empty where nobody wrote the day down."""
    return periods_of(fact.day)["month"]


def methods_of(fact: ReleaseFact) -> tuple[str, ...]:
    """The methods that looked, each once, by name. An invalid strip did not."""
    return tuple(sorted({test.method for test in fact.tests if test.seen is not Detection.INVALID}))


def keys_in(session: Session, agency_id: uuid.UUID, first_month: str = "", last_month: str = "") -> set[uuid.UUID]:
    """Keys of the same samples."""
    query = sa.select(col(TrendSample.sample_id)).where(*_wanted(agency_id, first_month, last_month))
    return {row[0] for row in session.connection().execute(query)}


def _wanted(agency_id: uuid.UUID, first_month: str, last_month: str) -> list[sa.ColumnElement[bool]]:
    wanted = [col(TrendSample.submitter_group) == "client", col(TrendSample.agency_id) == agency_id]
    if first_month or last_month:
        wanted.append(col(TrendSample.month) != "")
    if first_month:
        wanted.append(col(TrendSample.month) >= first_month)
    if last_month:
        wanted.append(col(TrendSample.month) <= last_month)
    return wanted


def _findings(session: Session, wanted: Sequence[sa.ColumnElement[bool]]) -> dict[uuid.UUID, list[FoundFact]]:
    query = (
        sa.select(col(TrendFinding.sample_id), *_FINDING)
        .join_from(TrendFinding, TrendSample, col(TrendFinding.sample_id) == TrendSample.sample_id)
        .where(*wanted)
        .order_by(col(TrendFinding.sample_id), col(TrendFinding.found))
    )  # fmt: skip
    found: dict[uuid.UUID, list[FoundFact]] = defaultdict(list)
    for key, *rest, methods in session.connection().execute(query):
        found[key].append(replace(FoundFact(*rest), methods=tuple(methods.split())))
    return found


def _tests(session: Session, wanted: Sequence[sa.ColumnElement[bool]]) -> dict[uuid.UUID, list[TestFact]]:
    query = (
        sa.select(col(TrendTest.sample_id), col(TrendTest.method), col(TrendTest.target), col(TrendTest.seen))
        .join_from(TrendTest, TrendSample, col(TrendTest.sample_id) == TrendSample.sample_id)
        .where(*wanted)
    )  # fmt: skip
    tests: dict[uuid.UUID, list[TestFact]] = defaultdict(list)
    for key, method, target, seen in session.connection().execute(query):
        tests[key].append(TestFact(method, target, Detection(seen)))
    return tests
