"""Shapes of tickets and consultations over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from app.care.consultations.client_view import ClientView
from app.care.consultations.domain import Referral, Tick
from app.care.consultations.service import ConsultationView

LONGEST_TALK = 600  # minutes


class TicketCode(BaseModel):
    """A code as printed or typed; spaces, dashes and small letters do not matter."""

    code: str = Field(min_length=1, max_length=40)


class NewConsultation(BaseModel):
    """A talk to record. There is no field for names or for what else someone takes."""

    outcomes: list[Tick] = Field(default=[], max_length=200)
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
    outcomes: list[Tick]

    @classmethod
    def of(cls, view: ConsultationView) -> ConsultationOut:
        """From a service's answer."""
        row = view.row
        ticks = [Tick(one.intention, one.moment, one.person_index) for one in view.ticks]
        around = {"by": view.by, "referral": row.referral or None, "outcomes": ticks}
        return cls.model_validate({**row.model_dump(), **around})


class ResultMessage(BaseModel, from_attributes=True):
    """One message of the page, for programs."""

    id: str
    version: int
    severity: str
    slot: str
    text: str
    locale: str = Field("en", description="Another one than the page's where there is no translation")


class Withdrawn(BaseModel, from_attributes=True):
    """A warning that was withdrawn. `about` is empty where it was about how a sample looks."""

    about: str
    at: datetime
    message: str = Field("", description="The title of the urgent message, where it was one")


class TicketState(BaseModel, from_attributes=True):
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
    withdrawn: list[Withdrawn] = Field(
        [], description="Warnings and urgent messages that stood on this page and were withdrawn since"
    )
    typical_wait: tuple[timedelta, timedelta] | None = Field(
        None, description="While waiting: half of the results of the session took as long; null below 10 results"
    )

    @classmethod
    def of(cls, view: ClientView) -> TicketState:
        """What the client's screen shows. Nothing self-reported is ever in a client's own view."""
        state, page = cls.model_validate(view), view.page
        if page is None:
            return state
        messages = [ResultMessage.model_validate(one) for one in page.loggable().messages()]
        return state.model_copy(update={"headline": page.headline, "told_us": page.told_us, "messages": messages})
