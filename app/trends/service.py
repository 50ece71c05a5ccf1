"""Use cases of aggregates: take a released sample in, take it out again, answer a protected table."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden, Invalid
from app.trends import domain, repository
from app.trends.domain import Audience, Dimension, FoundFact, ReleaseFact, TrendTable
from app.trends.schemas import TrendOut
from app.trends.tables import TrendFinding, TrendSample

__all__ = ["FoundFact", "ReleaseFact", "choices", "forget", "record_release", "table"]

LONDON = ZoneInfo("Europe/London")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def record_release(uow: UnitOfWork, fact: ReleaseFact) -> None:
    """Take a released sample into the aggregates, replacing what an earlier version said.

    The caller has checked the client's consent to aggregate figures.
    """
    repository.delete(uow.session, fact.sample_id)
    uow.session.add(
        TrendSample(
            sample_id=fact.sample_id,
            agency_id=fact.agency_id,
            session_id=fact.session_id,
            month=fact.received_at.astimezone(LONDON).strftime("%Y-%m"),
            region=fact.region,
            site=fact.site,
            service_type=fact.service_type,
            submitter_group="client" if fact.client else "other",
            form=fact.form,
            expected=fact.expected,
            expected_class=fact.expected_class,
            verdict=fact.verdict,
            outcome=fact.outcome,
            released_at=fact.released_at,
        )
    )
    uow.session.flush()
    seen: set[str] = set()
    for item in fact.found:
        if item.found not in seen:
            seen.add(item.found)
            uow.session.add(
                TrendFinding(
                    sample_id=fact.sample_id,
                    found=item.found,
                    found_class=item.found_class,
                    role=item.role,
                    abundance=item.abundance,
                    confidence=item.confidence,
                )
            )


def forget(uow: UnitOfWork, sample_id: uuid.UUID) -> None:
    """Take a sample out: its client withdrew, or its result was retracted."""
    if repository.delete(uow.session, sample_id):
        audit.record(uow, "remove_from_aggregates", "sample", sample_id)


def table(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    measure: str,
    by: Sequence[Dimension],
    where: Mapping[Dimension, str] | None = None,
    found: str = "",
    months: tuple[str, str] = ("", ""),
) -> TrendTable:
    """A table this person may see. Raises Invalid for a question that makes no sense, Forbidden for a finer one."""
    audience, agency_id = audience_of(actor)
    chosen = domain.MEASURES.get(measure)
    if chosen is None:
        raise Invalid(f"There is no figure called {measure}.", fields={"measure": "unknown"})
    if chosen.name == "found" and not found:
        raise Invalid("Say which substance or class to look for.", fields={"found": "missing"})
    if chosen.name != "found" and found:
        raise Invalid("A substance to look for goes with the figure “found” only.", fields={"found": "not used"})
    for value in months:
        if value and not _MONTH.fullmatch(value):
            raise Invalid("A month is written like 2026-11.", fields={"from": "not a month"})
    filters = dict(where or {})
    dimensions = tuple(dict.fromkeys(by))
    if not dimensions:
        raise Invalid("Choose at least one way to split the figures.", fields={"by": "missing"})
    _check_fineness(audience, actor, dimensions, filters)
    counts = repository.counts(session, chosen, dimensions, filters, found=found, months=months, agency_id=agency_id)
    rows = _rows(session, counts, dimensions, now, lambda c, i: domain.protect(c, dimensions, audience, incomplete=i))
    named = {d.value: v for d, v in filters.items()}
    return TrendTable(chosen, dimensions, audience, named, found, now, rows)


def _rows(
    session: Session,
    counts: Sequence[domain.Count],
    dimensions: tuple[Dimension, ...],
    now: datetime,
    make: Callable[[domain.Count, bool], domain.Row],
) -> tuple[domain.Row, ...]:
    complete_from, complete_to = _complete_months(session, now)
    rows = []
    for count in counts:
        month = count.key[dimensions.index(Dimension.MONTH)] if Dimension.MONTH in dimensions else ""
        rows.append(make(count, bool(month) and not complete_from <= month <= complete_to))
    return tuple(rows)


def unprotected_table(
    uow: UnitOfWork,
    *,
    measure: str,
    by: Sequence[Dimension],
    where: Mapping[Dimension, str] | None = None,
    found: str = "",
    months: tuple[str, str] = ("", ""),
) -> TrendTable:
    """True counts for the operator on this machine. That somebody looked is in the audit log."""
    chosen = domain.MEASURES.get(measure)
    if chosen is None:
        raise Invalid(f"There is no figure called {measure}.", fields={"measure": "unknown"})
    dimensions, filters = tuple(dict.fromkeys(by)), dict(where or {})
    named = {d.value: v for d, v in filters.items()}
    audit.record(
        uow, "read_unprotected", "trends", measure, after={"by": [d.value for d in dimensions], "where": named}
    )
    counts = repository.counts(uow.session, chosen, dimensions, filters, found=found, months=months)
    rows = _rows(uow.session, counts, dimensions, uow.now, lambda c, i: domain.unprotected(c, dimensions, incomplete=i))
    return TrendTable(chosen, dimensions, Audience.OPERATOR, named, found, uow.now, rows)


def audience_of(actor: Actor) -> tuple[Audience, uuid.UUID | None]:
    """Which protection applies, and whether only the own agency is seen."""
    if actor.has(Role.RESEARCHER):
        return Audience.PUBLIC, None
    if actor.has(Role.PUBLIC_HEALTH, Role.POLICE):
        return Audience.PARTNER, None
    return Audience.PARTNER, actor.agency_id


def _check_fineness(
    audience: Audience, actor: Actor, dimensions: tuple[Dimension, ...], filters: Mapping[Dimension, str]
) -> None:
    if actor.has(Role.RESEARCHER) or audience is Audience.PUBLIC:
        too_fine = {Dimension.SITE, Dimension.AGENCY} & {*dimensions, *filters}
    else:
        too_fine = {*dimensions, *filters} - domain.PARTNER_DIMENSIONS
    if too_fine:
        names = ", ".join(sorted(d.value for d in too_fine))
        raise Forbidden(
            f"Figures are not split by {names} for you: small groups could be recognised.",
            hint="Use month, region and what was expected.",
        )


def _complete_months(session: Session, now: datetime) -> tuple[str, str]:
    """The first month may have begun late and the current one is not over: both are marked."""
    span = repository.month_range(session)
    if span is None:
        return "", ""
    first = span[0]
    current = now.astimezone(LONDON)
    year, month = (current.year, current.month - 1) if current.month > 1 else (current.year - 1, 12)
    after = f"{int(first[:4]) + (first[5:] == '12')}-{int(first[5:]) % 12 + 1:02d}"
    return after, f"{year}-{month:02d}"


def choices(session: Session, dimension: Dimension) -> list[str]:
    """Values for the query form."""
    return repository.choices(session, dimension)


def found_choices(session: Session) -> list[str]:
    """Substances and classes for the query form."""
    return repository.found_values(session)


def as_data(table: TrendTable) -> dict[str, Any]:
    """The table in the form the API and `mast trends --json` share."""
    return TrendOut.of(table).model_dump()
