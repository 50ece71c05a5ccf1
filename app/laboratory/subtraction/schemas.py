"""What the API takes and gives of subtraction by hand."""

from __future__ import annotations

import uuid
from dataclasses import fields
from datetime import datetime
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, JsonValue

from app.laboratory.subtraction.domain import Asked, Hit, Tried, lobe_words
from app.laboratory.subtraction.plots import plot_of, plot_of_trial
from app.laboratory.subtraction.service import Work
from app.platform.web.fields import Text200
from spectra.infrared.subtraction import MOST_SHIFT

Factor = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Shift = Annotated[float, Field(ge=-MOST_SHIFT, le=MOST_SHIFT, allow_inf_nan=False, description="cm⁻¹")]


class StepIn(BaseModel):
    """A reference to take out. Without `factor` and `shift`: those that leave the least wiggle."""

    model_config = ConfigDict(extra="forbid")
    library: Text200 = Field(description="Key of the library, as a candidate names it")
    entry: Text200 = Field(description="Id of the entry in that library")
    factor: Factor | None = None
    shift: Shift | None = None

    def entered(self) -> Asked:
        """As the use case wants it."""
        return Asked(self.library, self.entry, self.factor, self.shift)


class StepOut(BaseModel):
    """One step; `undone_at` when it was taken back."""

    model_config = ConfigDict(from_attributes=True)
    number: int
    library: str = Field(validation_alias=AliasChoices("library", "library_key"))
    library_name: str
    entry: str = Field(validation_alias=AliasChoices("entry", "entry_id"))
    name: str
    compound: str
    factor: float
    optimum: float
    shift: float = Field(validation_alias=AliasChoices("shift", "shift_cm1"))
    lobe_depth: float
    made_at: datetime
    undone_at: datetime | None


class WorkOut(BaseModel):
    """A reading with its steps, the difference they leave, and what that resembles."""

    reading_id: uuid.UUID
    version: int
    steps: list[StepOut]
    broken: str
    hits: list[Hit]
    plot: dict[str, JsonValue]

    @classmethod
    def of(cls, work: Work) -> WorkOut:
        """The JSON shape of what the use case gave."""
        same = {name: getattr(work, name) for name in cls.model_fields if name != "plot"}
        return cls.model_validate(same | {"plot": plot_of(work)})


class LobeOut(BaseModel):
    """A negative lobe of the difference, cm⁻¹; `depth` as part of the band taken out there."""

    model_config = ConfigDict(from_attributes=True)
    low: float
    high: float
    depth: Annotated[float, AfterValidator(partial(round, ndigits=3))]


class TrialOut(BaseModel):
    """What one more step would do. Nothing is kept of it."""

    name: str
    library: str = Field(validation_alias=AliasChoices("library", "library_key"))
    entry: str = Field(validation_alias=AliasChoices("entry", "entry_id"))
    factor: float
    optimum: float
    shift: float
    wiggle_left: Annotated[float, AfterValidator(partial(round, ndigits=4))]
    lobes: list[LobeOut]
    warning: str
    plot: dict[str, JsonValue]

    @classmethod
    def of(cls, tried: Tried) -> TrialOut:
        """The JSON shape of what the use case gave."""
        same = {known.name: getattr(tried, known.name) for known in fields(tried)}
        return cls.model_validate(same | {"warning": lobe_words(tried.lobes, tried.name), "plot": plot_of_trial(tried)})
