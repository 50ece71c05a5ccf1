"""What partners and the public read of alerts: text, substances, region, month. No session, no sample, no number.

Partners read every service's alerts of T2 and above, the public those of T3, from the moment they are in force. Nothing
of an alert's evidence, of its drafting, or of who signed it is here, and no time of day: an alert is signed soon after a sample.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from pydantic import BaseModel, Field
from sqlmodel import Session

from app.care.alerts import repository
from app.care.alerts.domain import NO_GREEN_LIGHT, AlertState, Channel, Reach, Tier, in_force, told_until
from app.care.alerts.signing import samples_behind
from app.care.alerts.tables import Alert
from app.intake.people import service as people
from app.intake.samples import substances
from app.intake.samples.lookup import may_be_described
from app.platform.kernel.errors import NotFound
from app.platform.kernel.place import day_of
from harm_messages.register import Register

MOST = 100
KEPT = timedelta(days=366)
"""Its own page answers for a year, so that anyone who kept the address reads that it is over."""


class PublishedAlert(BaseModel):
    """An alert as partners and the public read it: no session, no sample, no number, no time of day."""

    id: uuid.UUID
    tier: Tier
    service: str
    region: str = Field(description="empty: wherever the service works")
    words: str
    note: str = Field(NO_GREEN_LIGHT, description="stands with every alert")
    about: list[str]
    forms: list[str]
    colours: list[str]
    logos: list[str]
    from_at: date = Field(description="a day: no time of day is told outside")
    until: date
    in_force: bool
    retracted_at: date | None
    reason: str

    @property
    def place(self) -> str:
        """The area it covers, in words."""
        return self.region or "Wherever this service works"

    @property
    def changed_at(self) -> date:
        """The day it was last changed for its readers."""
        return self.retracted_at or self.from_at

    @property
    def title(self) -> str:
        """One line; a retraction says so first."""
        what = ", ".join(self.about) or "Warning"
        return f"{'Retracted: ' if self.retracted_at else ''}{what[:1].upper()}{what[1:]} – {self.place}"


def published(session: Session, channel: Channel, register: Register, now: datetime) -> list[PublishedAlert]:
    """What stands in a channel now, the newest first."""
    return [_told(session, row, register, now) for row in repository.published(session, channel, now, MOST)]


def published_one(
    session: Session, channel: Channel, register: Register, public_id: uuid.UUID, now: datetime
) -> PublishedAlert:
    """One that was told there, also after its end. Raises NotFound, also for one that was told elsewhere only."""
    row = repository.published_one(session, channel, public_id)
    if row is None or now >= told_until(row.state, row.ended_at, row.until) + KEPT:
        raise NotFound("alert")
    return _told(session, row, register, now)


def _told(session: Session, row: Alert, register: Register, now: datetime) -> PublishedAlert:
    retracted = row.state is AlertState.RETRACTED
    # asked at every reading: a client may have taken back that their sample is described
    described = not (row.logos or row.colours) or may_be_described(session, samples_behind(session, row))
    return PublishedAlert(
        id=row.public_id,
        tier=row.tier,
        service=people.agency_name(session, row.agency_id),
        region=row.region if row.reach is Reach.REGION else "",
        words=row.told_words,
        about=substances.labels(register, row.about),
        forms=row.forms,
        colours=row.colours if described else [],
        logos=row.logos if described else [],
        from_at=day_of(row.from_at),
        until=day_of(row.until),
        in_force=in_force(row.state, row.from_at, row.until, now),
        retracted_at=day_of(row.ended_at) if retracted and row.ended_at else None,
        reason=row.reason if retracted else "",
    )
