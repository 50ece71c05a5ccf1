"""Names the question form offers: what enough samples have. Names only, no count leaves this module."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.trends.domain import Dimension
from app.trends.repository_snapshot import columns
from app.trends.tables import TrendFinding, TrendSample

CLIENT = "client"


def found_names(session: Session, *, least: int, agency_id: uuid.UUID | None) -> list[str]:
    """Classes, then substances, found in at least so many samples of clients.

    A class with a member in enough samples has enough itself; only for others its samples are counted one by one.
    """
    facts = columns(session)
    if facts is not None:
        among = facts.clients(agency_id.hex if agency_id else None)
        of_classes, of_substances = (facts.held(d, among) for d in (Dimension.FOUND_CLASS, Dimension.FOUND))
        return _in_order(*({name for name, n in held.items() if n >= least} for held in (of_classes, of_substances)))
    counted = _counted(session, agency_id)
    samples: Counter[str] = Counter()  # of a substance whose class an import named otherwise: it stands in two counts
    for (found, _), n in counted.items():
        samples[found] += n
    substances = {found for found, n in samples.items() if n >= least}
    sums: Counter[str] = Counter()
    enough: set[str] = set()
    for (_, of_class), n in counted.items():
        sums[of_class] += n
        if n >= least:
            enough.add(of_class)
    unsure = [c for c, n in sums.items() if n >= least and c not in enough]
    return _in_order(enough | _classes(session, unsure, least, agency_id), substances)


def _in_order(classes: set[str], substances: set[str]) -> list[str]:
    return sorted(classes - {""}) + sorted(substances - classes - {""})


def _counted(session: Session, agency_id: uuid.UUID | None) -> Counter[tuple[str, str]]:
    """Samples of clients per substance with its class. Of all agencies: everything less what is not of clients, for
    looking up the sample of each of a million findings would take seconds."""
    if agency_id is not None:
        return _joined(session, _of_clients(agency_id))
    columns = (col(TrendFinding.found), col(TrendFinding.found_class))
    rows = session.connection().execute(sa.select(*columns, sa.func.count()).group_by(*columns))
    counted: Counter[tuple[str, str]] = Counter({(found, of_class): n for found, of_class, n in rows})
    counted.subtract(_joined(session, col(TrendSample.submitter_group) != CLIENT))
    return counted


def _joined(session: Session, which: Any) -> Counter[tuple[str, str]]:
    columns = (col(TrendFinding.found), col(TrendFinding.found_class))
    query = (
        sa.select(*columns, sa.func.count())
        .join_from(TrendSample, TrendFinding, col(TrendFinding.sample_id) == TrendSample.sample_id)
        .where(which)
        .group_by(*columns)
    )
    return Counter({(found, of_class): n for found, of_class, n in session.connection().execute(query)})


def _classes(session: Session, among: Sequence[str], least: int, agency_id: uuid.UUID | None) -> set[str]:
    if not among:
        return set()
    members: defaultdict[str, set[uuid.UUID]] = defaultdict(set)
    query = (
        sa.select(col(TrendFinding.found_class), col(TrendFinding.sample_id))
        .join_from(TrendFinding, TrendSample, col(TrendFinding.sample_id) == TrendSample.sample_id)
        .where(_of_clients(agency_id), col(TrendFinding.found_class).in_(among))
    )
    for of_class, sample_id in session.connection().execute(query):
        members[of_class].add(sample_id)
    return {of_class for of_class, samples in members.items() if len(samples) >= least}


def _of_clients(agency_id: uuid.UUID | None) -> Any:
    of_clients = col(TrendSample.submitter_group) == CLIENT
    return of_clients if agency_id is None else sa.and_(of_clients, col(TrendSample.agency_id) == agency_id)
