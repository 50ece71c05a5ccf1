"""Facts of single samples, for files about samples: never for a table, a page or an API of figures.

Anyone who asks answers for what leaves: exports makes k-anonymous extracts of it, or the operator's own audited file.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col

from app.care.counted.domain import FoundFact
from app.care.counted.service import TrendFinding, TrendSample, TrendTest


@dataclass(frozen=True, slots=True)
class SampleFacts:
    """One sample that is counted. `own`: registered here, not of an import. `methods`: those that looked."""

    found: tuple[FoundFact, ...]
    methods: tuple[str, ...]
    sample_id: uuid.UUID
    own: bool
    agency: str
    site: str
    region: str
    service_type: str
    day: date | None
    month: str
    form: str
    expected: str
    expected_class: str
    verdict: str
    outcome: str


_SAMPLE = [getattr(TrendSample, f.name) for f in fields(SampleFacts) if f.name not in ("found", "methods", "own")]
_FINDING = [getattr(TrendFinding, f.name) for f in fields(FoundFact)]


def samples_in(
    session: Session, agency_id: uuid.UUID, first_month: str = "", last_month: str = ""
) -> list[SampleFacts]:
    """Samples of clients of one agency, received in these months, in the order of their keys.

    Those without a day are in it only where no months are named. Withdrawn samples are in no fact table.
    """
    wanted = _wanted(agency_id, first_month, last_month)
    found, methods = _findings(session, wanted), _methods(session, wanted)
    query = sa.select(*_SAMPLE, col(TrendSample.own_sample_id)).where(*wanted).order_by(col(TrendSample.sample_id))
    return [
        SampleFacts(tuple(found[key]), tuple(methods[key]), key, own is not None, *rest)
        for key, *rest, own in session.connection().execute(query)
    ]


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


def _methods(session: Session, wanted: Sequence[sa.ColumnElement[bool]]) -> dict[uuid.UUID, list[str]]:
    query = (
        sa.select(col(TrendTest.sample_id), col(TrendTest.method))
        .join_from(TrendTest, TrendSample, col(TrendTest.sample_id) == TrendSample.sample_id)
        .where(*wanted, col(TrendTest.seen) != "invalid")
        .distinct()
        .order_by(col(TrendTest.sample_id), col(TrendTest.method))
    )
    methods: dict[uuid.UUID, list[str]] = defaultdict(list)
    for key, method in session.connection().execute(query):
        methods[key].append(str(method))
    return methods
