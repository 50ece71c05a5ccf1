"""Use cases of releases: say which struck periods are public from now on, list releases, look tables up in one; and the job.

The job strikes what is due every day and makes a release once a month. Nothing that is looked up is computed: every choice
is a table of the release.

A release holds no figures of its own: what was struck does not change. A row made before figures were perturbed has a digest of
facts; it stays in its table, and nothing here reads it.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlencode

import sqlalchemy as sa
import structlog
from pydantic import BaseModel, JsonValue
from sqlmodel import Session, col, select

from app.figures.releases.tables import Release, ReleaseOut
from app.figures.trends import service as trends
from app.figures.trends.domain import Audience, Dimension, Question, TrendTable
from app.figures.trends.measures import measure_of
from app.figures.trends.protection.lattice import kind_of, labels, months_of
from app.figures.trends.protection.noise import REACH, VARIANCE, Draws, Stream, Strength
from app.figures.trends.protection.striking import StruckFigures, strike_due, struck_figures, struck_months
from app.figures.trends.protection.tables import FigurePeriod
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import JobContext, JobRow, JobState, enqueue
from app.platform.kernel.errors import Conflict, NotFound
from app.platform.kernel.ids import new_id
from harm_messages import Register

__all__ = ["Audience", "Release"]

AUDIENCES = (Audience.PUBLIC, Audience.PARTNER)
EXPECTED_FOUND = "expected_found"
"""What may be looked up beside classes: the share in which what was expected was found."""
_CITATION = (
    "Drug checking figures, release {number} (samples of {first} to {last}), made {day} with MAST. sha-256 {digest}."
)
_LEVEL = re.compile(r"\d{4}\.(\d+)")
_NEWEST_FIRST = (
    select(Release).where(Release.facts_digest == "").order_by(col(Release.made_at).desc(), col(Release.id).desc())
)


class Choices(BaseModel):
    """What a look-up may name. The same for every audience of a release."""

    months: list[str]
    regions: list[str]
    expected: list[str]
    found: list[str]


class ReleaseWithChoices(Choices, ReleaseOut):
    """One release, with what a look-up may name."""


def newest(session: Session) -> Release | None:
    """The newest release, or None."""
    return session.exec(_NEWEST_FIRST.limit(1)).first()


def releases(session: Session) -> list[Release]:
    """All of them, the newest first."""
    return list(session.exec(_NEWEST_FIRST))


def release(session: Session, release_id: uuid.UUID) -> Release:
    """One of them. Raises NotFound."""
    row = session.get(Release, release_id)
    if row is None or row.facts_digest:
        raise NotFound("release")
    return row


def of_name(session: Session, name: str) -> Release:
    """By its number (2026.2) or its key. Raises NotFound."""
    row = session.exec(_NEWEST_FIRST.where(Release.number == name)).first()
    if row is None:
        try:
            return release(session, uuid.UUID(name))
        except ValueError:
            raise NotFound("release") from None
    return row


def make(uow: UnitOfWork, *, note: str = "") -> Release:
    """Publish every period that is struck. Raises Conflict where none is."""
    session = uow.session
    periods = dict(session.connection().execute(select(FigurePeriod.label, FigurePeriod.sha256)).all())
    months = sorted(label for label in periods if kind_of(label) == "month")
    if not months:
        raise Conflict(
            "No month is in the figures yet, so there is nothing to release.",
            hint="A month is, once it is over and its results are in: mast trends strike.",
        )
    before, year = newest(session), uow.now.year
    numbers = session.exec(select(Release.number).where(col(Release.number).startswith(f"{year}.")))
    used = [_LEVEL.fullmatch(number) for number in numbers]
    defined = [measure_of(name) for name in ("samples", "found", EXPECTED_FOUND)]
    row = Release(
        id=new_id(), number=f"{year}.{max((int(m[1]) for m in used if m), default=0) + 1}", made_at=uow.now, made_by=uow.actor.person_id, first_month=months[0],
        last_month=months[-1], facts_digest="", content_digest="", counts={"periods": len(periods), "months": len(months)},
        definitions={m.name: {"title": m.title, "definition": m.definition, "version": m.version} for m in defined},
        protection=_protection(), citation="", supersedes=before.id if before else None, note=note[:500],
    )  # fmt: skip
    row.content_digest = digest_of(row, periods)
    row.citation = _CITATION.format(
        number=row.number, first=months[0], last=months[-1], day=f"{uow.now:%Y-%m-%d}", digest=row.content_digest
    )
    session.add(row)
    session.flush()
    after = {"number": row.number, "months": [months[0], months[-1]], "content_digest": row.content_digest}
    audit.record(uow, "make", "release", row.id, after=after)
    return row


def digest_of(row: Release, periods: Mapping[str, str]) -> str:
    """The digest of a release: of its periods' digests and of what is said about it."""
    about = {
        "number": row.number, "months": [row.first_month, row.last_month], "definitions": row.definitions,
        "protection": row.protection, "note": row.note, "periods": dict(sorted(periods.items())),
    }  # fmt: skip
    return hashlib.sha256(
        json.dumps(about, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked. `holds` is None where it cannot be told any more."""

    what: str
    holds: bool | None
    words: str = ""


def verify(session: Session, row: Release) -> list[Check]:
    """That what is stored is what was struck, and that the release is of it."""
    rows = sorted(session.exec(select(FigurePeriod)), key=lambda one: one.label)
    inside = [one for one in rows if months_of(one.label)[-1] <= row.last_month]
    checks = [
        Check(
            one.label,
            hashlib.sha256(one.content).hexdigest() == one.sha256,
            "the figures are stored as they were struck",
        )
        for one in inside
    ]
    if any(one.struck_at > row.made_at for one in inside):
        return [*checks, Check("release", None, "a year was revised since: the release cannot be compared any more")]
    whole = digest_of(row, {one.label: one.sha256 for one in inside}) == row.content_digest
    return [*checks, Check("release", whole, "number, months, definitions and periods are as released")]


def _protection() -> dict[str, JsonValue]:
    times = Strength.PUBLIC.times
    return {
        "version": "2",
        "variance": {stream.value: VARIANCE[stream] * times for stream in Stream},
        "largest": {stream.value: REACH[stream] * times for stream in Stream},
    }


def cube_table(
    session: Session,
    row: Release,
    audience: Audience,
    by: Sequence[Dimension],
    where: Mapping[Dimension, str],
    found: str,
    register: Register,
    now: datetime,
) -> TrendTable:
    """A table of a release: how many samples, the share in which what was expected was found, or the share in which a
    class or a substance was found. Raises Invalid and Forbidden."""
    measure = EXPECTED_FOUND if found == EXPECTED_FOUND else "found" if found else "samples"
    asked = Question(measure, tuple(dict.fromkeys(by)), dict(where), "" if found == EXPECTED_FOUND else found)
    table = trends.protected_table(session, audience, now, asked, register, until=row.last_month)
    return replace(table, made_at=row.made_at)


def choices(session: Session, row: Release) -> Choices:
    """Values for the form of a page."""
    held = released(session, row)
    periods = held.periods.values()
    found = sorted({name for one in periods for name in one.lists.classes})
    regions, expected = labels(periods, "regions"), labels(periods, "expected")
    return Choices(months=held.months, regions=regions, expected=expected, found=found)


def released(session: Session, row: Release) -> StruckFigures:
    """The periods of a release, as partners and the public read them."""
    return struck_figures(session, Strength.PUBLIC).until(row.last_month)


class Width(StrEnum):
    """How wide a step in time is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ALL = "all"


class Split(StrEnum):
    """What a table is split by besides time."""

    NONE = "none"
    REGION = "region"
    EXPECTED = "expected"
    BOTH = "both"


WIDTH_WORDS = {Width.MONTH: "month", Width.QUARTER: "quarter", Width.YEAR: "year", Width.ALL: "all of it at once"}
SPLIT_WORDS = {
    Split.NONE: "nothing else",
    Split.REGION: "region",
    Split.EXPECTED: "what was expected",
    Split.BOTH: "region and what was expected",
}


@dataclass(frozen=True, slots=True)
class LookUp:
    """One look-up. `found`: a class, expected_found, or nothing for how many samples there are."""

    found: str = ""
    width: Width = Width.MONTH
    split: Split = Split.NONE
    region: str = ""
    expected: str = ""

    @property
    def by(self) -> tuple[Dimension, ...]:
        """Dimensions of the table; what is chosen is no split any more."""
        time = [] if self.width is Width.ALL else [Dimension(self.width.value)]
        split = [d for d in (Dimension.REGION, Dimension.EXPECTED) if self.split.value in (d.value, Split.BOTH.value)]
        return (*time, *(d for d in split if d not in self.where))

    @property
    def where(self) -> dict[Dimension, str]:
        """What is chosen."""
        chosen = {Dimension.REGION: self.region, Dimension.EXPECTED: self.expected}
        return {d: value for d, value in chosen.items() if value}

    def address(self, path: str) -> str:
        """The address at `path` that opens this selection again."""
        pairs = {
            "found": self.found, "width": self.width.value, "split": self.split.value, "region": self.region,
            "expected": self.expected,
        }  # fmt: skip
        return f"{path}?{urlencode({k: v for k, v in pairs.items() if v})}"


JOB = "release"
NOTE = "Made because a month was over."

_log = structlog.get_logger(__name__)


def handlers(
    database: Database, register: Register, draws: Draws, *, monthly: bool
) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: lambda ctx: carry_out(database, ctx, register, draws, monthly=monthly)}


def ask_daily(database: Database) -> None:
    """Called every day: have what is due struck, and released where it is asked for, unless that is waiting already."""
    waiting = sa.and_(col(JobRow.kind) == JOB, col(JobRow.state).in_([JobState.QUEUED, JobState.RUNNING]))
    with database.begin(request_id="daily figures") as uow:
        if uow.session.exec(select(JobRow.id).where(waiting).limit(1)).first() is None:
            enqueue(uow, JOB, {"note": NOTE})


def carry_out(database: Database, ctx: JobContext, register: Register, draws: Draws, *, monthly: bool) -> None:
    """Strike what is due; make a release where the newest one lacks a struck month, or someone asked for one."""
    try:
        struck = strike_due(database, register, draws)
    except Conflict as refused:
        _log.warning("figures_not_struck", why=str(refused))
        return
    if struck:
        _log.info("figures_struck", periods=struck)
    with ctx.begin() as uow:
        months, latest = struck_months(uow.session), newest(uow.session)
        asked = ctx.payload.get("note") != NOTE
        if months and (asked or (monthly and (latest is None or latest.last_month < months[-1]))):
            row = make(uow, note=str(ctx.payload.get("note", "")))
            _log.info("release_made", number=row.number)
        ctx.complete(uow)
