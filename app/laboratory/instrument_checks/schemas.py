"""Shapes of instruments, checks and tasks over HTTP."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.laboratory.identification.domain import Method
from app.laboratory.instrument_checks import service
from app.laboratory.instrument_checks.domain import LEVEL_WORDS, Level
from app.laboratory.instrument_checks.responding import Factors
from app.platform.web.fields import FreeText, Moment, Note200, Text40, Text60, Text80
from spectra.infrared.check import CheckState


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


class Stored(BaseModel):
    """A shape made of a row, field by field: `CheckOut.model_validate(row)`."""

    model_config = ConfigDict(from_attributes=True)


class MaterialOut(Stored):
    """What an instrument can be checked with. Positions in cm⁻¹."""

    key: str
    title: str
    bands: list[float]
    source: str
    note: str


class CheckOut(Stored):
    """A check. `figures`: shift and spread of the bands, resolution (cm⁻¹), signal to noise, and each band."""

    id: uuid.UUID
    instrument_id: uuid.UUID
    material: str
    state: CheckState
    widening: Annotated[float, Field(description="Factor on printed limits of detection of that instrument that day")]
    figures: dict[str, JsonValue]
    reasons: list[str]
    reading_id: uuid.UUID | None
    file_name: str
    measured_at: datetime
    withdrawn_at: datetime | None
    withdrawn_reason: str
    version: int


class TaskOut(Stored):
    """Something the bench has to do about an instrument."""

    id: uuid.UUID
    instrument_id: uuid.UUID
    check_id: uuid.UUID
    words: str
    opened_at: datetime
    closed_at: datetime | None
    closed_words: str
    version: int


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
        return cls(
            **view.row.model_dump(),
            level=view.level,
            level_words=LEVEL_WORDS[view.level],
            in_date=view.in_date,
            check=view.check,
            task=view.task,
        )


class TransferIn(BaseModel):
    """Which library is to be transferred, by its key or name."""

    model_config = ConfigDict(extra="forbid")
    library: Annotated[str, Field(max_length=200)]


class TransferOut(Stored):
    """A transfer of a library to an instrument. `figures`: misfit of powders left out of the fit, before and after."""

    id: uuid.UUID
    instrument_id: uuid.UUID
    library_key: str
    library_name: str
    number: int
    figures: dict[str, str | float]
    pairs: list[dict[str, str | float | bool]]
    made_at: datetime
    retired_at: datetime | None
    retired_reason: str
    version: int


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


class MixtureOut(Stored):
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
    def of(cls, found: Factors) -> ResponsesOut:
        """The JSON shape of an instrument's response factors."""
        factors = [
            FactorOut(**asdict(p), first_name=found.names[str(p.first)], second_name=found.names[str(p.second)])
            for p in found.pairs
        ]
        return cls(factors=factors, mixtures=found.mixtures)
