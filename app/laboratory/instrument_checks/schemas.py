"""Shapes of instruments, checks and tasks over HTTP."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.laboratory.identification.domain import Method
from app.laboratory.instrument_checks import service
from app.laboratory.instrument_checks.domain import Level
from app.laboratory.instrument_checks.responding import Factors
from app.laboratory.instrument_checks.tables import CheckOut, MixtureOut, TaskOut
from app.platform.web.fields import FreeText, Moment, Note200, Text40, Text60, Text80


class InstrumentIn(BaseModel, extra="forbid"):
    """A machine to add."""

    name: Text80
    method: Method
    serial: Text60 = ""
    certificate_due: Moment | None = None


class CheckIn(BaseModel, extra="forbid"):
    """A reading of a known material that was measured as a sample is."""

    reading_id: uuid.UUID
    material: Text40
    measured_at: Moment | None = Field(None, description="The time of its analysis where left out")


class ReasonIn(FreeText, extra="forbid"):
    """Why."""

    reason: Note200


class DoneIn(FreeText, extra="forbid"):
    """What was done."""

    words: Note200


class MaterialOut(BaseModel, from_attributes=True):
    """What an instrument can be checked with. Positions in cm⁻¹."""

    key: str
    title: str
    bands: list[float]
    source: str
    note: str


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
        stands = {"level": view.level, "level_words": view.level.words, "in_date": view.in_date}
        return cls.model_validate({**view.row.model_dump(), **stands, "check": view.check, "task": view.task})


class TransferIn(BaseModel, extra="forbid"):
    """Which library is to be transferred, by its key or name."""

    library: Annotated[str, Field(max_length=200)]


Milligrams = Annotated[float, Field(allow_inf_nan=False, gt=0, lt=1e6)]


class MixtureIn(BaseModel, extra="forbid"):
    """A reading of two substances weighed together. `first` and `second`: register ids, or the keys of its parts."""

    reading_id: uuid.UUID
    first: Annotated[str, Field(max_length=160)]
    second: Annotated[str, Field(max_length=160)]
    first_mg: Milligrams
    second_mg: Milligrams
    balance_u_mg: Annotated[
        float, Field(ge=0, lt=1e6, allow_inf_nan=False, description="Standard uncertainty of one weighing")
    ] = 0.0


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
