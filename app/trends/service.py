"""Use cases of aggregates: take a released sample in, take it out again, answer a protected table."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden, Invalid
from app.trends import differencing, domain, repository
from app.trends.differencing import Key, Selection
from app.trends.domain import (
    Audience,
    Count,
    Dimension,
    FoundFact,
    Measure,
    Question,
    ReleaseFact,
    Row,
    TrendTable,
)
from app.trends.schemas import TrendOut
from app.trends.tables import TrendFinding, TrendSample
from harm_messages import Register

__all__ = [
    "Choices",
    "FoundFact",
    "Question",
    "ReleaseFact",
    "as_data",
    "choices",
    "forget",
    "record_release",
    "table",
    "unprotected_table",
]

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


def table(session: Session, actor: Actor, now: datetime, asked: Question, register: Register) -> TrendTable:
    """A table this person may see. Raises Invalid for a question that makes no sense, Forbidden for a finer one."""
    audience, agency_id = audience_of(actor)
    measure, selection = _understood(asked, register)
    _check_fineness(audience, asked)
    _check_months(selection)
    cells = repository.cells(session, measure, selection.columns, found=asked.found, agency_id=agency_id)
    _check_filters(cells, selection, audience)
    counts = differencing.rows_of(cells, selection)
    exposed = differencing.exposed(cells, selection, audience.threshold)
    if asked.found and asked.found not in register:
        members = repository.members_found(session, measure, selection.columns, asked.found, agency_id)
        exposed |= differencing.members_exposed(counts, _by_row(members, selection), audience.threshold)

    def protect(count: Count, incomplete: bool) -> Row:
        row = domain.protect(count, selection.by, audience, incomplete=incomplete)
        return domain.withheld(row) if count.key in exposed and row.n is not None else row

    rows = _rows(
        counts, selection, _complete_months(repository.month_range(session, agency_id=agency_id), now), protect
    )
    return TrendTable(measure, selection.by, audience, _filters(asked), asked.found, now, rows)


def unprotected_table(uow: UnitOfWork, asked: Question, register: Register) -> TrendTable:
    """True counts for the operator on this machine. That somebody looked is in the audit log."""
    measure, selection = _understood(asked, register)
    filters = _filters(asked)
    audit.record(
        uow,
        "read_unprotected",
        "trends",
        measure.name,
        after={"by": [d.value for d in selection.by], "where": filters, "found": asked.found},
    )
    cells = repository.cells(uow.session, measure, selection.columns, found=asked.found)
    rows = _rows(
        differencing.rows_of(cells, selection),
        selection,
        _complete_months(repository.month_range(uow.session, agency_id=None), uow.now),
        lambda count, incomplete: domain.unprotected(count, selection.by, incomplete=incomplete),
    )
    return TrendTable(measure, selection.by, Audience.OPERATOR, filters, asked.found, uow.now, rows)


def _understood(asked: Question, register: Register) -> tuple[Measure, Selection]:
    """The measure and what is selected, or Invalid with what is wrong."""
    measure = domain.MEASURES.get(asked.measure)
    if measure is None:
        raise Invalid(f"There is no figure called “{asked.measure}”.", fields={"measure": "unknown"})
    if measure.name == "found" and not asked.found:
        raise Invalid("Say which substance or class to look for.", fields={"found": "missing"})
    if measure.name != "found" and asked.found:
        raise Invalid("A substance to look for goes with the figure “found” only.", fields={"found": "not used"})
    if asked.found and asked.found not in register and not register.is_class(asked.found):
        raise Invalid(  # a name nobody knows must not read as “found in none”
            f"“{asked.found}” is neither a substance nor a class of the register.",
            fields={"found": "unknown"},
            hint="Use an id such as mdma, or a class such as opioid.nitazene.",
        )
    first, last = asked.months
    if any(value and not _MONTH.fullmatch(value) for value in asked.months):
        raise Invalid("A month is written like 2026-11.", fields={"from": "not a month"})
    if first and last and first > last:
        raise Invalid("The first month is after the last one.", fields={"from": "after the last month"})
    if not asked.by:
        raise Invalid("Choose at least one way to split the figures.", fields={"by": "missing"})
    return measure, Selection(tuple(dict.fromkeys(asked.by)), dict(asked.where), asked.months)


def _filters(asked: Question) -> dict[str, str]:
    """Everything that narrows the table, to be printed with it."""
    months = zip(("from", "to"), asked.months, strict=True)
    return {d.value: v for d, v in asked.where.items()} | {name: month for name, month in months if month}


def _by_row(members: Sequence[tuple[Key, str, int]], selection: Selection) -> dict[Key, Counter[str]]:
    found: dict[Key, Counter[str]] = {}
    for key, member, count in members:
        if selection.fits(key):
            found.setdefault(selection.row_of(key), Counter())[member] += count
    return found


def _rows(
    counts: Sequence[Count], selection: Selection, complete: tuple[str, str], make: Callable[[Count, bool], Row]
) -> tuple[Row, ...]:
    at = selection.by.index(Dimension.MONTH) if Dimension.MONTH in selection.by else None
    first, last = complete
    return tuple(make(count, at is not None and not first <= count.key[at] <= last) for count in counts)


def audience_of(actor: Actor) -> tuple[Audience, uuid.UUID | None]:
    """Which protection applies, and the one agency that is seen (None: all of them)."""
    if actor.has(Role.RESEARCHER):
        return Audience.PUBLIC, None
    if actor.has(Role.PUBLIC_HEALTH, Role.POLICE):
        return Audience.PARTNER, None
    if actor.agency_id is None:
        raise Forbidden("Figures of an agency are for the people of that agency.")
    return Audience.PARTNER, actor.agency_id


def _check_fineness(audience: Audience, asked: Question) -> None:
    chosen = {*asked.by, *asked.where}
    if audience is Audience.PUBLIC:
        too_fine = {Dimension.SITE, Dimension.AGENCY} & chosen
    else:
        too_fine = chosen - domain.PARTNER_DIMENSIONS
    if too_fine:
        names = ", ".join(sorted(d.value.replace("_", " ") for d in too_fine))
        raise Forbidden(
            f"Figures are not split by {names} for you: small groups could be recognised.",
            hint="Use month, region and what was expected.",
        )
    if len(chosen) > domain.MOST_DIMENSIONS:
        raise Invalid(
            f"Split and filter by {domain.MOST_DIMENSIONS} things at most: finer tables hold small groups only.",
            fields={"by": "too many"},
        )


def _check_months(selection: Selection) -> None:
    """Sums over freely chosen months could be subtracted from each other, which gives every single month away."""
    if any(selection.months) and Dimension.MONTH not in (*selection.by, *selection.where) and not selection.one_year:
        raise Invalid(
            "Without a split by month, choose no months or one whole calendar year: sums over other months could be "
            "subtracted from each other.",
            fields={"from": "needs a split by month"},
            hint="Split by month as well, and add the months up yourself.",
        )


def _check_filters(cells: Sequence[Count], selection: Selection, audience: Audience) -> None:
    """A value few samples have is refused like one that no sample has."""
    for dimension, value in selection.where.items():
        if differencing.total_of(cells, selection, dimension, value) < audience.threshold:
            raise Invalid(
                f"There are fewer than {audience.threshold} samples with {dimension.value.replace('_', ' ')} "
                f"“{value}”, or none, so no figures are given for it.",
                fields={"where": "too few samples"},
                hint="Choose something wider.",
            )


def _complete_months(span: tuple[str, str] | None, now: datetime) -> tuple[str, str]:
    """The first month may have begun late and the current one is not over: both are marked."""
    if span is None:
        return "", ""
    first = span[0]
    current = now.astimezone(LONDON)
    year, month = (current.year, current.month - 1) if current.month > 1 else (current.year - 1, 12)
    after = f"{int(first[:4]) + (first[5:] == '12')}-{int(first[5:]) % 12 + 1:02d}"
    return after, f"{year}-{month:02d}"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the query form offers: no value that too few samples have, and no counts."""

    regions: list[str]
    expected: list[str]
    months: list[str]
    found: list[str]


def choices(session: Session, actor: Actor) -> Choices:
    """Values for this person's query form."""
    audience, agency_id = audience_of(actor)
    least = audience.threshold

    def of(dimension: Dimension, at_least: int = least) -> list[str]:
        return repository.choices(session, dimension, least=at_least, agency_id=agency_id)

    return Choices(
        regions=of(Dimension.REGION),
        expected=of(Dimension.EXPECTED),
        months=of(Dimension.MONTH, 1),
        found=repository.found_choices(session, least=least, agency_id=agency_id),
    )


def as_data(table: TrendTable) -> dict[str, Any]:
    """The table in the form the API and `mast trends --json` share."""
    return TrendOut.of(table).model_dump(mode="json")
