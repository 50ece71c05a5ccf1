"""Shapes of samples and of their custody ledger: what is written down when one is handed in, how it may be corrected, and what
is shown of it over HTTP.

What comes in is validated for the use cases and for HTTP alike. Unknown fields are refused: there is no place for a name, a
date of birth, a phone number or an address. Nothing that goes out holds a ticket but the answer to who registered the sample.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, field_validator, model_validator

from app.intake.custody.domain import LARGEST_MG, CustodyKind
from app.intake.custody.service import CustodyLine, Ledger
from app.intake.samples import domain as d
from app.intake.samples.substances import Suggestion
from app.intake.samples.tables import Sample
from app.intake.samples.tickets import grouped
from app.platform.kernel.actor import Actor
from app.platform.kernel.sample_numbers import sample_number
from app.platform.web.fields import FreeText, Note20, Note40, Note60, Note80, Note140, Text60
from harm_messages.vocabulary import Form

Words = Annotated[Note140, StringConstraints(max_length=120)]
SubstanceId = Annotated[Text60, StringConstraints(min_length=1)]
Millimetres = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Milligrams = Annotated[float, Field(gt=0, le=10_000_000, allow_inf_nan=False)]
Price = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
GroupSize = Annotated[int, Field(ge=1, le=50)]


EACH_ONCE = AfterValidator(lambda value: list(dict.fromkeys(value)))


class Details(FreeText, extra="forbid"):
    """Everything that can be skipped with one tap."""

    sold_as: Note80 = ""
    client_believes: Note80 = ""
    collection: d.Collection | None = None
    colours: Annotated[list[d.Colour], EACH_ONCE] = Field(default=[], max_length=14)
    texture: Annotated[list[d.Texture], EACH_ONCE] = Field(default=[], max_length=8)
    logo: Note60 = ""
    shape: Note40 = ""
    score_line: bool | None = None
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None
    thickness_mm: Millimetres | None = None
    weight_mg: Milligrams | None = None
    price: Price | None = None
    price_unit: d.PriceUnit | None = None
    provider_relation: d.Provider | None = None
    acquired_where: d.AcquiredWhere | None = None
    used_before_test: d.UsedBefore | None = None
    effects_reported: Annotated[list[d.Effect], EACH_ONCE] = Field(default=[], max_length=14)
    harm_event: d.HarmEvent | None = None
    batch_linked_to_incident: bool | None = None
    planned_route: d.PlannedRoute | None = None
    age_band: d.AgeBand | None = None
    gender: d.Gender | None = None
    first_visit: bool | None = None
    ever_spoken_to_health_service: bool | None = None
    group_ref: Note20 = ""
    group_size: GroupSize | None = None
    staff_note: Note140 = ""


class NewSample(Details):
    """A sample as it is handed in. `id` may be a UUIDv7 a tablet minted while it was offline.

    `expected` holds ids of the register: substances, classes ("cannabinoid.synthetic") or mixtures ("tusi").
    `words_spoken` is what was said, verbatim. Without `intent`, it follows from what is expected.
    """

    id: uuid.UUID | None = None
    submitter_type: d.SubmitterType = d.SubmitterType.PUBLIC
    intent: d.Intent | None = None
    expected: Annotated[list[SubstanceId], EACH_ONCE] = Field(default=[], max_length=12)
    words_spoken: Words = ""
    form: Form
    received_mg: Milligrams | None = None
    consents: dict[d.ConsentKind, d.ConsentAnswer] = Field(default={})

    @field_validator("id")
    @classmethod
    def _time_ordered(cls, value: uuid.UUID | None) -> uuid.UUID | None:
        if value is not None and value.version != 7:
            raise ValueError("must be a UUID of version 7")
        return value

    @model_validator(mode="after")
    def _known_means_something(self) -> Self:
        if self.intent is d.Intent.UNKNOWN and self.expected:
            raise ValueError("nothing can be expected where nobody knows what it is")
        return self


class SampleChange(Details):
    """A correction: only the fields that are sent change."""

    submitter_type: d.SubmitterType | None = None
    intent: d.Intent | None = None
    expected: Annotated[list[SubstanceId], EACH_ONCE] | None = Field(default=None, max_length=12)
    words_spoken: Words | None = None
    form: Form | None = None
    consents: dict[d.ConsentKind, d.ConsentAnswer] = Field(default={})

    @model_validator(mode="after")
    def _required_stays(self) -> Self:
        for name in ("submitter_type", "intent", "expected", "words_spoken", "form"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be emptied; leave it out to keep it")
        return self


class SampleOut(Details, extra="ignore"):
    """What was recorded about a sample; no ticket.

    `label`: its number as it is written, 010 or B07.
    `age_band`, `gender` and `harm_event` are null for everybody but reception and health workers.
    """

    id: uuid.UUID
    session_id: uuid.UUID
    number: int
    label: str
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
        return cls(**values, label=sample_number(row.number), expected=expected, consents=consents, stage=d.stage(row))


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


class Reissue(BaseModel, extra="forbid"):
    """The password of the person who is signed in, asked for once more."""

    password: str = Field(max_length=200)


class Withdrawal(BaseModel, extra="forbid"):
    """Why a sample is withdrawn."""

    reason: d.WithdrawReason = d.WithdrawReason.CLIENT_ASKED


LedgerMilligrams = Annotated[float, Field(ge=-LARGEST_MG, le=LARGEST_MG, allow_inf_nan=False)]


class NewCustodyEvent(FreeText, extra="forbid"):
    """A line to write. `witness_id` is needed for a destruction and is never the person who writes it."""

    kind: CustodyKind
    mg: LedgerMilligrams | None = None
    witness_id: uuid.UUID | None = None
    place: Note60 = ""


class HandedBag(BaseModel, extra="forbid"):
    """A sample to hand over, all that is left of it. `weighed_mg`: what the scale showed, where it was put on one."""

    sample_id: uuid.UUID
    weighed_mg: LedgerMilligrams | None = None


class HandOver(FreeText, extra="forbid"):
    """Samples of one session that another person takes. `to`: `to_police`, `retained_for_lab`, `destroyed` or `moved`, which needs a
    `place`. `witness_id`: another person of the service, who watched."""

    to: CustodyKind
    bags: Annotated[list[HandedBag], Field(min_length=1, max_length=2_000)]
    witness_id: uuid.UUID | None = None
    place: Note60 = ""

    @field_validator("bags")
    @classmethod
    def _each_once(cls, bags: list[HandedBag]) -> list[HandedBag]:
        if len({bag.sample_id for bag in bags}) < len(bags):
            raise ValueError("Name each sample once.")
        return bags


class HandedOver(BaseModel):
    """What was handed over; the lines stand in the ledger of each sample."""

    to: CustodyKind
    at: datetime
    samples: list[uuid.UUID]


class LedgerOut(BaseModel):
    """The ledger of one sample; received = consumed + destroyed + retained + to_police + variance + remaining."""

    lines: list[CustodyLine]
    received: float
    consumed: float
    destroyed: float
    retained: float
    to_police: float
    variance: float
    remaining: float

    @classmethod
    def of(cls, ledger: Ledger) -> LedgerOut:
        """The JSON shape of what the service shows."""
        return cls(lines=list(ledger.lines), remaining=ledger.balance.remaining, **asdict(ledger.balance))
