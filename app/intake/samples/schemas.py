"""Shapes of samples over HTTP, outwards. None of them holds a ticket but the answer to who registered it."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.intake.samples import domain as d
from app.intake.samples.intake_schemas import Details
from app.intake.samples.queue import QueueRow
from app.intake.samples.substances import Suggestion
from app.intake.samples.tables import Sample
from app.intake.samples.tickets import grouped
from app.platform.kernel.actor import Actor
from harm_messages.vocabulary import Form


class QueueRowOut(BaseModel):
    """A sample in the queue."""

    id: uuid.UUID
    number: int
    form: Form
    intent: d.Intent
    expected: list[str]
    words_spoken: str
    stage: d.Stage
    state: str
    received_at: datetime
    waited_s: float
    late: bool
    group_ref: str
    version: int

    @classmethod
    def of(cls, row: QueueRow) -> QueueRowOut:
        """The JSON shape of what the service shows."""
        return cls(**asdict(row), id=row.sample_id, state=row.state_words)


class SampleOut(Details):
    """What was recorded about a sample; no ticket.

    `age_band`, `gender` and `harm_event` are null for everybody but reception and health workers.
    """

    model_config = ConfigDict(extra="ignore")

    id: uuid.UUID
    session_id: uuid.UUID
    number: int
    submitter_type: d.SubmitterType
    intent: d.Intent
    expected: list[str]
    words_spoken: str
    form: Form
    consents: dict[d.ConsentKind, d.ConsentAnswer]
    stage: d.Stage
    received_at: datetime
    analysed_at: datetime | None
    verified_at: datetime | None
    released_at: datetime | None
    told_at: datetime | None
    withdrawn_at: datetime | None
    version: int

    @classmethod
    def of(
        cls, row: Sample, expected: list[str], consents: dict[d.ConsentKind, d.ConsentAnswer], who: Actor
    ) -> SampleOut:
        """From rows, as this person may see them."""
        values = row.model_dump(exclude={"ticket_hmac", "ticket_expires_at", "received_by", "agency_id"})
        for name in ("planned_route", "gender", "price_unit"):
            values[name] = values[name] or None
        if not who.has(*d.PERSON_SEEN_BY):
            values |= dict.fromkeys(d.PERSON_FIELDS)
        return cls(**values, expected=expected, consents=consents, stage=d.stage(row))


class TicketOut(BaseModel):
    """A ticket code, shown this once. `url` is null where the licence lets no client page open."""

    code: str
    printed: str
    url: str | None
    expires_at: datetime

    @classmethod
    def of(cls, code: str, expires_at: datetime, public_url: str, individual_results: bool) -> TicketOut:
        """The code in the fragment of the address: browsers never send it, so no log knows it."""
        url = f"{public_url.rstrip('/')}/t#{code}" if individual_results else None
        return cls(code=code, printed=grouped(code), url=url, expires_at=expires_at)


class RegisteredOut(BaseModel):
    """The answer to a registration. `offers`: what the words may have meant, where the register was not sure."""

    sample: SampleOut
    ticket: TicketOut
    offers: list[Suggestion]


class Reissue(BaseModel):
    """The password of who is signed in, once more."""

    model_config = ConfigDict(extra="forbid")

    password: str = Field(max_length=200)


class Withdrawal(BaseModel):
    """Why a sample is withdrawn."""

    model_config = ConfigDict(extra="forbid")

    reason: d.WithdrawReason = d.WithdrawReason.CLIENT_ASKED
