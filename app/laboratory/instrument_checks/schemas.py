"""Shapes of instruments, checks and tasks over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.laboratory.identification.domain import Method
from app.laboratory.instrument_checks import service
from app.laboratory.instrument_checks.domain import LEVEL_WORDS, Level
from app.laboratory.instrument_checks.tables import InstrumentCheck, InstrumentTask, InstrumentTransfer, WeighedMixture
from app.platform.web.fields import FreeText, Moment, Note200, Text40, Text60, Text80
from spectra.infrared.check import CheckState, Material


class InstrumentIn(BaseModel):
    """A machine to add."""

    model_config = ConfigDict(extra="forbid")
    name: Text80
    method: Method
    serial: Text60 = ""
    certificate_due: Moment | None = None


class CheckIn(BaseModel):
    """A reading of a known material that was measured as a sample is."""

    model_config = ConfigDict(extra="forbid")
    reading_id: uuid.UUID
    material: Text40
    measured_at: Moment | None = Field(None, description="The time of its analysis where left out")


class ReasonIn(FreeText):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: Note200


class DoneIn(FreeText):
    """What was done."""

    model_config = ConfigDict(extra="forbid")
    words: Note200


class MaterialOut(BaseModel):
    """What an instrument can be checked with. Positions in cm⁻¹."""

    key: str
    title: str
    bands: list[float]
    source: str
    note: str

    @classmethod
    def of(cls, row: Material) -> MaterialOut:
        """The JSON shape of a row of the data file."""
        return cls(key=row.key, title=row.title, bands=list(row.bands), source=row.source, note=row.note)


class CheckOut(BaseModel):
    """A check. `figures`: shift and spread of the bands, resolution (cm⁻¹), signal to noise, and each band."""

    id: uuid.UUID
    instrument_id: uuid.UUID
    material: str
    state: CheckState
    widening: Annotated[float, Field(description="Factor on printed limits of detection of that instrument that day")]
    figures: dict[str, Any]
    reasons: list[str]
    reading_id: uuid.UUID | None
    file_name: str
    measured_at: datetime
    withdrawn_at: datetime | None
    withdrawn_reason: str
    version: int

    @classmethod
    def of(cls, row: InstrumentCheck) -> CheckOut:
        """From its row."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


class TaskOut(BaseModel):
    """Something the bench has to do about an instrument."""

    id: uuid.UUID
    instrument_id: uuid.UUID
    check_id: uuid.UUID
    words: str
    opened_at: datetime
    closed_at: datetime | None
    closed_words: str
    version: int

    @classmethod
    def of(cls, row: InstrumentTask) -> TaskOut:
        """From its row."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


class InstrumentOut(BaseModel):
    """An instrument and how it stands now."""

    id: uuid.UUID
    name: str
    method: Method
    serial: str
    certificate_due: datetime | None
    level: Level
    level_words: str
    in_date: bool
    check: CheckOut | None
    task: TaskOut | None

    @classmethod
    def of(cls, view: service.InstrumentView) -> InstrumentOut:
        """From a view."""
        row = view.row
        return cls(
            id=row.id, name=row.name, method=row.method, serial=row.serial, certificate_due=row.certificate_due,
            level=view.level, level_words=LEVEL_WORDS[view.level], in_date=view.in_date,
            check=CheckOut.of(view.check) if view.check else None, task=TaskOut.of(view.task) if view.task else None,
        )  # fmt: skip


class TransferIn(BaseModel):
    """Which library is to be transferred, by its key or name."""

    model_config = ConfigDict(extra="forbid")
    library: Annotated[str, Field(max_length=200)]


class TransferOut(BaseModel):
    """A transfer of a library to an instrument. `figures`: misfit of powders left out of the fit, before and after."""

    id: uuid.UUID
    instrument_id: uuid.UUID
    library_key: str
    library_name: str
    number: int
    figures: dict[str, Any]
    pairs: list[dict[str, Any]]
    made_at: datetime
    retired_at: datetime | None
    retired_reason: str
    version: int

    @classmethod
    def of(cls, row: InstrumentTransfer) -> TransferOut:
        """From its row."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


Milligrams = Annotated[float, Field(allow_inf_nan=False, gt=0, lt=1e6)]


class MixtureIn(BaseModel):
    """A reading of two substances weighed together. `first` and `second`: register ids, or the keys of its parts."""

    model_config = ConfigDict(extra="forbid")
    reading_id: uuid.UUID
    first: Annotated[str, Field(max_length=160)]
    second: Annotated[str, Field(max_length=160)]
    first_mg: Milligrams
    second_mg: Milligrams
    balance_u_mg: Annotated[
        float, Field(ge=0, lt=1e6, allow_inf_nan=False, description="Standard uncertainty of one weighing")
    ] = 0.0

    def entered(self, instrument_id: uuid.UUID) -> service.NewMixture:
        """What was sent, in the form the service takes; the share comes from the reading."""
        return service.NewMixture(
            instrument_id, self.first, self.second, self.first_mg, self.second_mg, 0.0, 0.0, self.balance_u_mg,
            self.reading_id,
        )  # fmt: skip


class MixtureOut(BaseModel):
    """A weighed mixture. `share` is the first's part of the signal of the two."""

    id: uuid.UUID
    instrument_id: uuid.UUID
    reading_id: uuid.UUID | None
    first_compound: str
    first_name: str
    second_compound: str
    second_name: str
    first_mg: float
    second_mg: float
    balance_u_mg: float
    share: float
    share_u: float
    measured_at: datetime
    withdrawn_at: datetime | None
    withdrawn_reason: str
    version: int

    @classmethod
    def of(cls, row: WeighedMixture) -> MixtureOut:
        """From its row."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


class FactorOut(BaseModel):
    """How many times the signal per weight of `first` is that of `second`."""

    first: str
    first_name: str
    second: str
    second_name: str
    factor: float
    relative_u: Annotated[float, Field(description="Relative standard uncertainty")]
    mixtures: int


class ResponsesOut(BaseModel):
    """Response factors of an instrument, and the weighed mixtures they come from, oldest first."""

    factors: list[FactorOut]
    mixtures: list[MixtureOut]

    @classmethod
    def of(cls, found: service.Factors) -> ResponsesOut:
        """The JSON shape of an instrument's response factors."""
        names = found.names
        factors = [
            FactorOut(
                first=str(p.first), first_name=names[str(p.first)], second=str(p.second), second_name=names[str(p.second)],
                factor=p.factor, relative_u=p.relative_u, mixtures=p.mixtures,
            )
            for p in found.pairs
        ]  # fmt: skip
        return cls(factors=factors, mixtures=[MixtureOut.of(row) for row in found.mixtures])
