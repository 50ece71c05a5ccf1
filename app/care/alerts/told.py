"""What partners and the public read of alerts: text, substances, region, month. No session, no sample, no number.

Partners read every service's alerts of T2 and above, the public those of T3, from the moment they are in force. Nothing
of an alert's evidence, of its drafting, or of who signed it is here, and no time of day: an alert is signed soon after a sample.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from app.care.alerts import repository
from app.care.alerts.domain import NO_GREEN_LIGHT, AlertState, Channel, Reach, Tier, in_force, told_until
from app.care.alerts.signing import samples_behind
from app.care.alerts.tables import Alert
from app.intake.people import service as people
from app.intake.samples import service as samples
from app.intake.samples.lookup import may_be_described
from app.platform.kernel.errors import NotFound
from app.platform.kernel.place import day_of
from harm_messages.register import Register

__all__ = ["NO_GREEN_LIGHT", "Channel", "Told", "told", "told_one"]

MOST = 100
KEPT = timedelta(days=366)
"""Its own page answers for a year, so that whoever kept the address reads that it is over."""


@dataclass(frozen=True, slots=True)
class Told:
    """One alert as it is told outside."""

    public_id: uuid.UUID
    tier: Tier
    service: str
    region: str
    words: str
    about: tuple[str, ...]
    forms: tuple[str, ...]
    colours: tuple[str, ...]
    logos: tuple[str, ...]
    from_at: date
    until: date
    in_force: bool
    retracted_at: date | None
    reason: str

    @property
    def place(self) -> str:
        """Where it holds, in words."""
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


def told(session: Session, channel: Channel, register: Register, now: datetime) -> list[Told]:
    """What stands in a channel now, the newest first."""
    return [_told(session, row, register, now) for row in repository.told(session, channel, now, MOST)]


def told_one(session: Session, channel: Channel, register: Register, public_id: uuid.UUID, now: datetime) -> Told:
    """One that was told there, also after its end. Raises NotFound, also for one that was told elsewhere only."""
    row = repository.told_one(session, channel, public_id)
    if row is None or now >= told_until(row.state, row.ended_at, row.until) + KEPT:
        raise NotFound("alert")
    return _told(session, row, register, now)


def _told(session: Session, row: Alert, register: Register, now: datetime) -> Told:
    retracted = row.state is AlertState.RETRACTED
    # asked at every reading: a client may have taken back that their sample is described
    described = not (row.logos or row.colours) or may_be_described(session, samples_behind(session, row))
    return Told(
        public_id=row.public_id,
        tier=row.tier,
        service=people.agency_name(session, row.agency_id),
        region=row.region if row.reach is Reach.REGION else "",
        words=row.told_words,
        about=tuple(samples.labels(register, [*row.substances, *row.classes])),
        forms=tuple(row.forms),
        colours=tuple(row.colours) if described else (),
        logos=tuple(row.logos) if described else (),
        from_at=day_of(row.from_at),
        until=day_of(row.until),
        in_force=in_force(row.state, row.from_at, row.until, now),
        retracted_at=day_of(row.ended_at) if retracted and row.ended_at else None,
        reason=row.reason if retracted else "",
    )
