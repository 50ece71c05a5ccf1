"""JSON routes of subtraction by hand: the steps of a reading, one more, undo; and what a step would do."""

from __future__ import annotations

import uuid
from dataclasses import fields
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, AliasChoices, BaseModel, Field, JsonValue

from app.laboratory.subtraction import service
from app.laboratory.subtraction.service import Hit, SubtractionRequest, Tried, Work, lobe_words
from app.laboratory.subtraction.tables import StepShown
from app.laboratory.subtraction.web import desk_of, plot_of, plot_of_trial
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.etags import tagged
from app.platform.web.fields import Text200
from app.runtime import ChangeDep, Runtime, RuntimeDep
from spectra.infrared.subtraction import MOST_SHIFT

router = APIRouter(prefix="/api/v1", tags=["readings"])

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


Factor = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Shift = Annotated[float, Field(ge=-MOST_SHIFT, le=MOST_SHIFT, allow_inf_nan=False, description="cm⁻¹")]


class StepIn(BaseModel, extra="forbid"):
    """A reference to take out. Without `factor` and `shift`: those at which the rest is smoothest."""

    library: Text200 = Field(description="Key of the library, as a candidate names it")
    entry: Text200 = Field(description="Id of the entry in that library")
    factor: Factor | None = None
    shift: Shift | None = None


class StepOut(StepShown):
    """One step; `undone_at` when it was taken back."""

    library: str = Field(validation_alias=AliasChoices("library", "library_key"))
    entry: str = Field(validation_alias=AliasChoices("entry", "entry_id"))
    shift: float = Field(validation_alias=AliasChoices("shift", "shift_cm1"))


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


class LobeOut(BaseModel, from_attributes=True):
    """A negative lobe of the difference, cm⁻¹; `depth` as part of the band taken out there."""

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


@router.get("/readings/{reading_id}/subtraction")
def show_subtraction(reading_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> WorkOut:
    """References taken out of a reading by hand, what is left, and what that resembles."""
    return _shown(rt, who, desk_of(rt, who), reading_id, response)


def _shown(rt: Runtime, who: Actor, desk: service.Desk, reading_id: uuid.UUID, response: Response) -> WorkOut:
    """The subtraction as it stands now, with a search of the difference; after a change it is searched when nobody has to wait for that."""
    with rt.read() as session:
        return tagged(response, WorkOut.of(service.work_on(session, who, desk, reading_id)))


@router.get("/readings/{reading_id}/subtraction/trial")
def try_subtraction(
    reading_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    library: Annotated[Text200, Query()],
    entry: Annotated[Text200, Query()],
    factor: Annotated[Factor | None, Query()] = None,
    shift: Annotated[Shift | None, Query()] = None,
) -> TrialOut:
    """What taking this reference out would leave, with the factor at which the rest is smoothest. Nothing is kept."""
    desk = desk_of(rt, who)
    with rt.read() as session:
        work = service.work_on(session, who, desk, reading_id, top=0)
        return TrialOut.of(service.try_out(session, who, desk, work, SubtractionRequest(library, entry, factor, shift)))


@router.post("/readings/{reading_id}/subtraction/steps", status_code=201)
def add_step(reading_id: uuid.UUID, body: StepIn, who: Chemist, rt: RuntimeDep, change: ChangeDep) -> WorkOut:
    """Take a reference out. The reading is not changed; the step is kept with its figures and its author."""
    desk = desk_of(rt, who)
    with rt.begin(who, change.request) as uow:
        service.add_step(uow, desk, reading_id, change.version, SubtractionRequest(**body.model_dump()))
    return _shown(rt, who, desk, reading_id, change.response)


@router.post("/readings/{reading_id}/subtraction/undo")
def undo_step(reading_id: uuid.UUID, who: Chemist, rt: RuntimeDep, change: ChangeDep) -> WorkOut:
    """Take the newest standing step back. It stays on record as undone."""
    desk = desk_of(rt, who)
    with rt.begin(who, change.request) as uow:
        service.undo(uow, desk, reading_id, change.version)
    return _shown(rt, who, desk, reading_id, change.response)
