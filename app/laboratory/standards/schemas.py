"""Shapes of standards and controls over HTTP."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.laboratory.standards.domain import ControlKind, NewControl, NewReplicate, NewStandard
from app.laboratory.standards.listing import StandardView
from app.laboratory.standards.tables import Control, StandardReplicate
from app.platform.web.fields import FreeText, Moment, Note200, Text40, Text60, Text80, Text140

InChIKey = Annotated[str, Field(max_length=27, pattern=r"^([A-Z]{14}-[A-Z]{10}-[A-Z])?$")]

Finite = Annotated[float | None, Field(allow_inf_nan=False)]


class StandardIn(BaseModel):
    """A reference material: a substance of the register, or a free name with its InChIKey where there is one."""

    model_config = ConfigDict(extra="forbid")

    substance: Text60 = ""
    name: Annotated[Text140, Field(max_length=120)] = ""
    inchikey: InChIKey = ""
    form: Text40 = Field("", description="Salt, base or polymorph, as the certificate says")
    lot: Text60 = ""
    supplier: Text80 = ""
    purity_percent: Finite = None
    expires_on: date | None = None

    def entered(self, name: str, inchikey: str) -> NewStandard:
        """What was sent, with the name and key that the register has."""
        return NewStandard(
            name, inchikey, self.substance, self.lot, self.supplier, self.purity_percent, self.expires_on, self.form
        )


class EnrolIn(StandardIn):
    """A reading of a sample (of a run: one peak) that becomes a standard, or with `standard_id` another run of one."""

    reading_id: uuid.UUID
    peak: Annotated[int | None, Field(ge=1, le=200)] = None
    standard_id: uuid.UUID | None = None
    instrument: Annotated[Text140, Field(max_length=120)] | None = None
    measured_at: Moment | None = None
    retention_time_s: Finite = None
    retention_index: Finite = None

    def run(self, said: NewReplicate) -> NewReplicate:
        """What is said here, else what the reading says of itself."""
        return NewReplicate(
            said.instrument if self.instrument is None else self.instrument,
            self.measured_at or said.measured_at,
            said.retention_time_s if self.retention_time_s is None else self.retention_time_s,
            said.retention_index if self.retention_index is None else self.retention_index,
        )


class RetireIn(FreeText):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Note200


class ReplicateOut(BaseModel):
    """One run of a standard."""

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

    @classmethod
    def of(cls, row: StandardReplicate) -> ReplicateOut:
        """The JSON shape of a stored row."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


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
        own = {"counts", "state", "replicates", "href"}
        return cls(
            **{name: getattr(view.row, name) for name in cls.model_fields if name not in own},
            counts=view.counts,
            state=view.state,
            replicates=[ReplicateOut.of(r) for r in view.replicates],
            href=f"/standards/{view.row.id}",
        )


class ControlIn(BaseModel):
    """What a control run is and which batch it belongs to. A ladder says how many carbons its first peak has."""

    model_config = ConfigDict(extra="forbid")

    kind: ControlKind
    batch: Annotated[Text60, Field(max_length=40)]
    instrument: Text80 = ""
    measured_at: Moment | None = None
    first_carbon: int | None = None

    def entered(self) -> NewControl:
        """What was typed, in the form the service takes."""
        return NewControl(self.kind, self.batch, self.instrument, self.measured_at, self.first_carbon)


class FromIncomingIn(ControlIn):
    """The same with a file from an instrument, as it is in the list of incoming files."""

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
    details: dict[str, Any]
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
        own = {"message", "href"}
        said = "Kept. Runs of its batch are compared again." if row.withdrawn_at is None else "Withdrawn."
        return cls(**{n: getattr(row, n) for n in cls.model_fields if n not in own}, message=said)
