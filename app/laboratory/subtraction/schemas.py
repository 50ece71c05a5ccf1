"""What the API takes and gives of subtraction by hand."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.laboratory.subtraction.domain import Asked, Hit, Tried, lobe_words
from app.laboratory.subtraction.plots import plot_of, plot_of_trial
from app.laboratory.subtraction.service import SubtractionStep, Work
from app.platform.web.fields import Text200
from spectra.infrared.subtraction import MOST_SHIFT, Lobe

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

    number: int
    library: str
    library_name: str
    entry: str
    name: str
    compound: str
    factor: float
    optimum: float
    shift: float
    lobe_depth: float
    made_at: datetime
    undone_at: datetime | None

    @classmethod
    def of(cls, row: SubtractionStep) -> StepOut:
        """The JSON shape of a stored row."""
        return cls(
            number=row.number, library=row.library_key, library_name=row.library_name, entry=row.entry_id, name=row.name,
            compound=row.compound, factor=row.factor, optimum=row.optimum, shift=row.shift_cm1, lobe_depth=row.lobe_depth,
            made_at=row.made_at, undone_at=row.undone_at,
        )  # fmt: skip


class HitOut(BaseModel):
    """What the difference resembles."""

    name: str
    compound: str
    substance_id: str
    library: str
    library_name: str
    entry: str
    score: float
    shift: float

    @classmethod
    def of(cls, hit: Hit) -> HitOut:
        """The JSON shape of what the use case gave."""
        return cls(
            name=hit.name, compound=hit.compound, substance_id=hit.substance_id, library=hit.library,
            library_name=hit.library_name, entry=hit.entry, score=round(hit.score, 4), shift=hit.shift,
        )  # fmt: skip


class WorkOut(BaseModel):
    """A reading with its steps and the difference they leave."""

    reading_id: uuid.UUID
    version: int
    steps: list[StepOut]
    broken: str
    hits: list[HitOut]
    plot: dict[str, Any]

    @classmethod
    def of(cls, work: Work) -> WorkOut:
        """The JSON shape of what the use case gave."""
        return cls(
            reading_id=work.reading_id, version=work.version, steps=[StepOut.of(row) for row in work.steps],
            broken=work.broken, hits=[HitOut.of(hit) for hit in work.hits], plot=plot_of(work),
        )  # fmt: skip


class LobeOut(BaseModel):
    """A negative lobe of the difference, cm⁻¹; `depth` as part of the band taken out there."""

    low: float
    high: float
    depth: float

    @classmethod
    def of(cls, lobe: Lobe) -> LobeOut:
        """From the science."""
        return cls(low=lobe.low, high=lobe.high, depth=round(lobe.depth, 3))


class TrialOut(BaseModel):
    """What one more step would do. Nothing is kept of it."""

    name: str
    library: str
    entry: str
    factor: float
    optimum: float
    shift: float
    wiggle_left: float
    lobes: list[LobeOut]
    warning: str
    plot: dict[str, Any]

    @classmethod
    def of(cls, tried: Tried) -> TrialOut:
        """The JSON shape of what the use case gave."""
        return cls(
            name=tried.name, library=tried.library_key, entry=tried.entry_id, factor=tried.factor, optimum=tried.optimum,
            shift=tried.shift, wiggle_left=round(tried.wiggle_left, 4), lobes=[LobeOut.of(one) for one in tried.lobes],
            warning=lobe_words(tried.lobes, tried.name), plot=plot_of_trial(tried),
        )  # fmt: skip
