"""Shapes of standards and controls over HTTP."""

from __future__ import annotations

import uuid
from dataclasses import fields, replace
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.laboratory.standards.domain import ControlKind, NewReplicate, NewStandard
from app.laboratory.standards.service import StandardView
from app.laboratory.standards.tables import Control
from app.platform.web.fields import FreeText, Moment, Note200, Text40, Text60, Text80, Text140

InChIKey = Annotated[str, Field(max_length=27, pattern=r"^([A-Z]{14}-[A-Z]{10}-[A-Z])?$")]

Finite = Annotated[float | None, Field(allow_inf_nan=False)]


class EnrolIn(BaseModel):
    """A reading of a sample (of a run: one peak) that becomes a standard, or with `standard_id` another run of one.

    The reference material is a substance of the register, or a free name with its InChIKey where there is one.
    """

    model_config = ConfigDict(extra="forbid")

    substance: Text60 = ""
    name: Annotated[Text140, Field(max_length=120)] = ""
    inchikey: InChIKey = ""
    form: Text40 = Field("", description="Salt, base or polymorph, as the certificate says")
    lot: Text60 = ""
    supplier: Text80 = ""
    purity_percent: Finite = None
    expires_on: date | None = None
    reading_id: uuid.UUID
    peak: Annotated[int | None, Field(ge=1, le=200)] = None
    standard_id: uuid.UUID | None = None
    instrument: Annotated[Text140, Field(max_length=120)] | None = None
    measured_at: Moment | None = None
    retention_time_s: Finite = None
    retention_index: Finite = None

    def standard(self) -> NewStandard:
        """The reference material."""
        return NewStandard(
            self.name, self.inchikey, self.substance, self.lot, self.supplier, self.purity_percent, self.expires_on,
            self.form,
        )  # fmt: skip

    def run(self, said: NewReplicate) -> NewReplicate:
        """What is said here, else what the reading says of itself."""
        mine = {known.name: getattr(self, known.name) for known in fields(said)}
        return replace(said, **{name: value for name, value in mine.items() if value is not None})


class RetireIn(FreeText):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Note200


class ReplicateOut(BaseModel):
    """One run of a standard."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    peak: int | None
    reading_id: uuid.UUID | None
    file_name: str
    technique: str = Field(description="MS, IR or RAMAN")
    accurate: bool
    n_peaks: int
    instrument: str
    measured_at: datetime
    retention_time_s: float | None
    retention_index: float | None
    enrolled_at: datetime


class StandardOut(BaseModel):
    """A standard. `counts`: whether it is evidence now; expired and retired ones are not."""

    id: uuid.UUID
    name: str
    inchikey: str
    substance_id: str
    form: str
    lot: str
    supplier: str
    purity_percent: float | None
    expires_at: datetime | None
    created_at: datetime
    retired_at: datetime | None
    retired_reason: str
    version: int
    counts: bool
    state: str
    replicates: list[ReplicateOut]
    href: str

    @classmethod
    def of(cls, view: StandardView) -> StandardOut:
        """The JSON shape of what the service shows."""
        return cls(
            **view.row.model_dump(),
            counts=view.counts,
            state=view.state,
            replicates=view.replicates,
            href=f"/standards/{view.row.id}",
        )


class FromIncomingIn(BaseModel):
    """A file from an instrument, as it is in the list of incoming files, what control run it is and of which batch.

    A ladder says how many carbons its first peak has.
    """

    model_config = ConfigDict(extra="forbid")

    kind: ControlKind
    batch: Annotated[Text60, Field(max_length=40)]
    instrument: Text80 = ""
    measured_at: Moment | None = None
    first_carbon: int | None = None
    incoming_id: uuid.UUID


class ControlOut(BaseModel):
    """A control run. `message` is for the screen, `href` where to look."""

    id: uuid.UUID
    kind: ControlKind
    batch: str
    instrument: str
    file_name: str
    n_scans: int
    first_carbon: int | None
    details: dict[str, str | list[list[float]]]
    measured_at: datetime
    created_at: datetime
    withdrawn_at: datetime | None
    withdrawn_reason: str
    version: int
    message: str = ""
    href: str = "/standards/controls"

    @classmethod
    def of(cls, row: Control) -> ControlOut:
        """The JSON shape of a stored row."""
        said = "Kept. Runs of its batch are compared again." if row.withdrawn_at is None else "Withdrawn."
        return cls(**row.model_dump(), message=said)
