"""Shapes of tickets and consultations over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import BaseModel, Field

from app.care.consultations.domain import Intention, Moment, Referral, Tick
from app.care.consultations.service import ClientView, ConsultationView

LONGEST_TALK = 600  # minutes


class TicketCode(BaseModel):
    """A code as printed or typed; spaces, dashes and small letters do not matter."""

    code: str = Field(min_length=1, max_length=40)


class TickIn(BaseModel):
    """What one person of the group intends."""

    intention: Intention
    moment: Moment = Moment.AFTER
    person_index: int = Field(1, ge=1, le=20)

    def tick(self) -> Tick:
        """For the use case."""
        return Tick(self.intention, self.moment, self.person_index)


class NewConsultation(BaseModel):
    """A talk to record. There is no field for names or for what else somebody takes."""

    outcomes: list[TickIn] = Field(default=[], max_length=200)
    minutes: int | None = Field(None, ge=0, le=LONGEST_TALK)
    group_size: int | None = Field(None, ge=1, le=20)
    naloxone_given: bool | None = None
    referral: Referral | None = None
    dependent_adult_confirmed: bool = False


class ConsultationOut(BaseModel):
    """A recorded talk."""

    id: uuid.UUID
    sample_id: uuid.UUID
    at: datetime
    by: str
    minutes: int | None
    group_size: int | None
    naloxone_given: bool | None
    referral: Referral | None
    outcomes: list[TickIn]

    @classmethod
    def of(cls, view: ConsultationView) -> ConsultationOut:
        """From a service's answer."""
        row = view.row
        return cls(
            id=row.id,
            sample_id=row.sample_id,
            at=row.at,
            by=view.by,
            minutes=row.minutes,
            group_size=row.group_size,
            naloxone_given=row.naloxone_given,
            referral=Referral(row.referral) if row.referral else None,
            outcomes=[
                TickIn(intention=Intention(t.intention), moment=Moment(t.moment), person_index=t.person_index)
                for t in view.ticks
            ],
        )


class ResultMessage(BaseModel):
    """One message of the page, for programs."""

    id: str
    version: int
    severity: str
    slot: str
    text: str
    locale: str = Field("en", description="Another one than the page's where there is no translation")


class TicketState(BaseModel):
    """A client's page as data."""

    kind: str
    place: str
    locale: str = Field("en", description="The language of what is to be read")
    stage: str | None = None
    before: int | None = None
    why: str = Field("", description="Where no result is shown: what the client should do")
    headline: str = ""
    told_us: str = ""
    messages: list[ResultMessage] = []
    under_review: bool = False
    changed_at: datetime | None = None
    change_reason: str = ""
    changed_from: str = Field("", description="The headline of the result told before, where it has changed")
    changes: list[str] = Field([], description="What is warned of now and not then, then what was and is not now")
    mate_changed_at: datetime | None = Field(
        None, description="When the result of a sample that looks the same changed"
    )

    @classmethod
    def of(cls, view: ClientView) -> TicketState:
        """What the client's screen shows. Nothing self-reported is ever in a client's own view."""
        page = view.page
        return cls(
            kind=view.kind,
            place=view.place,
            locale=view.locale,
            stage=view.stage,
            before=view.before,
            why=view.why,
            headline=page.headline if page else "",
            told_us=page.told_us if page else "",
            messages=[
                ResultMessage(
                    id=m.id, version=m.version, severity=m.severity, slot=m.slot, text=m.text, locale=m.locale
                )
                for m in (page.loggable().messages() if page else ())
            ],
            under_review=view.under_review,
            changed_at=view.changed_at,
            change_reason=view.change_reason,
            changed_from=view.changed_from,
            changes=list(view.changes),
            mate_changed_at=view.mate_changed_at,
        )
