"""Tables of samples. A ticket code is kept only as a keyed hash; nothing here says who a person is."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.intake.samples import domain as d
from app.platform.db import Base, enum_column, json_column, key_column, utc_column
from harm_messages.vocabulary import Form


class Sample(Base, table=True):
    """One sample as it was handed in."""

    __tablename__ = "sample"
    __table_args__ = (sa.UniqueConstraint("session_id", "number"),)
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    session_id: uuid.UUID = Field(foreign_key="session.id", index=True)
    number: int = Field(description="unique in its session; written by kernel.sample_numbers as 041 or B07")
    ticket_hmac: str | None = Field(default=None, max_length=64, unique=True)
    ticket_expires_at: datetime | None = utc_column(nullable=True)
    submitter_type: d.SubmitterType = enum_column(d.SubmitterType, name="submitter_type")
    intent: d.Intent = enum_column(d.Intent, name="intent")
    words_spoken: str = Field(default="", max_length=120, description="what they called it, verbatim")
    sold_as: str = Field(default="", max_length=80)
    client_believes: str = Field(default="", max_length=80)
    form: Form = enum_column(Form, name="form")
    collection: d.Collection | None = enum_column(d.Collection, name="collection", nullable=True)
    colours: list[str] = json_column(list)
    texture: list[str] = json_column(list)
    logo: str = Field(default="", max_length=60)
    shape: str = Field(default="", max_length=40)
    score_line: bool | None = None
    width_mm: float | None = None
    height_mm: float | None = None
    thickness_mm: float | None = None
    weight_mg: float | None = None
    price: float | None = None
    price_unit: str = Field(default="", max_length=20)
    provider_relation: d.Provider | None = enum_column(d.Provider, name="provider_relation", nullable=True)
    acquired_where: d.AcquiredWhere | None = enum_column(d.AcquiredWhere, name="acquired_where", nullable=True)
    used_before_test: d.UsedBefore | None = enum_column(d.UsedBefore, name="used_before_test", nullable=True)
    effects_reported: list[str] = json_column(list)
    harm_event: d.HarmEvent | None = enum_column(d.HarmEvent, name="harm_event", nullable=True)
    batch_linked_to_incident: bool | None = None
    planned_route: str = Field(default="", max_length=30)
    age_band: d.AgeBand | None = enum_column(d.AgeBand, name="age_band", nullable=True)
    gender: str = Field(default="", max_length=30)
    first_visit: bool | None = None
    ever_spoken_to_health_service: bool | None = None
    group_ref: str = Field(default="", max_length=20)
    group_size: int | None = None
    staff_note: str = Field(default="", max_length=140)
    received_at: datetime = utc_column()
    received_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    analysed_at: datetime | None = utc_column(nullable=True)
    verified_at: datetime | None = utc_column(nullable=True)
    released_at: datetime | None = utc_column(nullable=True)
    told_at: datetime | None = utc_column(nullable=True)
    withdrawn_at: datetime | None = utc_column(nullable=True)
    version: int = 1


class SampleExpected(Base, table=True):
    """A substance of the register the client expected."""

    __tablename__ = "sample_expected"
    sample_id: uuid.UUID = Field(foreign_key="sample.id", primary_key=True, ondelete="CASCADE")
    substance_id: str = Field(max_length=60, primary_key=True)
    position: int = 0


class Consent(Base, table=True):
    """One answer to one consent question, with the wording it was asked in."""

    __tablename__ = "consent"
    id: uuid.UUID = key_column()
    sample_id: uuid.UUID = Field(foreign_key="sample.id", index=True, ondelete="CASCADE")
    kind: d.ConsentKind = enum_column(d.ConsentKind, name="kind")
    answer: d.ConsentAnswer = enum_column(d.ConsentAnswer, name="answer")
    wording_version: str = Field(max_length=20)
    at: datetime = utc_column()
    recorded_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class SamplePhoto(Base, table=True):
    """The photo of a sample; its bytes lie with the raw files. `small`: the same as large as a list shows it, where the device made one."""

    __tablename__ = "sample_photo"
    sample_id: uuid.UUID = Field(foreign_key="sample.id", primary_key=True, ondelete="CASCADE")
    blob_sha256: str = Field(max_length=64, foreign_key="blob.sha256", index=True)
    small: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    created_at: datetime = utc_column()
    created_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class TicketSession(Base, table=True):
    """A client's browser that showed a right ticket; lets it follow live events without the code."""

    __tablename__ = "ticket_session"
    id_hash: str = Field(max_length=64, primary_key=True)
    sample_id: uuid.UUID = Field(foreign_key="sample.id", index=True, ondelete="CASCADE")
    created_at: datetime = utc_column()
    expires_at: datetime = utc_column()


class Tablet(Base, table=True):
    """A browser that may register samples of one session without the server. It chose its key by itself and keeps it."""

    __tablename__ = "tablet"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "device"),
        sa.UniqueConstraint("session_id", "place", name="uq_tablet_place"),
    )
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    session_id: uuid.UUID = Field(foreign_key="session.id", index=True)
    device: uuid.UUID
    place: int = Field(description="counts from 1 in the session; its letter is kernel.sample_numbers.letters of it")
    last_count: int = Field(default=0, description="the last number that was leased to it")
    seen_at: datetime = utc_column()


class LeasedCode(Base, table=True):
    """A sample number with its ticket code, lent to a tablet and not used yet. Once used, the sample has both."""

    __tablename__ = "leased_code"
    __table_args__ = (sa.UniqueConstraint("tablet_id", "number"),)
    id: uuid.UUID = key_column()
    tablet_id: uuid.UUID = Field(foreign_key="tablet.id", index=True, ondelete="CASCADE")
    number: int
    ticket_hmac: str = Field(max_length=64, unique=True)
    leased_at: datetime = utc_column()
    expires_at: datetime = utc_column(index=True)
    voided_at: datetime | None = utc_column(nullable=True)


class OfflineRegistration(Base, table=True):
    """How a sample came that was registered without the server: by which tablet, when by its clock, and when it arrived."""

    __tablename__ = "offline_registration"
    sample_id: uuid.UUID = Field(foreign_key="sample.id", primary_key=True, ondelete="CASCADE")
    tablet_id: uuid.UUID = Field(foreign_key="tablet.id", index=True, ondelete="CASCADE")
    device_time: datetime = utc_column()
    offset_s: float = Field(description="what the tablet had measured: time of the server less its own")
    arrived_at: datetime = utc_column()
    after_close: bool = Field(description="it arrived when the session was closed, and was registered before")
    request_hash: str = Field(
        max_length=64, description="keyed hash of what was sent: the same again is answered again"
    )
