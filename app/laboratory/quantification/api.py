"""JSON routes of quantification: calibration curves, and amounts read off them."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from app.laboratory.quantification import schemas, service
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.fields import Text60
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["quantification"])

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


@router.get("/quantification/curves")
def list_curves(
    who: Bench,
    rt: RuntimeDep,
    substance: Annotated[Text60, Query(description="Of this substance only")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[schemas.CurveOut]:
    """Calibration curves, newest first; superseded and expired ones too, marked."""
    with rt.read() as session:
        rows = service.curves_page(session, who, rt.now(), substance, decode_cursor(cursor), limit + 1)
    return cut(rows, limit, lambda row: row, lambda row: row.id)


@router.get("/quantification/curves/{curve_id}")
def show_curve(curve_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> schemas.CurveOut:
    """One curve with its fit."""
    with rt.read() as session:
        return service.curve_out(session, who, curve_id, rt.now())


@router.post("/quantification/curves", status_code=201, response_model=schemas.CurveOut)
def add_curve(body: schemas.CurveIn, who: Chemist, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Fit and keep a calibration curve. It is never changed; `supersedes` makes the next one of its series."""
    return creation.made(who, lambda uow: service.add_curve(uow, body, rt.pack.substances))


@router.post(
    "/quantification/curves/{curve_id}/quantify", status_code=201, response_model=schemas.QuantificationOut
)  # fmt: skip
def quantify(
    curve_id: uuid.UUID, body: schemas.QuantifyIn, who: Chemist, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """Read an analysis off a curve: an amount with its interval, basis, budget and limits, or the reason for none.

    It is kept with the sample as a proposal: nothing is said of the sample until a chemist puts it into a finding.
    """
    return creation.made(who, lambda uow: service.quantify(uow, curve_id, body, rt.pack.substances))


@router.get("/samples/{sample_id}/quantifications")
def list_quantifications(sample_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> list[schemas.QuantificationOut]:
    """What was read off curves for a sample, newest first."""
    with rt.read() as session:
        return service.quantifications_of(session, who, sample_id)
